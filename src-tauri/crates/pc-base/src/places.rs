//! Where things are kept: one home for what is the user's, one cache for what can be fetched again.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use directories::ProjectDirs;
use serde::{Deserialize, Serialize};

use crate::env;

/// The folders of one installation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Places {
    /// Everything the program keeps of the user's.
    pub home: PathBuf,
    /// Base models and the ONNX Runtime library, shared by all homes.
    pub cache: PathBuf,
    /// The master-key file, outside the home so that a copied home cannot be read.
    pub key_file: PathBuf,
}

impl Places {
    /// From the environment, else the platform's folders.
    pub fn from_env() -> anyhow::Result<Self> {
        let dirs =
            ProjectDirs::from("", "", "partner-console").context("this system has no home folder for the user")?;
        Ok(Self {
            home: env::path(env::HOME).unwrap_or_else(|| dirs.data_dir().to_owned()),
            cache: env::path(env::CACHE).unwrap_or_else(|| dirs.cache_dir().to_owned()),
            key_file: env::path(env::KEY_FILE).unwrap_or_else(|| dirs.config_dir().join("master.key")),
        })
    }

    /// All three below one folder: for tests and for an embedded cloud on a data folder of its own.
    pub fn below(root: &Path) -> Self {
        Self { home: root.join("home"), cache: root.join("cache"), key_file: root.join("master.key") }
    }

    /// Where a base model of the catalogue lies once fetched.
    pub fn base_model(&self, id: &str) -> PathBuf {
        self.cache.join("models").join(id)
    }

    /// Where the ONNX Runtime library lies once set up.
    pub fn onnxruntime(&self) -> PathBuf {
        let name = if cfg!(windows) {
            "onnxruntime.dll"
        } else if cfg!(target_os = "macos") {
            "libonnxruntime.dylib"
        } else {
            "libonnxruntime.so"
        };
        self.cache.join("onnxruntime").join(name)
    }
}
