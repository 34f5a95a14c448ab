//! Models on this machine: base models in the cache, imported ones in the home, and what can be done with their files.
//! Deliberately absent: running them, which is `chat`.

use std::collections::{BTreeMap, HashSet};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, CodedExt as _, Places, Progress, Reporter, Unit, coded, write_atomic};
use pc_exporter::{ExportJob, Exported, Quant, export};
use pc_model::{Adapter, Catalog, ModelFolder, RenderOptions};
use pc_protocol::WeightsManifest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::api::{ModelFormat, ModelRow};
use crate::cases::size;

/// Files that make a Hugging Face model; whatever else lies in its folder is not copied.
const KEPT: &[&str] = &[
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "model.safetensors.index.json",
];

const RECORD: &str = "model.json";

/// A model that was found by its name.
pub struct Opened {
    pub folder: ModelFolder,
    pub adapter: Option<Adapter>,
}

/// Where a model of the home came from: `model.json` in its folder, which is all that is remembered about it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The base model that it was made from; an adapter cannot be used without it.
    pub base_model: Option<String>,
    /// The job that made it.
    pub job_id: Option<String>,
    /// Hex, of the adapter or else of the weights.
    pub sha256: Option<String>,
}

impl Record {
    fn read(folder: &Path) -> Self {
        // A folder without a readable record is still a model; only its origin is not known.
        let text = std::fs::read(folder.join(RECORD)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        write_atomic(&folder.join(RECORD), &serde_json::to_vec_pretty(self)?)
    }
}

/// A conversation as the model reads it.
pub struct Rendered {
    pub text: String,
    pub ids: Vec<u32>,
}

fn imported(places: &Places, model: &str) -> PathBuf {
    places.home.join("models").join(model)
}

/// A name is also a folder's name, so it keeps to letters, digits and `.-_` and cannot lead anywhere else.
fn plain_name(name: &str) -> Result<&str> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)) && !name.starts_with('.');
    if plain && (1..=120).contains(&name.len()) {
        return Ok(name);
    }
    let why = "only letters, digits, '.', '-' and '_' are allowed, 120 at most";
    Err(coded(Code::InputInvalid).with("what", format!("the model name {name:?}")).with("why", why).into())
}

/// Opens a model of the home or a base model of the cache.
pub fn open(places: &Places, model: &str) -> Result<Opened> {
    let name = plain_name(model)?;
    let home = imported(places, name);
    let adapter = || Adapter::load(&home.join("adapter"));
    if home.join("source").is_dir() {
        let adapter = if home.join("adapter").is_dir() { Some(adapter()?) } else { None };
        return Ok(Opened { folder: ModelFolder::open(&home.join("source"))?, adapter });
    }
    if let Some(base) = Record::read(&home).base_model {
        return Ok(Opened { folder: open_base(places, &base)?, adapter: Some(adapter()?) });
    }
    Ok(Opened { folder: open_base(places, name)?, adapter: None })
}

fn open_base(places: &Places, model: &str) -> Result<ModelFolder> {
    let base = places.base_model(plain_name(model)?);
    if base.is_dir() {
        return ModelFolder::open(&base);
    }
    let known = Catalog::bundled().row(model).is_some();
    Err(coded(if known { Code::ModelNotPrepared } else { Code::ModelUnknown }).with("model", model).into())
}

/// What becomes what.
pub struct Import<'a> {
    /// A Hugging Face folder or a GGUF file.
    pub from: &'a Path,
    /// A PEFT adapter to go with it.
    pub adapter: Option<&'a Path>,
    pub name: Option<&'a str>,
    /// Into the cache, where the embedded cloud finds its base models, and not into the home.
    pub as_base: bool,
}

