//! The ONNX Runtime library: loaded once a process, and its errors as ours.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Result, anyhow};
use ort::environment::Environment;
use pc_base::{Code, CodedExt as _, Places, coded, env};

static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

/// Loads the library at `path`. Once it is loaded, further calls do nothing.
pub fn init(path: &Path) -> Result<()> {
    let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    if ENVIRONMENT.get().is_some() {
        return Ok(());
    }
    if !path.is_file() {
        return Err(anyhow!("{} is not there", path.display()).context(coded(Code::RuntimeMissing)));
    }
    let builder = ort::init_from(path).map_err(|e| anyhow!("{e}")).code(|| coded(Code::RuntimeMissing))?;
    let environment = builder.with_name("partner-console").with_telemetry(false).build().map_err(runtime_error)?;
    environment.set_log_level(ort::logging::LogLevel::Error);
    let _ = ENVIRONMENT.set(environment);
    Ok(())
}

/// Loads the library that `PARTNER_ONNXRUNTIME` names, else the one that was installed with the program, else the one
/// in the cache.
pub fn init_default() -> Result<()> {
    if let Some(path) = env::path(env::ONNXRUNTIME) {
        return init(&path);
    }
    let in_cache = Places::from_env()?.onnxruntime();
    match std::env::current_exe().ok().and_then(|program| installed_with(&program, &in_cache)) {
        Some(path) => init(&path),
        None => init(&in_cache),
    }
}

/// A bundle keeps the library beside the program (Windows), in `lib/partner-console` (Linux) or in `Resources` (macOS).
fn installed_with(program: &Path, in_cache: &Path) -> Option<PathBuf> {
    let (folder, name) = (program.parent()?, in_cache.file_name()?);
    let folders = [folder.to_owned(), folder.join("../lib/partner-console"), folder.join("../Resources")];
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The loaded library.
pub(crate) fn environment() -> Result<&'static Environment> {
    ENVIRONMENT.get().ok_or_else(|| coded(Code::RuntimeMissing).into())
}

/// The library's error without what it could give back.
pub(crate) fn runtime_error<R>(error: ort::Error<R>) -> anyhow::Error {
    anyhow!("ONNX Runtime: {}", error.message())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundled_library_is_found_where_each_platform_keeps_it() {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("bin").join("partner-console");
        let in_cache = Path::new("cache/onnxruntime/libonnxruntime.so");
        assert_eq!(installed_with(&program, in_cache), None, "nothing was installed with it");
        for folder in ["Resources", "lib/partner-console", "bin"] {
            let file = root.path().join(folder).join("libonnxruntime.so");
            for folder in [root.path().join("bin"), root.path().join(folder)] {
                std::fs::create_dir_all(folder).unwrap();
            }
            std::fs::File::create(&file).unwrap();
            let found = installed_with(&program, in_cache).expect("it lies there");
            assert_eq!(
                found.canonicalize().unwrap(),
                file.canonicalize().unwrap(),
                "{folder} goes before those tried so far"
            );
        }
    }
}
