//! The ONNX Runtime library: loaded once a process, and its errors as ours.

use std::path::Path;
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

/// Loads the library that `PARTNER_ONNXRUNTIME` names, else the one in the cache.
pub fn init_default() -> Result<()> {
    match env::path(env::ONNXRUNTIME) {
        Some(path) => init(&path),
        None => init(&Places::from_env()?.onnxruntime()),
    }
}

/// The loaded library.
pub(crate) fn environment() -> Result<&'static Environment> {
    ENVIRONMENT.get().ok_or_else(|| coded(Code::RuntimeMissing).into())
}

/// The library's error without what it could give back.
pub(crate) fn runtime_error<R>(error: ort::Error<R>) -> anyhow::Error {
    anyhow!("ONNX Runtime: {}", error.message())
}
