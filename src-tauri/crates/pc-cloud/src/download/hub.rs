//! Base models from ModelScope and Hugging Face: what a repository holds, and fetching the files that a model needs.
//! Names, sizes and addresses that a hub gives are not trusted. No key is ever sent, so a redirect may be followed.
//! Deliberately absent: which repository a model comes from, and where it is kept.

use std::collections::HashSet;
use std::path::Path;

use pc_base::{Cancel, Code, Reporter, coded};
use reqwest::Response;
use reqwest::header::RANGE;
use serde::Deserialize;

use super::{Announced, Source, fetch_all, hash, is_plain};
use crate::cloud::Cloud;
use crate::error::{CloudError, ErrorKind, outward};
use crate::network::Network;
use crate::retry::Repeat;
use crate::transport::{Kind, Transport};
use crate::waiting::unless_cancelled;

/// Files of one model at most.
const MOST_FILES: usize = 200;
/// Bytes of one model at most; no machine that tunes it on its processor could use a larger one.
const MOST_BYTES: u64 = 4 << 40;

/// Files that a model may need, beside weights, tokenizers and terms.
const NEEDED: &[&str] = &[
    "config.json",
    "generation_config.json",
    "chat_template.jinja",
    "chat_template.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "model.safetensors.index.json",
    "merges.txt",
    "vocab.json",
    "vocab.txt",
];

/// How a hub is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HubKind {
    ModelScope,
    HuggingFace,
}

impl HubKind {
    /// The hub itself; a mirror has another address.
    pub const fn address(self) -> &'static str {
        match self {
            Self::ModelScope => "https://www.modelscope.cn",
            Self::HuggingFace => "https://huggingface.co",
        }
    }
}

/// A repository of a hub at a revision.
pub struct Hub {
    kind: HubKind,
    transport: Transport,
    repository: String,
    revision: String,
}

/// A file of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubFile {
    pub name: String,
    pub bytes: u64,
    /// Hex; nothing where the hub announces none, as for small files.
    pub sha256: Option<String>,
}

impl HubFile {
    /// Whether it is a text with terms.
    pub fn is_terms(&self) -> bool {
        is_terms(&self.name)
    }
}

impl Hub {
    /// Prepares calls; nothing is sent. `address` is the hub's root.
    pub fn new(
        kind: HubKind,
        address: &str,
        repository: &str,
        revision: &str,
        network: &Network,
    ) -> anyhow::Result<Self> {
        let transport = Transport::new(address, network)?;
        Ok(Self { kind, transport, repository: repository.to_owned(), revision: revision.to_owned() })
    }

    /// The files that a model needs, of those that lie at the repository's top.
    pub async fn files(&self, cancel: &Cancel) -> anyhow::Result<Vec<HubFile>> {
        let listed = unless_cancelled(cancel, || (), self.list()).await;
        let listed = listed.unwrap_or_else(|| Err(self.transport.cancelled(LIST)));
        listed.and_then(|files| self.needed(files)).map_err(|error| self.outward(error))
    }

    /// Fetches files into a folder, which is made; there must be room for them. A download that was cut goes on.
    /// A wrong hash is [`Code::ModelHashWrong`], and the bad file is removed.
    pub async fn download(
        &self,
        files: &[HubFile],
        dir: &Path,
        reporter: &dyn Reporter,
        cancel: &Cancel,
    ) -> anyhow::Result<()> {
        let announced = files.iter().map(|file| Announced {
            name: file.name.clone(),
            bytes: file.bytes,
            hash: file.sha256.clone().map(hash::Announced::Sha256),
        });
        fetch_all(self, &announced.collect::<Vec<_>>(), dir, reporter, cancel).await
    }

    async fn list(&self) -> Result<Vec<HubFile>, Box<CloudError>> {
        let kind = Kind { operation: LIST, repeat: Repeat::Safe, limit: Some(self.transport.network.call_timeout) };
        let (segments, query): (Vec<&str>, &[(&str, &str)]) = match self.kind {
            HubKind::ModelScope => (
                self.way(&["api", "v1", "models"], &["repo", "files"]),
                &[("Revision", &self.revision), ("Recursive", "false")],
            ),
            HubKind::HuggingFace => (self.way(&["api", "models"], &["tree", &self.revision]), &[]),
        };
        let url = self.transport.url(&segments, query);
        let mut tries = self.transport.tries(kind.repeat);
        loop {
            let done = match self.transport.followed(kind, url.clone(), &[]).await {
                Ok(response) => self.read(kind, response).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(files) => return Ok(files),
                Err(error) => tries.after(error).await?,
            }
        }
    }

    async fn read(&self, kind: Kind, response: Response) -> Result<Vec<HubFile>, Box<CloudError>> {
        Ok(match self.kind {
            HubKind::ModelScope => {
                let answer: ModelScopeAnswer = self.transport.read(kind, response).await?;
                answer.data.files.into_iter().filter_map(ModelScopeFile::into_file).collect()
            }
            HubKind::HuggingFace => {
                let answer: Vec<HuggingFaceFile> = self.transport.read(kind, response).await?;
                answer.into_iter().filter_map(HuggingFaceFile::into_file).collect()
            }
        })
    }

