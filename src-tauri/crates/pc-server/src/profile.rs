//! Limits as data, each profile a file with its date and source: the embedded cloud's own, and those that Model Studio
//! documents. Deliberately absent: holding anybody to them.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a cloud allows.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub name: String,
    /// `YYYY-MM-DD`: as of when.
    pub date: String,
    pub source: String,
    pub file_bytes: u64,
    pub all_files_bytes: u64,
    pub files: u64,
    /// Of one piece of an upload that goes on after a break.
    pub piece_bytes: u64,
    /// Of a file to extract text from, and of one for a batch, over the compatible API.
    pub extract_bytes: u64,
    pub batch_bytes: u64,
    /// Of a request that is not an upload.
    pub body_bytes: usize,
    /// Of a request's address and headers together.
    pub header_bytes: usize,
    /// Jobs that may wait or run at once.
    pub open_jobs: u64,
    /// Those and the succeeded ones; nothing does not limit.
    pub kept_jobs: Option<u64>,
    /// Answers being generated at once.
    pub generations: usize,
    /// Requests being worked on at once.
    pub open_requests: usize,
    /// Further ones wait until one ends.
    pub connections: usize,
    /// How long a client may send or take nothing in the middle of a request or an answer.
    pub silence_seconds: u64,
    /// By workspace.
    pub uploads_a_second: Option<u64>,
    /// Other calls about files, by workspace.
    pub file_calls_a_second: Option<u64>,
    /// By workspace and model; a sixtieth of it a second.
    pub model_requests_a_minute: Option<u64>,
    pub model_tokens_a_minute: Option<u64>,
    /// By account.
    pub balance_calls_a_second: Option<u64>,
    /// By account and kind of bill.
    pub bill_calls_a_minute: Option<u64>,
    pub tuning: Tuning,
}

/// What a cloud takes as a fine-tune.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// Hyper-parameters that must be given. OpenAI's surface, where they may be `auto`, fills them in.
    pub required: Vec<String>,
    /// The least and the most, in tokens.
    pub max_length: [u32; 2],
    /// The least and the most, in rows.
    pub batch_size: [u32; 2],
    /// The share of rows that is trained where no validation data is given; without one that is said so, or
    /// is documented for an evaluation that is asked for, all are.
    pub split: Option<f64>,
    /// Whether a job whose rows fill no more than one batch is accepted and then fails.
    pub more_rows_than_a_batch: bool,
    /// By training type; one that is not named is not limited.
    pub training_files: BTreeMap<String, TrainingFiles>,
    /// By base model; one that is not named can be trained in every way.
    pub training_types: BTreeMap<String, Vec<String>>,
}

/// How much one job may train on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingFiles {
    pub files: usize,
    /// Of each.
    pub file_bytes: u64,
}

impl Profile {
    /// Generous; the default.
    pub fn embedded() -> Self {
        Self::read(include_str!("../data/profiles/embedded.json"))
    }

    /// The documented numbers.
    pub fn model_studio() -> Self {
        Self::read(include_str!("../data/profiles/model-studio.json"))
    }

    /// The profile of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::embedded(), Self::model_studio()].into_iter().find(|profile| profile.name == name)
    }

    fn read(text: &str) -> Self {
        serde_json::from_str(text).expect("a test reads it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_profiles_read_and_say_where_they_come_from() {
        for name in ["embedded", "model-studio"] {
            let profile = Profile::named(name).unwrap();
            assert!(!profile.source.is_empty() && profile.date.len() == 10);
            let named = profile.tuning.training_types.values().flatten().chain(profile.tuning.training_files.keys());
            for name in named {
                assert!(crate::engine::TrainingType::from_name(name).is_some(), "{name}");
            }
        }
        assert_eq!(Profile::named("other"), None);
    }
}