/// Copies a model to where it is used. Returns its name.
///
/// Everything is opened and compared before it is kept: a model that cannot be used is refused now, not at first use.
pub fn import(places: &Places, wanted: &Import<'_>, reporter: &dyn Reporter, cancel: &Cancel) -> Result<String> {
    let Import { from, adapter, name, as_base } = *wanted;
    if as_base && adapter.is_some() {
        let why = "a base model is taken in without one";
        return Err(coded(Code::InputInvalid).with("what", "adapter").with("why", why).into());
    }
    let folder = ModelFolder::open(from)?;
    let weights = folder.weights()?;
    folder.tokenizer()?;
    if let Some(path) = adapter {
        weights.with_adapter(Adapter::load(path)?)?;
    }
    let stem = from.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let wanted = plain_name(name.unwrap_or(&stem))?;
    let name = free_name(places, wanted);
    let (target, work) = if as_base {
        // The dot keeps half a folder from being taken for a base model.
        (places.base_model(&name), places.base_model(&format!(".importing-{}", uuid::Uuid::now_v7())))
    } else {
        (imported(places, &name), being_made(places))
    };
    let taken = if as_base {
        Copy { done: 0, reporter, cancel }.model(from, &work).map(drop)
    } else {
        take_in(from, adapter, &work, reporter, cancel)
    };
    let kept = taken.and_then(|()| std::fs::rename(&work, &target).with_context(|| format!("keeping {name}")));
    if let Err(error) = kept {
        // The half that was copied is of no use; should it stay, it is only space.
        let _ = std::fs::remove_dir_all(&work);
        return Err(error);
    }
    Ok(name)
}

/// A folder of the home for a model that is not whole yet; it is never listed.
pub(crate) fn being_made(places: &Places) -> PathBuf {
    imported(places, &format!("importing-{}", uuid::Uuid::now_v7()))
}

/// The part of a model's folder into which a result's files go: whole models have weights of their own.
pub(crate) fn part_for(manifest: &WeightsManifest) -> &'static str {
    if manifest.files.iter().any(|file| file.name == "model.safetensors") { "source" } else { "adapter" }
}

/// The folder into which a job's result is fetched; the same each time, so that a cut download goes on.
pub(crate) fn being_pulled(places: &Places, job_id: &str) -> Result<PathBuf> {
    Ok(imported(places, &format!("importing-{}", plain_name(job_id)?)))
}

/// Makes a model of a fetched result. An adapter must fit the base model where that is on this machine.
pub(crate) fn keep_pulled(places: &Places, work: &Path, record: &Record, model: &str) -> Result<String> {
    let name = plain_name(model)?;
    let whole = work.join("source");
    if whole.is_dir() {
        let folder = ModelFolder::open(&whole)?;
        folder.weights()?;
        folder.tokenizer()?;
    } else {
        let adapter = Adapter::load(&work.join("adapter"))?;
        let base = record.base_model.as_deref().unwrap_or_default();
        if ready(places, base) {
            open_base(places, base)?.weights()?.with_adapter(adapter)?;
        }
    }
    record.write(work)?;
    // A model of this name may be here from another cloud.
    let name = free_name(places, name);
    std::fs::rename(work, imported(places, &name)).with_context(|| format!("keeping {name}"))?;
    Ok(name)
}

fn take_in(from: &Path, adapter: Option<&Path>, work: &Path, reporter: &dyn Reporter, cancel: &Cancel) -> Result<()> {
    let mut copy = Copy { done: 0, reporter, cancel };
    let weights = copy.model(from, &work.join("source"))?;
    let mut record = Record { sha256: Some(weights), ..Record::default() };
    if let Some(path) = adapter {
        Adapter::load(path)?.save(&work.join("adapter"))?;
        let kept = std::fs::read(work.join("adapter").join("adapter_model.safetensors"))?;
        record.sha256 = Some(hex::encode(Sha256::digest(kept)));
    }
    record.write(work)
}

/// The wanted name, or the first with a number behind it that is still free.
fn free_name(places: &Places, wanted: &str) -> String {
    let taken = |name: &str| imported(places, name).exists() || places.base_model(name).exists();
    let numbered = (2..).map(|n| format!("{wanted}-{n}"));
    let name = std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !taken(name));
    name.unwrap_or_else(|| wanted.to_owned())
}

/// A copy under way.
struct Copy<'a> {
    done: u64,
    reporter: &'a dyn Reporter,
    cancel: &'a Cancel,
}

