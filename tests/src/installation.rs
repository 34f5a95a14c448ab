//! The real programs on a home of their own, with a tiny base model in its cache: what a person has after set-up, small enough
//! for a test. Everything that was started ends with it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};
use pc_base::{Places, env};
use pc_testkit::{Home, TinyModel};

/// The tiny base model's id.
pub const TINY: &str = "tiny-qwen3";

/// A home, a cache and the programs of this checkout.
pub struct Installation {
    pub home: Home,
}

impl Installation {
    /// An empty home and a cache that holds the tiny model.
    pub fn new() -> Self {
        let home = Home::new();
        TinyModel::load("qwen3").copy_to(&home.places.base_model(TINY));
        Self { home }
    }

    /// A program of this checkout, told to use this home and nothing else.
    pub fn program(&self, name: &str) -> Command {
        let path = programs().join(name);
        assert!(path.is_file(), "{} is not there; `cargo xtask test` builds it before the tests", path.display());
        let mut command = Command::new(path);
        self.use_by(&mut command);
        command
    }

    /// Tells a program, and all that it starts, to use this home and nothing else.
    pub fn use_by(&self, command: &mut Command) {
        let places = &self.home.places;
        command
            .env(env::HOME, &places.home)
            .env(env::CACHE, &places.cache)
            .env(env::KEY_FILE, &places.key_file)
            .env(env::KEYCHAIN, "file");
        // Set-up leaves the library in the user's cache; this one holds only the tiny model.
        let library = env::path(env::ONNXRUNTIME).or_else(|| Some(Places::from_env().ok()?.onnxruntime()));
        command.envs(library.map(|library| (env::ONNXRUNTIME, library)));
    }
}

impl Default for Installation {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        // The embedded cloud outlives who started it, so it is stopped by name; where none runs there is nothing to stop.
        let _ = self.program("partner").args(["cloud", "stop"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// Where cargo leaves the programs: beside the folder that the tests themselves run from.
pub fn programs() -> PathBuf {
    let test = std::env::current_exe().expect("a test is a program");
    test.ancestors().nth(2).expect("it lies in target/<profile>/deps").to_owned()
}

/// A folder below `target` for pictures that a person looks at.
pub fn pictures(of: &str) -> PathBuf {
    programs().parent().expect("target").join("screenshots").join(of)
}

/// The driver of the real window, which set-up compiles into the cache.
pub fn tauri_driver() -> Result<PathBuf> {
    let tools = Places::from_env()?.cache.join("tools");
    let installed =
        std::fs::read_dir(&tools).into_iter().flatten().flatten().map(|entry| entry.path().join("bin/tauri-driver"));
    let found = installed.filter(|path| path.is_file()).max();
    found.with_context(|| format!("there is no tauri-driver below {}; `cargo xtask test` compiles it", tools.display()))
}

/// A process that ends, with all that it started, when this goes out of scope.
pub struct Running(Child);

impl Running {
    /// Starts it as the leader of a group of its own.
    pub fn start(command: &mut Command) -> Self {
        use std::os::unix::process::CommandExt as _;
        let name = command.get_program().to_owned();
        Self(command.process_group(0).spawn().unwrap_or_else(|e| panic!("{}: {e}", Path::new(&name).display())))
    }

    /// Its standard output, which must have been piped.
    pub fn stdout(&mut self) -> std::process::ChildStdout {
        self.0.stdout.take().expect("its output is piped")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}