    /// What a model needs of the listed files. A list that leads out of its folder is not one to choose from.
    fn needed(&self, listed: Vec<HubFile>) -> Result<Vec<HubFile>, Box<CloudError>> {
        let garbled = |why: String| self.transport.garbled(LIST, &why);
        if let Some(bad) = listed.iter().find(|file| leads_away(&file.name)) {
            return Err(garbled(format!("it names a file {:?}", bad.name)));
        }
        let mut files: Vec<HubFile> = listed.into_iter().filter(|file| is_needed(&file.name)).collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        // Not every file system tells `a` from `A`.
        let names: HashSet<String> = files.iter().map(|file| file.name.to_lowercase()).collect();
        let bytes = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
        if files.len() > MOST_FILES || bytes > MOST_BYTES || names.len() < files.len() {
            return Err(garbled("it lists more than a model can have".to_owned()));
        }
        if !names.contains("config.json") || !names.iter().any(|name| name.ends_with(WEIGHTS)) {
            return Err(garbled("there is no model in safetensors".to_owned()));
        }
        Ok(files)
    }

    /// The segments of a path that names the repository.
    fn way<'a>(&'a self, before: &[&'a str], after: &[&'a str]) -> Vec<&'a str> {
        before.iter().copied().chain(self.repository.split('/')).chain(after.iter().copied()).collect()
    }
}

const LIST: &str = "hub_files";
const WEIGHTS: &str = ".safetensors";

impl Source for Hub {
    const KEPT: bool = true;

    fn transport(&self) -> &Transport {
        &self.transport
    }

    fn kind(&self) -> Kind {
        Cloud::open_kind("hub_download", Repeat::Safe)
    }

    async fn open(&self, file: &Announced, from: u64) -> Result<Response, Box<CloudError>> {
        let url = match self.kind {
            HubKind::ModelScope => self.transport.url(
                &self.way(&["api", "v1", "models"], &["repo"]),
                &[("Revision", &self.revision), ("FilePath", &file.name)],
            ),
            HubKind::HuggingFace => self.transport.url(&self.way(&[], &["resolve", &self.revision, &file.name]), &[]),
        };
        let range = (from > 0).then(|| (RANGE, format!("bytes={from}-")));
        self.transport.followed(Source::kind(self), url, range.as_slice()).await
    }

    /// A hub is no cloud, so what it refuses is said in other words. One that hides private repositories answers for
    /// missing ones that a key is needed.
    fn outward(&self, error: Box<CloudError>) -> anyhow::Error {
        if matches!(error.kind, ErrorKind::Unreachable | ErrorKind::TimedOut | ErrorKind::Cancelled) {
            return outward(error);
        }
        let why = match error.kind {
            ErrorKind::Key | ErrorKind::NotFound => "there is no such public repository".to_owned(),
            _ => error.message.trim_end_matches(['.', '。', ' ']).to_owned(),
        };
        let mut refused = coded(Code::HubRefused)
            .with("host", &self.transport.host)
            .with("repository", &self.repository)
            .with("why", why);
        refused.retryable = error.retryable;
        anyhow::Error::new(*error).context(refused)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ModelScopeAnswer {
    data: ModelScopeData,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ModelScopeData {
    #[serde(default)]
    files: Vec<ModelScopeFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ModelScopeFile {
    path: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    r#type: String,
}

impl ModelScopeFile {
    fn into_file(self) -> Option<HubFile> {
        let sha256 = self.sha256.filter(|hash| !hash.is_empty());
        (self.r#type != "tree").then_some(HubFile { name: self.path, bytes: self.size, sha256 })
    }
}

#[derive(Deserialize)]
struct HuggingFaceFile {
    path: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    lfs: Option<Lfs>,
}

/// Of a large file. Small ones have only a hash of Git's, which is none of the content alone.
#[derive(Deserialize)]
struct Lfs {
    oid: String,
    size: u64,
}

impl HuggingFaceFile {
    fn into_file(self) -> Option<HubFile> {
        let bytes = self.lfs.as_ref().map_or(self.size, |lfs| lfs.size);
        let sha256 = self.lfs.map(|lfs| lfs.oid.trim_start_matches("sha256:").to_owned());
        (self.r#type != "directory").then_some(HubFile { name: self.path, bytes, sha256 })
    }
}

fn is_needed(name: &str) -> bool {
    let tokenizer = name.starts_with("tokenizer") && (name.ends_with(".json") || name.ends_with(".model"));
    is_plain(name) && (NEEDED.contains(&name) || tokenizer || name.ends_with(WEIGHTS) || is_terms(name))
}

fn is_terms(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    is_plain(name) && ["license", "licence", "notice", "use_policy"].iter().any(|begin| lower.starts_with(begin))
}

/// Whether a path of a repository is none below its top.
fn leads_away(path: &str) -> bool {
    path.starts_with('/')
        || path.contains(|c: char| c.is_control() || c == '\\')
        || path.split('/').any(|segment| matches!(segment, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_needs_its_weights_its_words_and_its_terms_and_nothing_else() {
        for good in
            ["config.json", "tokenizer_config.json", "tokenizer.model", "model-00001-of-00002.safetensors", "LICENSE"]
        {
            assert!(is_needed(good), "{good}");
        }
        for other in
            [".gitattributes", "README.md", "pytorch_model.bin", "onnx/model.onnx", "original/config.json", "run.py"]
        {
            assert!(!is_needed(other) && !leads_away(other), "{other}");
        }
        for bad in ["../config.json", "/etc/config.json", "a/../../b", "a//b", "..\\config.json", "a\0b", ""] {
            assert!(leads_away(bad), "{bad}");
        }
    }
}
