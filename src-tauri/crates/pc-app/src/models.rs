//! Models on this machine: base models in the cache, imported ones in the home, and what can be done with their files.
//! Deliberately absent: running them, which is `chat`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, CodedExt as _, Places, Reporter, coded};
use pc_exporter::{ExportJob, Exported, Quant, export};
use pc_model::{Adapter, Catalog, ModelFolder, RenderOptions};
use serde_json::{Value, json};

/// Files that make a Hugging Face model; whatever else lies in its folder is not copied.
const KEPT: &[&str] = &[
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "model.safetensors.index.json",
];

/// A model that was found by its name.
pub struct Opened {
    pub folder: ModelFolder,
    pub adapter: Option<Adapter>,
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

/// Opens an imported model or a base model of the cache.
pub fn open(places: &Places, model: &str) -> Result<Opened> {
    let name = plain_name(model)?;
    let home = imported(places, name);
    if home.join("source").is_dir() {
        let adapter = home.join("adapter");
        let adapter = if adapter.is_dir() { Some(Adapter::load(&adapter)?) } else { None };
        return Ok(Opened { folder: ModelFolder::open(&home.join("source"))?, adapter });
    }
    let base = places.base_model(name);
    if base.is_dir() {
        return Ok(Opened { folder: ModelFolder::open(&base)?, adapter: None });
    }
    let known = Catalog::bundled().row(name).is_some();
    Err(coded(if known { Code::ModelNotPrepared } else { Code::ModelUnknown }).with("model", model).into())
}

/// Copies a Hugging Face folder or a GGUF file, and a PEFT adapter, into the home. Returns the model's name.
///
/// Everything is opened and compared before it is kept: a model that cannot be used is refused now, not at first use.
pub fn import(places: &Places, from: &Path, adapter: Option<&Path>, name: Option<&str>) -> Result<String> {
    let folder = ModelFolder::open(from)?;
    let weights = folder.weights()?;
    folder.tokenizer()?;
    if let Some(path) = adapter {
        weights.with_adapter(Adapter::load(path)?)?;
    }
    let stem = from.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let wanted = plain_name(name.unwrap_or(&stem))?;
    let target = free_name(places, wanted);
    let work = imported(places, &format!("importing-{}", uuid::Uuid::now_v7()));
    copy_model(from, &work.join("source"))?;
    if let Some(path) = adapter {
        Adapter::load(path)?.save(&work.join("adapter"))?;
    }
    let name = target.file_name().context("a model's folder has a name")?.to_string_lossy().into_owned();
    std::fs::rename(&work, &target).with_context(|| format!("keeping {name}"))?;
    Ok(name)
}

/// The wanted name, or the first with a number behind it that is still free.
fn free_name(places: &Places, wanted: &str) -> PathBuf {
    let taken = |name: &str| imported(places, name).exists() || places.base_model(name).exists();
    let numbered = (2..).map(|n| format!("{wanted}-{n}"));
    let name = std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !taken(name));
    imported(places, &name.unwrap_or_else(|| wanted.to_owned()))
}

fn copy_model(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
    let files: Vec<PathBuf> = if from.is_file() {
        vec![from.to_owned()]
    } else {
        let entries = std::fs::read_dir(from).code(|| coded(Code::FileUnreadable).with("path", from.display()))?;
        entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?
    };
    for file in files {
        let Some(name) = file.file_name() else { continue };
        let weights = file.extension().is_some_and(|ending| ending == "safetensors" || ending == "gguf");
        if file.is_file() && (weights || KEPT.iter().any(|kept| name == *kept)) {
            std::fs::copy(&file, to.join(name)).with_context(|| format!("copying {}", file.display()))?;
        }
    }
    Ok(())
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

/// Every model that [`open`] finds, with where it comes from.
pub fn list(places: &Places) -> Result<Vec<Value>> {
    let names = |folder: PathBuf| -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| !name.starts_with("importing-") && plain_name(name).is_ok());
        names.sort_unstable();
        names
    };
    let bases = names(places.cache.join("models")).into_iter().map(|name| json!({"model": name, "origin": "base"}));
    let own = names(places.home.join("models")).into_iter().map(|name| json!({"model": name, "origin": "imported"}));
    Ok(bases.chain(own).collect())
}

/// Remembers nothing else about a model; its folder is the record.
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
    let doomed = imported(places, &format!("importing-{}", uuid::Uuid::now_v7()));
    std::fs::rename(&folder, &doomed).with_context(|| format!("removing {model}"))?;
    std::fs::remove_dir_all(&doomed).with_context(|| format!("removing {model}"))
}
