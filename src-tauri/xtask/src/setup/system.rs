//! System packages. On Debian and its kin they are installed; elsewhere the reader is told what to install.

use anyhow::{Context as _, Result, bail};

use super::Extent;
use crate::run::{cache, command, exists, output, run, say};

const TO_BUILD: &[&str] = &[
    "build-essential",
    "pkg-config",
    "libwebkit2gtk-4.1-dev",
    "librsvg2-dev",
    "libxdo-dev",
    "libayatana-appindicator3-dev",
];
const TO_TEST: &[&str] = &[
    "xvfb",
    "dbus-x11",
    "gnome-keyring",
    "webkit2gtk-driver",
    "fonts-noto-cjk",
    "chromium",
    "chromium-driver",
    "iproute2",
];

/// The driver of the real window, for tests. Version 2 goes with Tauri 2.
const WINDOW_DRIVER: &str = "2.1.0";

/// Installs what is missing.
pub fn packages(extent: Extent) -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("{}", elsewhere());
        return Ok(());
    }
    if !is_debian() {
        println!("This is not a Debian system, so nothing was installed for you. {}", elsewhere());
        return Ok(());
    }
    let wanted = TO_BUILD.iter().chain(if extent == Extent::Tests { TO_TEST } else { &[] });
    let missing: Vec<&str> = wanted.copied().filter(|name| !installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("Installing system packages: {}", missing.join(" ")));
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], missing.as_slice()].concat())
}

fn apt(args: &[&str]) -> Result<()> {
    let is_root = output(&mut command("id", &["-u"]))?.trim() == "0";
    let mut apt = if is_root { command("apt-get", args) } else { command("sudo", &[&["apt-get"], args].concat()) };
    run(
        apt.env("DEBIAN_FRONTEND", "noninteractive"),
        "Root or sudo is needed to install packages; is the network there?",
    )
}

fn is_debian() -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    release.lines().any(|line| (line.starts_with("ID=") || line.starts_with("ID_LIKE=")) && line.contains("debian"))
}

fn installed(package: &str) -> bool {
    let mut query = command("dpkg-query", &["-W", "-f=${Status}", package]);
    query.stderr(std::process::Stdio::null());
    query.output().is_ok_and(|answer| answer.stdout.ends_with(b"ok installed"))
}

fn elsewhere() -> &'static str {
    if cfg!(windows) {
        "Install these yourself: Microsoft C++ Build Tools, the WebView2 runtime, Node.js 20.19 or newer, Python 3 with pip."
    } else if cfg!(target_os = "macos") {
        "Install these yourself: the Xcode command line tools, Node.js 20.19 or newer, Python 3 with pip."
    } else {
        "Install your system's packages of: a C compiler, pkg-config, WebKitGTK 4.1, librsvg, libxdo and Ayatana \
         AppIndicator (with headers), Node.js 20.19 or newer, Python 3 with pip."
    }
}

/// Where `tauri-driver` lies once installed.
pub fn window_driver_path() -> Result<std::path::PathBuf> {
    Ok(cache()?.join("tools").join("bin").join(if cfg!(windows) { "tauri-driver.exe" } else { "tauri-driver" }))
}

/// The WebDriver server for the real window.
pub fn window_driver() -> Result<()> {
    let path = window_driver_path()?;
    if path.is_file() {
        return Ok(());
    }
    if !exists("cargo") {
        bail!("cargo is not on the PATH");
    }
    say("Building tauri-driver, which drives the real window in tests");
    let tools = path.ancestors().nth(2).context("the driver lies below tools/bin")?.to_string_lossy().into_owned();
    run(
        &mut command("cargo", &["install", "--locked", "--version", WINDOW_DRIVER, "--root", &tools, "tauri-driver"]),
        "Is the network there?",
    )
}
