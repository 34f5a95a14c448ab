//! The ONNX folder: written beside its target, hashed, then renamed, so that nobody sees half of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, CodedExt as _, Progress, Reporter, Unit, coded};
use pc_model::ModelFolder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::data_file::DataFile;
use crate::decoder::Decoder;
use crate::graph::Graph;
use crate::{DATA_FILE, ExportJob, MAX_CONTEXT, MODEL_FILE, Quant};

/// `partner.json`: what the folder was made of, and the hash of every other file in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the folder's layout; 1.
    pub format: u32,
    pub quant: Quant,
    /// Name of the base model's folder.
    pub base_model: String,
    pub adapter_sha256: Option<String>,
    /// Of the base model's weights.
    pub source_sha256: String,
    /// Positions that the model can hold.
    pub context_length: usize,
    /// Bytes of weights that one new token reads, which bounds the speed.
    pub bytes_per_token: u64,
    /// SHA-256 in hex by file name.
    pub files: BTreeMap<String, String>,
}

/// What an export made.
#[derive(Clone, Debug, Serialize)]
pub struct Exported {
    pub dir: PathBuf,
    pub bytes: u64,
    pub manifest: Manifest,
}

pub(crate) fn export(job: &ExportJob<'_>, reporter: &dyn Reporter, cancel: &Cancel) -> Result<Exported> {
    refuse_full(&job.dir)?;
    let parent = job.dir.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
    let partial = tempfile::Builder::new().prefix(".partial-").tempdir_in(parent).context("making a folder")?;
    let mut files = Files { dir: partial.path(), bytes: 0, hashes: BTreeMap::new() };
    let context_length = job.source.config.max_position.min(MAX_CONTEXT);
    let bytes_per_token = write_model(job, &mut files, context_length, (reporter, cancel))?;
    write_companions(job.source, &mut files)?;
    let manifest = Manifest {
        format: 1,
        quant: job.quant,
        base_model: job.source.dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        adapter_sha256: job.adapter.map(|a| Ok::<_, anyhow::Error>(sha256(&a.to_safetensors()?))).transpose()?,
        source_sha256: hash_of_weights(&job.source.dir, cancel)?,
        context_length,
        bytes_per_token,
        files: files.hashes.clone(),
    };
    files.write("partner.json", &serde_json::to_vec_pretty(&manifest)?)?;
    let bytes = files.bytes;
    cancel.check()?;
    if job.dir.exists() {
        // Only an empty folder can be removed, so nothing of the user's is lost.
        std::fs::remove_dir(&job.dir).code(|| not_empty(&job.dir))?;
    }
    let finished = partial.keep();
    if let Err(error) = std::fs::rename(&finished, &job.dir) {
        let _ = std::fs::remove_dir_all(&finished);
        return Err(error).with_context(|| format!("renaming to {}", job.dir.display()));
    }
    let total = job.source.config.num_layers as u64 + 1;
    reporter.report(Progress { stage: "convert".to_owned(), done: total, total: Some(total), unit: Unit::Steps });
    Ok(Exported { dir: job.dir.clone(), bytes, manifest })
}

fn write_model(
    job: &ExportJob<'_>,
    files: &mut Files<'_>,
    context: usize,
    (reporter, cancel): (&dyn Reporter, &Cancel),
) -> Result<u64> {
    let weights = job.source.weights()?;
    let weights = match job.adapter {
        Some(adapter) => weights.with_adapter(adapter.clone())?,
        None => weights,
    };
    let graph = Graph::new(DataFile::create(&files.dir.join(DATA_FILE))?);
    let (config, recipe) = (&job.source.config, job.quant.recipe());
    let decoder = Decoder { graph, config, weights: &weights, recipe, context, reporter, cancel };
    let (graph, bytes_per_token) = decoder.build()?;
    let (model, size, hash) = graph.finish()?;
    files.bytes += size;
    files.hashes.insert(DATA_FILE.to_owned(), hash);
    files.write(MODEL_FILE, &model)?;
    Ok(bytes_per_token)
}

/// Everything but the model: what the runtime, and others who load the folder, read beside it.
fn write_companions(source: &ModelFolder, files: &mut Files<'_>) -> Result<()> {
    source.companions()?.iter().try_for_each(|(name, bytes)| files.write(name, bytes))
}

/// The folder while it is filled.
struct Files<'a> {
    dir: &'a Path,
    bytes: u64,
    hashes: BTreeMap<String, String>,
}

impl Files<'_> {
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut file = File::create(self.dir.join(name)).with_context(|| format!("creating {name}"))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).with_context(|| format!("writing {name}"))?;
        self.bytes += bytes.len() as u64;
        self.hashes.insert(name.to_owned(), sha256(bytes));
        Ok(())
    }
}

fn not_empty(dir: &Path) -> pc_base::Coded {
    coded(Code::InputInvalid).with("what", dir.display()).with("why", "the folder is not empty")
}

fn refuse_full(dir: &Path) -> Result<()> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(not_empty(dir).into()),
            None => Ok(()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).code(|| coded(Code::FileUnreadable).with("path", dir.display())),
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The hash of a folder's one weights file; of several, the hash of their hashes in the order of their names.
pub fn hash_of_weights(dir: &Path, cancel: &Cancel) -> Result<String> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "safetensors" || ending == "gguf"));
    paths.sort();
    let mut hashes = Vec::new();
    for path in &paths {
        let mut file = File::open(path).code(|| coded(Code::FileUnreadable).with("path", path.display()))?;
        let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
        loop {
            cancel.check()?;
            match file.read(&mut buffer)? {
                0 => break,
                count => hash.update(&buffer[..count]),
            }
        }
        hashes.push(hex::encode(hash.finalize()));
    }
    Ok(if let [one] = hashes.as_slice() { one.clone() } else { sha256(hashes.concat().as_bytes()) })
}
