//! A model on disk: a Hugging Face folder, or a GGUF file.

use std::path::{Path, PathBuf};

use anyhow::Result;
use pc_base::{Code, CodedExt as _, coded};
use serde_json::{Map, Value, json};

use crate::catalog::Catalog;
use crate::config::{Config, ids};
use crate::config_json::config_json;
use crate::gguf::{Gguf, Meta};
use crate::template::ChatTemplate;
use crate::tokenizer::Tokenizer;
use crate::weights::Weights;
use crate::{gguf_map, gguf_tokenizer};

/// An opened model: its shape is known and valid, its weights are not read yet.
pub struct ModelFolder {
    /// The folder.
    pub dir: PathBuf,
    pub config: Config,
    gguf: Option<PathBuf>,
}

impl ModelFolder {
    /// A Hugging Face folder, a folder with one GGUF file, or the GGUF file itself.
    pub fn open(path: &Path) -> Result<Self> {
        let missing = || coded(Code::FileNotFound).with("path", path.display());
        if path.is_file() {
            let dir = path.parent().unwrap_or(Path::new(".")).to_owned();
            let config = gguf_map::config(&Gguf::open(path)?)?;
            return Ok(Self { dir, config, gguf: Some(path.to_owned()) });
        }
        let config = path.join("config.json");
        if config.is_file() {
            let text =
                std::fs::read_to_string(&config).code(|| coded(Code::FileUnreadable).with("path", config.display()))?;
            return Ok(Self { dir: path.to_owned(), config: Config::from_json(&text)?, gguf: None });
        }
        let entries = std::fs::read_dir(path).code(missing)?;
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "gguf"));
        match files.as_slice() {
            [one] => Self::open(one),
            _ => Err(coded(Code::FileNotFound).with("path", config.display()).into()),
        }
    }

    /// All tensors.
    pub fn weights(&self) -> Result<Weights> {
        match &self.gguf {
            Some(path) => Ok(Weights::from_gguf(Gguf::open(path)?.tensors)),
            None => Weights::open_folder(&self.dir),
        }
    }

    /// `tokenizer.json`, else the GGUF file's own vocabulary.
    pub fn tokenizer(&self) -> Result<Tokenizer> {
        let path = self.dir.join("tokenizer.json");
        match &self.gguf {
            Some(gguf) if !path.is_file() => gguf_tokenizer::tokenizer(&Gguf::open(gguf)?),
            _ => Tokenizer::open(&path),
        }
    }

    /// Ids of a plain text as the model wants them: one BOS in front when it has one.
    pub fn encode_with_bos(&self, tokenizer: &Tokenizer, text: &str) -> Result<Vec<u32>> {
        let mut ids: Vec<u32> = self.config.bos.into_iter().collect();
        ids.extend(tokenizer.encode(text)?);
        Ok(ids)
    }

    /// `chat_template.jinja`, else what `tokenizer_config.json` or the GGUF file holds, else the catalogue's for this family.
    pub fn chat_template(&self) -> Result<ChatTemplate> {
        let settings = self.tokenizer_config();
        let tokens = self.special_tokens(&settings)?;
        if let Ok(source) = std::fs::read_to_string(self.dir.join("chat_template.jinja")) {
            return Ok(ChatTemplate::new(&source, tokens));
        }
        if let Some(source) = template_in(&settings["chat_template"]) {
            return Ok(ChatTemplate::new(source, tokens));
        }
        if let Some(path) = &self.gguf
            && let Some(Meta::Text(source)) = Gguf::open(path)?.metadata.get("tokenizer.chat_template")
        {
            return Ok(ChatTemplate::new(source, tokens));
        }
        let name = self.dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let catalog = Catalog::bundled();
        let row = catalog.row(&name).or_else(|| catalog.of_family(self.config.family));
        let source = row.and_then(|row| row.chat_template.as_deref());
        let none = || coded(Code::TemplateInvalid).with("why", "the model has none");
        Ok(ChatTemplate::new(source.ok_or_else(none)?, tokens))
    }

    /// Ids that end an answer: the configuration's, the generation configuration's, and the turn's end.
    pub fn stop_ids(&self, tokenizer: &Tokenizer) -> Vec<u32> {
        let mut stops = self.config.eos.clone();
        if let Some(generation) = read_json(&self.dir.join("generation_config.json")) {
            stops.extend(ids(generation.get("eos_token_id")));
        }
        for turn_end in ["<end_of_turn>", "<|im_end|>", "<|eot_id|>"] {
            stops.extend(tokenizer.id_of(turn_end));
        }
        stops.sort_unstable();
        stops.dedup();
        stops
    }

    /// `tokenizer_config.json` for a folder that others load: template and special tokens included.
    pub fn tokenizer_config_json(&self) -> Result<Value> {
        let template = self.chat_template()?;
        let mut settings = match self.tokenizer_config() {
            Value::Object(map) => map,
            _ => Map::from_iter([("tokenizer_class".to_owned(), json!("PreTrainedTokenizerFast"))]),
        };
        settings.extend(template.tokens().clone());
        settings.insert("chat_template".into(), template.source().into());
        Ok(settings.into())
    }

    /// The files that stand beside the weights in a folder that others load: tokenizer, template and configurations.
    pub fn companions(&self) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let tokenizer = self.tokenizer()?;
        let generation = json!({"bos_token_id": self.config.bos, "eos_token_id": self.stop_ids(&tokenizer)});
        Ok(vec![
            ("tokenizer.json", tokenizer.to_json()?.into_bytes()),
            ("tokenizer_config.json", serde_json::to_vec_pretty(&self.tokenizer_config_json()?)?),
            ("config.json", serde_json::to_vec_pretty(&config_json(&self.config))?),
            ("generation_config.json", serde_json::to_vec_pretty(&generation)?),
        ])
    }

    fn tokenizer_config(&self) -> Value {
        read_json(&self.dir.join("tokenizer_config.json")).unwrap_or(Value::Null)
    }

    fn special_tokens(&self, settings: &Value) -> Result<Map<String, Value>> {
        let mut tokens = Map::new();
        for name in ["bos_token", "eos_token", "pad_token", "unk_token"] {
            let value = &settings[name];
            // Older files spell a token as an object with its text inside.
            if let Some(text) = value.as_str().or_else(|| value["content"].as_str()) {
                tokens.insert(name.into(), text.into());
            }
        }
        if let (true, Some(path)) = (tokens.is_empty(), &self.gguf) {
            let gguf = Gguf::open(path)?;
            for (name, id) in [("bos_token", self.config.bos), ("eos_token", self.config.eos.first().copied())] {
                if let Some(text) = id.and_then(|id| gguf_tokenizer::piece(&gguf, id)) {
                    tokens.insert(name.into(), text.into());
                }
            }
        }
        Ok(tokens)
    }
}

fn read_json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// One template, or the default of several.
fn template_in(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.as_array()?.iter().find(|t| t["name"] == "default")?["template"].as_str())
}