impl Copy<'_> {
    /// Copies a model's files; answers the hash over its weights in the order of their names.
    fn model(&mut self, from: &Path, to: &Path) -> Result<String> {
        std::fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
        let mut files: Vec<PathBuf> = if from.is_file() {
            vec![from.to_owned()]
        } else {
            let entries = std::fs::read_dir(from).code(|| coded(Code::FileUnreadable).with("path", from.display()))?;
            entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?
        };
        files.sort();
        let (mut weights, mut others) = (Sha256::new(), Sha256::new());
        for file in files {
            let Some(name) = file.file_name() else { continue };
            let is_weights = file.extension().is_some_and(|ending| ending == "safetensors" || ending == "gguf");
            if file.is_file() && (is_weights || KEPT.iter().any(|kept| name == *kept)) {
                self.file(&file, &to.join(name), if is_weights { &mut weights } else { &mut others })?;
            }
        }
        Ok(hex::encode(weights.finalize()))
    }

    fn file(&mut self, from: &Path, to: &Path, hash: &mut Sha256) -> Result<()> {
        let mut source = std::fs::File::open(from).code(|| coded(Code::FileUnreadable).with("path", from.display()))?;
        let mut target = std::fs::File::create(to).with_context(|| format!("writing {}", to.display()))?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            self.cancel.check()?;
            let read = source.read(&mut buffer).with_context(|| format!("reading {}", from.display()))?;
            if read == 0 {
                return target.sync_all().with_context(|| format!("writing {}", to.display()));
            }
            hash.update(&buffer[..read]);
            target.write_all(&buffer[..read]).with_context(|| format!("writing {}", to.display()))?;
            self.done += read as u64;
            let progress = Progress { stage: "copy".into(), done: self.done, total: None, unit: Unit::Bytes };
            self.reporter.report(progress);
        }
    }
}

/// Writes the model, its adapter merged in, as an ONNX folder.
pub fn convert(
    places: &Places,
    model: &str,
    dir: &Path,
    quant: Quant,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> Result<Exported> {
    let opened = open(places, model)?;
    let job = ExportJob { source: &opened.folder, adapter: opened.adapter.as_ref(), dir: dir.to_owned(), quant };
    export(&job, reporter, cancel)
}

/// Renders messages, ready for an answer, with the model's own template.
///
/// `messages` is a JSON array of `{role, content}`, or an object with `messages` and optional `tools` and further
/// template variables.
pub fn render(places: &Places, model: &str, messages: &Path) -> Result<Rendered> {
    let folder = open(places, model)?.folder;
    let text = std::fs::read(messages).code(|| coded(Code::FileNotFound).with("path", messages.display()))?;
    let invalid = |why: &str| coded(Code::InputInvalid).with("what", messages.display()).with("why", why);
    let whole: Value = serde_json::from_slice(&text).code(|| invalid("it is not JSON"))?;
    let mut options = RenderOptions { add_generation_prompt: true, ..RenderOptions::default() };
    let list = match &whole {
        Value::Array(list) => list,
        Value::Object(fields) => {
            options.tools = fields.get("tools").cloned();
            let others = fields.iter().filter(|(name, _)| !matches!(name.as_str(), "messages" | "tools"));
            options.variables = others.map(|(name, value)| (name.clone(), value.clone())).collect();
            if let Some(open) = fields.get("add_generation_prompt").and_then(Value::as_bool) {
                options.add_generation_prompt = open;
            }
            fields.get("messages").and_then(Value::as_array).ok_or_else(|| invalid("messages is missing"))?
        }
        _ => return Err(invalid("it holds no messages").into()),
    };
    let text = folder.chat_template()?.render(list, &options)?;
    let ids = folder.tokenizer()?.encode(&text)?;
    Ok(Rendered { text, ids })
}

/// Every model that [`open`] finds: base models first, then the home's, newest first.
pub fn list(places: &Places) -> Result<Vec<ModelRow>> {
    let names = |folder: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| !name.starts_with("importing-") && plain_name(name).is_ok());
        names.sort_unstable();
        names
    };
    let bases = names(&places.cache.join("models")).into_iter().filter(|name| ready(places, name));
    let mut rows: Vec<ModelRow> = bases.map(|name| base_row(places, name)).collect();
    let mut own: Vec<ModelRow> =
        names(&places.home.join("models")).into_iter().map(|name| own_row(places, name)).collect();
    own.sort_by(|a, b| b.created_at.cmp(&a.created_at));
    rows.extend(own);
    Ok(rows)
}

