//! Models as ONNX folders: a deployed one is converted once and kept until undeployed, a base model at its first question.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use pc_base::{Cancel, Code, Places, Silent, coded, make_private};
use pc_exporter::{ExportJob, Quant, export, hash_of_weights};
use pc_model::{Adapter, ModelFolder};
use pc_runtime::Manifest;
use pc_server::DeploySpec;
use sha2::{Digest as _, Sha256};

use super::is_whole;
use super::turns::Turns;

/// Of the quantised forms the one that answers as f32 does; the same that `partner chat` takes.
pub(super) const QUANT: Quant = Quant::Int8;

/// A deployed model's base, and its own weights where it has any.
#[derive(Clone)]
pub(super) struct Served {
    pub base_model: String,
    pub weights: Option<PathBuf>,
    /// The name of its session: another one at each deployment, so that a model that was deployed anew under an old name
    /// is never answered for by the old one.
    pub session: String,
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
        let weights = match &spec.weights {
            None => self.base(places, turns, &spec.base_model).map(|_| None)?,
            Some(result) => {
                let dir = place(&self.folder.join("deployed"), &spec.deployed_model)?;
                let source = if is_whole(result) {
                    Source { folder: result.clone(), adapter: None }
                } else {
                    Source { folder: places.base_model(&spec.base_model), adapter: Some(Adapter::load(result)?) }
                };
                turns.convert(|| convert(&spec.base_model, &source, &dir))?;
                Some(dir)
            }
        };
        let session = match &weights {
            Some(_) => format!("{}/{}", spec.deployed_model, uuid::Uuid::now_v7()),
            // What has no weights of its own shares its base model's session.
            None => spec.base_model.clone(),
        };
        let served = Served { base_model: spec.base_model.clone(), weights, session };
        self.served.lock().unwrap_or_else(PoisonError::into_inner).insert(spec.deployed_model.clone(), served);
        Ok(())
    }

    /// A base model's own folder.
    pub fn base(&self, places: &Places, turns: &Turns, id: &str) -> Result<PathBuf> {
        let dir = place(&self.folder.join("base"), id)?;
        // One that is there is whole, so nobody has to wait for another conversion.
        if !dir.exists() {
            let source = Source { folder: places.base_model(id), adapter: None };
            turns.convert(|| convert(id, &source, &dir))?;
        }
        Ok(dir)
    }

    /// Destroys what is kept of all others, and halves that a killed conversion left.
    pub fn retain(&self, names: &[String]) -> Result<()> {
        for (folder, known) in [("deployed", Some(names)), ("base", None)] {
            for entry in std::fs::read_dir(self.folder.join(folder)).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with('.') || known.is_some_and(|known| !known.contains(&name)) {
                    let path = entry.path();
                    std::fs::remove_dir_all(&path).with_context(|| format!("removing {}", path.display()))?;
                }
            }
        }
        Ok(())
    }

    /// Destroys the kept weights. Renamed first, so that a half is never taken for a whole.
    pub fn undeploy(&self, name: &str) -> Result<()> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        let dir = place(&self.folder.join("deployed"), name)?;
        if !dir.exists() {
            return Ok(());
        }
        let doomed = dir.with_file_name(format!(".gone-{}", uuid::Uuid::now_v7()));
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

/// What is converted.
struct Source {
    folder: PathBuf,
    adapter: Option<Adapter>,
}

/// Converts into a folder that appears whole or not at all; one of the same weights in the present format stays.
fn convert(base: &str, source: &Source, dir: &Path) -> Result<()> {
    if !source.folder.is_dir() {
        bail!(coded(Code::ModelNotPrepared).with("model", base));
    }
    if dir.exists() {
        if is_of(dir, source)? {
            return Ok(());
        }
        std::fs::remove_dir_all(dir).with_context(|| format!("removing {}", dir.display()))?;
    }
    make_private(dir.parent().context("it lies in a folder")?)?;
    let folder = ModelFolder::open(&source.folder)?;
    let (adapter, dir) = (source.adapter.as_ref(), dir.to_owned());
    export(&ExportJob { source: &folder, adapter, dir, quant: QUANT }, &Silent, &Cancel::default())?;
    Ok(())
}

fn is_of(dir: &Path, source: &Source) -> Result<bool> {
    let Ok(manifest) = Manifest::read(dir) else { return Ok(false) };
    let hash = |adapter: &Adapter| Ok::<_, anyhow::Error>(hex::encode(Sha256::digest(adapter.to_safetensors()?)));
    let same = match &source.adapter {
        Some(adapter) => manifest.adapter_sha256 == Some(hash(adapter)?),
        None => {
            manifest.adapter_sha256.is_none()
                && manifest.source_sha256 == hash_of_weights(&source.folder, &Cancel::default())?
        }
    };
    Ok(same && manifest.quant == QUANT.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_testkit::{Home, TinyModel};

    fn spec(model: &TinyModel) -> DeploySpec {
        DeploySpec { deployed_model: "mine".into(), base_model: "tiny".into(), weights: Some(model.adapter()) }
    }

    #[test]
    fn weights_are_converted_once_kept_over_a_restart_and_gone_with_the_deployment() {
        let (home, model) = (Home::new(), TinyModel::load("qwen3"));
        model.copy_to(&home.places.base_model("tiny"));
        let (folder, turns) = (home.root().join("onnx"), Turns::default());
        let deployed = Deployed::new(folder.clone());
        deployed.deploy(&home.places, &turns, &spec(&model)).unwrap();
        let dir = deployed.find("mine").unwrap().weights.unwrap();
        let made = dir.join("model.onnx").metadata().unwrap().modified().unwrap();

        let next = Deployed::new(folder.clone());
        home.file("onnx/deployed/.partial-1/model.onnx", "half");
        home.file("onnx/deployed/orphan/model.onnx", "whose deployment was deleted as the program ended");
        next.retain(&["mine".to_owned()]).unwrap();
        assert_eq!(folder.join("deployed").read_dir().unwrap().count(), 1, "only what is deployed stays");
        next.deploy(&home.places, &turns, &spec(&model)).unwrap();
        assert_eq!(dir.join("model.onnx").metadata().unwrap().modified().unwrap(), made, "it is not converted again");
        assert_ne!(next.find("mine").unwrap().session, deployed.find("mine").unwrap().session);

        next.undeploy("mine").unwrap();
        assert!(next.find("mine").is_none() && folder.join("deployed").read_dir().unwrap().next().is_none());
        next.undeploy("mine").unwrap();
    }

    #[test]
    fn a_name_leads_nowhere_else_and_a_base_that_is_not_here_is_named() {
        let home = Home::new();
        let deployed = Deployed::new(home.root().join("onnx"));
        for name in ["../up", "a/b", "a\\b", "..", ""] {
            assert!(deployed.undeploy(name).is_err(), "{name:?}");
        }
        let error = deployed.base(&home.places, &Turns::default(), "absent").unwrap_err();
        assert_eq!(error.downcast_ref::<pc_base::Coded>().unwrap().code, Code::ModelNotPrepared);
    }
}
