//! Results of trainings between the open form that the engine needs and the sealed form that is kept.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use pc_store::cloud::Artifact;
use sha2::{Digest as _, Sha256};

use crate::state::{State, owner_of};
use pc_base::make_private;

impl State {
    /// Seals every file of a folder under an owner such as `JOB/step/N`. The rows are the caller's to keep.
    pub(crate) fn seal_folder(&self, workspace: &str, owner: &str, folder: &Path) -> anyhow::Result<Vec<Artifact>> {
        let key = self.key(workspace)?;
        let mut artifacts = Vec::new();
        for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !entry.file_type()?.is_file() || !is_adapter_file(&name) {
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
        anyhow::ensure!(!artifacts.is_empty(), "the training left no adapter");
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

/// PEFT's two files; optimiser state and the like is not part of a result.
fn is_adapter_file(name: &str) -> bool {
    matches!(name, "adapter_config.json" | "adapter_model.safetensors")
}

/// A new file that only this user can read.
pub(crate) fn private_file(path: &Path) -> anyhow::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).with_context(|| format!("writing {}", path.display()))
}
