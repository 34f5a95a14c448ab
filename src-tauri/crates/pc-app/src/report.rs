//! An error's way from one of our processes to another: code and values, so that the reader's language is chosen last.

use std::collections::BTreeMap;

use pc_base::{Code, Coded, Failure, Language};
use serde::{Deserialize, Serialize};

/// An error on the wire between our own processes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    code: String,
    values: BTreeMap<String, String>,
    detail: Option<String>,
}

impl Report {
    pub fn of(error: &anyhow::Error) -> Self {
        let failure = Failure::of(error, Language::English);
        let values = error.downcast_ref::<Coded>().map(|coded| coded.values.clone()).unwrap_or_default();
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { code: failure.code, values, detail: failure.detail }
    }

    /// The same error here.
    pub fn into_error(self) -> anyhow::Error {
        let coded = Coded::revived(Code::from_name(&self.code).unwrap_or(Code::Internal), &self.values);
        match self.detail {
            Some(detail) => anyhow::Error::msg(detail).context(coded),
            None => coded.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_base::{CodedExt as _, coded};

    #[test]
    fn an_error_is_the_same_on_the_other_side() {
        let failed = Err::<(), _>(std::io::Error::other("in use")).code(|| coded(Code::PortInUse).with("port", 80));
        let error = failed.unwrap_err();
        let line = serde_json::to_string(&Report::of(&error)).unwrap();
        let there = serde_json::from_str::<Report>(&line).unwrap().into_error();
        assert_eq!(Failure::of(&there, Language::Chinese), Failure::of(&error, Language::Chinese));
    }
}
