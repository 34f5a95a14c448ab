//! Results of trainings between the open form that the engine needs and the sealed form that is kept.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use pc_store::cloud::{Artifact, TunedModel};
use sha2::{Digest as _, Sha256};

use crate::engine::TrainingType;
use crate::state::{State, owner_of};
use pc_base::make_private;

/// The weights of a whole model; a result without them is an adapter.
const WHOLE: &str = "model.safetensors";

impl State {
    /// Whether a result is a whole model, and not an adapter.
    pub(crate) fn is_whole(&self, owner: &str) -> anyhow::Result<bool> {
        Ok(self.store.read(|tx| tx.artifacts(owner))?.iter().any(|artifact| artifact.name == WHOLE))
    }

    /// Whether a result can share its base model with others, which is charged by the token.
    pub(crate) fn is_lora(&self, model: &TunedModel) -> anyhow::Result<bool> {
        let made = self.store.read(|tx| tx.job(&model.workspace_id, &model.job_id))?;
        let by_type = made.is_some_and(|job| job.training_type == TrainingType::EfficientSft.name());
        Ok(by_type && !self.is_whole(&model.weights)?)
    }

    /// Seals every file of a folder under an owner such as `JOB/step/N`. The rows are the caller's to keep.
    pub(crate) fn seal_folder(&self, workspace: &str, owner: &str, folder: &Path) -> anyhow::Result<Vec<Artifact>> {
        let key = self.key(workspace)?;
        let mut artifacts = Vec::new();
        for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !entry.file_type()?.is_file() || !is_result_file(&name) {
                continue;
            }
            let mut blob = self.blobs.create(&key, &owner_of(workspace))?;
            let (mut file, mut digest, mut bytes) = (File::open(entry.path())?, Sha256::new(), 0);
            let mut buffer = vec![0; 1 << 18];
            loop {
                let read = file.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                digest.update(&buffer[..read]);
                blob.write_all(&buffer[..read])?;
                bytes += read as u64;
            }
            let (owner, sha256) = (owner.to_owned(), hex::encode(digest.finalize()));
            artifacts.push(Artifact { owner, name, bytes, sha256, blob: blob.commit()? });
        }
        anyhow::ensure!(!artifacts.is_empty(), "the training left no weights");
        Ok(artifacts)
    }

    /// Opens a result into a folder that only this user can look into. The caller removes it.
    pub(crate) fn open_folder(&self, workspace: &str, owner: &str, folder: &Path) -> anyhow::Result<()> {
        make_private(folder)?;
        let key = self.key(workspace)?;
        for artifact in self.store.read(|tx| tx.artifacts(owner))? {
            let mut blob = self.blobs.read(&artifact.blob, &key, &owner_of(workspace))?;
            std::io::copy(&mut blob, &mut private_file(&folder.join(&artifact.name))?)?;
        }
        Ok(())
    }
}

/// PEFT's two files, or those of a Hugging Face folder; optimiser state and the like is not part of a result.
fn is_result_file(name: &str) -> bool {
    matches!(
        name,
        "adapter_config.json"
            | "adapter_model.safetensors"
            | WHOLE
            | "config.json"
            | "generation_config.json"
            | "tokenizer.json"
            | "tokenizer_config.json"
    )
}

/// A new file that only this user can read.
pub(crate) fn private_file(path: &Path) -> anyhow::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).with_context(|| format!("writing {}", path.display()))
}