/// Whether a base model's files are all here: a fetch that is under way has no configuration or weights yet. What was
/// found holds until the folder changes, because reading a GGUF file's head takes a while.
pub(crate) fn ready(places: &Places, model: &str) -> bool {
    static KNOWN: Mutex<BTreeMap<PathBuf, (SystemTime, bool)>> = Mutex::new(BTreeMap::new());
    let folder = places.base_model(model);
    let Ok(changed) = folder.metadata().and_then(|meta| meta.modified()) else { return false };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, ready)) = known.get(&folder).filter(|(then, _)| *then == changed) {
        return *ready;
    }
    let ready = ModelFolder::open(&folder).is_ok();
    known.insert(folder, (changed, ready));
    ready
}

/// The jobs whose results are models of the home.
pub(crate) fn pulled(places: &Places) -> HashSet<String> {
    let folders = std::fs::read_dir(places.home.join("models")).into_iter().flatten().flatten();
    folders.filter_map(|folder| Record::read(&folder.path()).job_id).collect()
}

fn base_row(places: &Places, model: String) -> ModelRow {
    let sha256 = Catalog::bundled().row(&model).and_then(|row| row.sha256.clone());
    ModelRow {
        base_model: model.clone(),
        job_id: None,
        origin: "base".to_owned(),
        formats: formats(places, &model),
        created_at: made_at(&places.base_model(&model)),
        sha256,
        model,
    }
}

fn own_row(places: &Places, model: String) -> ModelRow {
    let folder = imported(places, &model);
    let record = Record::read(&folder);
    ModelRow {
        base_model: record.base_model.unwrap_or_else(|| model.clone()),
        origin: if record.job_id.is_some() { "tuned" } else { "imported" }.to_owned(),
        job_id: record.job_id,
        formats: formats(places, &model),
        created_at: made_at(&folder),
        sha256: record.sha256,
        model,
    }
}

fn formats(places: &Places, model: &str) -> Vec<ModelFormat> {
    use crate::api::Quant;
    let folder = crate::chat::converted(places, model);
    let found =
        [(Quant::F32, "f32"), (Quant::Int8, "int8"), (Quant::Int4, "int4")].into_iter().filter_map(|(quant, name)| {
            let dir = folder.join(name);
            dir.is_dir().then(|| ModelFormat { quant, bytes: size(&dir) })
        });
    found.collect()
}

/// When a folder was last written, which is when the model was kept.
fn made_at(folder: &Path) -> String {
    let written = folder.metadata().and_then(|meta| meta.modified()).ok();
    let time = written.and_then(|time| jiff::Timestamp::try_from(time).ok()).unwrap_or_default();
    format!("{time:.3}")
}

/// Removes a model of the home with its converted forms.
pub fn delete(places: &Places, model: &str) -> Result<()> {
    let folder = imported(places, plain_name(model)?);
    if !folder.is_dir() {
        return Err(coded(Code::ModelUnknown).with("model", model).into());
    }
    // Its converted forms first: a later model of the same name must never answer with them.
    let converted = crate::chat::converted(places, model);
    if converted.is_dir() {
        std::fs::remove_dir_all(&converted).with_context(|| format!("removing the converted {model}"))?;
    }
    // Renamed first, so that a half-removed model is never taken for a whole one.
    let doomed = being_made(places);
    std::fs::rename(&folder, &doomed).with_context(|| format!("removing {model}"))?;
    std::fs::remove_dir_all(&doomed).with_context(|| format!("removing {model}"))
}
