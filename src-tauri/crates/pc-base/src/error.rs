//! Errors: `anyhow` inside, a `Code` attached where somebody branches on it, and `Failure` at every edge.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Code, Language};

/// Who has to act on a failure; decides the exit status of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The user's to fix: exit 1.
    User,
    /// Ours: exit 2.
    Ours,
}

/// A code with the values that its words name. Attach it with [`coded`] or [`CodedExt::code`].
#[derive(Clone, Debug)]
pub struct Coded {
    pub code: Code,
    pub values: BTreeMap<&'static str, String>,
    pub retryable: bool,
}

/// Starts an error with a code: `bail!(coded(Code::FileNotFound).with("path", path.display()))`.
pub fn coded(code: Code) -> Coded {
    let retryable = matches!(
        code,
        Code::CloudBusy
            | Code::NetworkUnreachable
            | Code::WorkerDied
            | Code::SourceBusy
            | Code::SourceConnectTimeout
            | Code::SourceConnectionLost
    );
    Coded { code, values: BTreeMap::new(), retryable }
}

impl Coded {
    /// Fills the `{name}` of the words.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.values.insert(name, value.to_string());
        self
    }

    /// An error of another process: a value keeps its place in the words, and one that the words do not name is dropped.
    pub fn revived(code: Code, values: &BTreeMap<String, String>) -> Self {
        let words = code.words(Language::English);
        let names = words.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
        names.fold(coded(code), |revived, name| match values.get(name) {
            Some(value) => revived.with(name, value),
            None => revived,
        })
    }

    /// The finished sentence in a language.
    pub fn sentence(&self, language: Language) -> String {
        let mut text = self.code.words(language).to_owned();
        for (name, value) in &self.values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

impl fmt::Display for Coded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence(Language::English))
    }
}

impl std::error::Error for Coded {}

/// Puts a code on top of an error that has a cause worth keeping.
pub trait CodedExt<T> {
    /// The error's message becomes the code's sentence; the old chain stays as its cause.
    fn code(self, code: impl FnOnce() -> Coded) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> CodedExt<T> for Result<T, E> {
    fn code(self, code: impl FnOnce() -> Coded) -> anyhow::Result<T> {
        self.map_err(|e| e.into().context(code()))
    }
}

/// What every edge (window, command line, worker) shows of an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A [`Code::name`].
    pub code: String,
    /// The sentence for people, in the reader's language.
    pub message: String,
    pub retryable: bool,
    /// The chain of causes, in English, for support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Failure {
    /// The outermost code in the chain wins; an error without one is our fault (`internal`).
    pub fn of(error: &anyhow::Error, language: Language) -> Self {
        let found = error.downcast_ref::<Coded>().cloned().or_else(|| disk(error));
        let coded = found.unwrap_or_else(|| coded(Code::Internal));
        let chain: Vec<String> =
            error.chain().map(ToString::to_string).filter(|text| *text != coded.to_string()).collect();
        Self {
            code: coded.code.name().to_owned(),
            message: coded.sentence(language),
            retryable: coded.retryable,
            detail: (!chain.is_empty()).then(|| chain.join(": ")),
        }
    }

    /// Whose the failure is.
    pub fn kind(&self) -> Kind {
        match Code::from_name(&self.code) {
            None | Some(Code::Internal | Code::WorkerDied | Code::SealedDamaged) => Kind::Ours,
            Some(_) => Kind::User,
        }
    }
}

/// A full disk, or one that became read-only, surfaces from any write, so it is recognised here once instead of at each of them.
fn disk(error: &anyhow::Error) -> Option<Coded> {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>())?;
    match io.kind() {
        std::io::ErrorKind::StorageFull => Some(coded(Code::DiskFull)),
        std::io::ErrorKind::ReadOnlyFilesystem => Some(coded(Code::DiskReadOnly)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn the_code_survives_context_and_the_values_reach_both_languages() {
        let error = anyhow::Error::new(coded(Code::FileNotFound).with("path", "a.jsonl")).context("checking");
        let failure = Failure::of(&error, Language::Chinese);
        assert_eq!((failure.code.as_str(), failure.message.as_str()), ("file_not_found", "找不到文件 a.jsonl。"));
        assert_eq!(failure.kind(), Kind::User, "a missing file is the user's to fix");
    }

    #[test]
    fn an_error_of_another_process_reads_the_same_here() {
        let there = coded(Code::MemoryShort).with("needed", "3 GB").with("available", "1 GB");
        let values = there.values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let here = Coded::revived(there.code, &values);
        assert_eq!(here.sentence(Language::Chinese), there.sentence(Language::Chinese));
    }

    #[test]
    fn an_error_without_a_code_is_ours_and_keeps_its_chain() {
        let error = Err::<(), _>(std::io::Error::other("pipe")).context("starting").unwrap_err();
        let failure = Failure::of(&error, Language::English);
        assert_eq!((failure.code.as_str(), failure.detail.as_deref()), ("internal", Some("starting: pipe")));
        assert_eq!(failure.kind(), Kind::Ours, "nobody but us can fix what has no code");
    }

    #[test]
    fn a_full_disk_is_recognised_under_any_context() {
        let io = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let failure = Failure::of(&anyhow::Error::new(io).context("writing a checkpoint"), Language::English);
        assert_eq!(failure.code, "disk_full");
    }
}
