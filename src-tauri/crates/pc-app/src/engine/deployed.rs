//! Models as ONNX folders: a deployed one is converted once and kept until undeployed, a base model at its first question.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use pc_base::{Cancel, Code, Places, Silent, coded, make_private};
use pc_exporter::{ExportJob, Quant, export};
use pc_model::{Adapter, ModelFolder};
use pc_runtime::Manifest;
use pc_server::DeploySpec;
use sha2::{Digest as _, Sha256};

use super::turns::Turns;

/// Of the quantised forms the one that answers as f32 does; the same that `partner chat` takes.
pub(super) const QUANT: Quant = Quant::Int8;

/// A deployed model's base, and its own weights where it has any.
#[derive(Clone)]
pub(super) struct Served {
    pub base_model: String,
    pub weights: Option<PathBuf>,
}

pub(super) struct Deployed {
    folder: PathBuf,
    served: Mutex<HashMap<String, Served>>,
}

impl Deployed {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, served: Mutex::default() }
    }

    /// What answers for a deployed model.
    pub fn find(&self, name: &str) -> Option<Served> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Converts, unless a conversion of the same weights is kept.
    pub fn deploy(&self, places: &Places, turns: &Turns, spec: &DeploySpec) -> Result<()> {
        let weights = match &spec.adapter {
            None => self.base(places, turns, &spec.base_model).map(|_| None)?,
            Some(adapter) => {
                let (adapter, dir) =
                    (Adapter::load(adapter)?, place(&self.folder.join("deployed"), &spec.deployed_model)?);
                turns.convert(|| convert(places, &spec.base_model, Some(&adapter), &dir))?;
                Some(dir)
            }
        };
        let served = Served { base_model: spec.base_model.clone(), weights };
        self.served.lock().unwrap_or_else(PoisonError::into_inner).insert(spec.deployed_model.clone(), served);
        Ok(())
    }

    /// A base model's own folder.
    pub fn base(&self, places: &Places, turns: &Turns, id: &str) -> Result<PathBuf> {
        let dir = place(&self.folder.join("base"), id)?;
        // One that is there is whole, so nobody has to wait for another conversion.
        if !dir.exists() {
            turns.convert(|| convert(places, id, None, &dir))?;
        }
        Ok(dir)
    }

    /// Destroys the kept weights. Renamed first, so that a half is never taken for a whole.
    pub fn undeploy(&self, name: &str) -> Result<()> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        let dir = place(&self.folder.join("deployed"), name)?;
        if !dir.exists() {
            return Ok(());
        }
        let doomed = self.folder.join(format!(".gone-{}", uuid::Uuid::now_v7()));
        std::fs::rename(&dir, &doomed).with_context(|| format!("removing {}", dir.display()))?;
        std::fs::remove_dir_all(&doomed).with_context(|| format!("removing {}", doomed.display()))
    }
}

/// A model's name is a folder's name, so it must not lead anywhere else.
fn place(folder: &Path, name: &str) -> Result<PathBuf> {
    let plain = Path::new(name).file_name().is_some_and(|file| file == name) && !name.starts_with('.');
    if !plain || name.contains(['/', '\\', ':']) {
        bail!(coded(Code::ModelUnknown).with("model", name));
    }
    Ok(folder.join(name))
}

/// Converts into a folder that appears whole or not at all; one of the same adapter in the present format stays.
fn convert(places: &Places, base: &str, adapter: Option<&Adapter>, dir: &Path) -> Result<()> {
    let source = places.base_model(base);
    if !source.is_dir() {
        bail!(coded(Code::ModelNotPrepared).with("model", base));
    }
    if dir.exists() {
        if is_of(dir, adapter)? {
            return Ok(());
        }
        std::fs::remove_dir_all(dir).with_context(|| format!("removing {}", dir.display()))?;
    }
    make_private(dir.parent().context("it lies in a folder")?)?;
    let source = ModelFolder::open(&source)?;
    export(&ExportJob { source: &source, adapter, dir: dir.to_owned(), quant: QUANT }, &Silent, &Cancel::default())?;
    Ok(())
}

fn is_of(dir: &Path, adapter: Option<&Adapter>) -> Result<bool> {
    let Ok(manifest) = Manifest::read(dir) else { return Ok(false) };
    let hash = adapter.map(|adapter| Ok::<_, anyhow::Error>(hex::encode(Sha256::digest(adapter.to_safetensors()?))));
    Ok(manifest.quant == QUANT.name() && manifest.adapter_sha256 == hash.transpose()?)
}
