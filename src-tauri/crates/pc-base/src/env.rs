//! Every environment variable that the program reads, by name. Nothing else reads the environment.

#![expect(clippy::disallowed_methods, reason = "this is the one place")]

use std::path::PathBuf;

/// Where the program keeps what is its own; default: the platform's data folder.
pub const HOME: &str = "PARTNER_HOME";
/// Where base models and the ONNX Runtime library are kept; default: the platform's cache folder.
pub const CACHE: &str = "PARTNER_CACHE";
/// Path of the ONNX Runtime library; default: beside the program, then in the cache.
pub const ONNXRUNTIME: &str = "PARTNER_ONNXRUNTIME";
/// `platform`, `file` or `memory`: overrides where the master key is kept.
pub const KEYCHAIN: &str = "PARTNER_KEYCHAIN";
/// Path of the master-key file; default: the platform's configuration folder.
pub const KEY_FILE: &str = "PARTNER_KEY_FILE";
/// Processor threads for heavy work; default: all.
pub const THREADS: &str = "PARTNER_THREADS";
/// Root address of a mirror of ModelScope; default: the hub itself.
pub const MODELSCOPE: &str = "PARTNER_MODELSCOPE";
/// Root address of a mirror of Hugging Face; default: the hub itself.
pub const HUGGINGFACE: &str = "PARTNER_HUGGINGFACE";
/// How many rounds the kill test runs; default: ten.
pub const TORTURE_ROUNDS: &str = "PARTNER_TORTURE_ROUNDS";
/// Folders of programs, as the system keeps them.
pub const PROGRAMS: &str = "PATH";

/// The variable's text; nothing when it is unset, empty or not Unicode.
pub fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The variable as a path; nothing when it is unset or empty.
pub fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
