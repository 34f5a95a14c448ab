//! How to pick tokens: the parameters that both chat APIs share by name. Ranges are the server's to judge.

use serde::{Deserialize, Serialize};

/// Nothing leaves a value to the model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SamplingParameters {
    #[serde(default, deserialize_with = "named::max_tokens", skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// A newer name of the same.
    #[serde(default, deserialize_with = "named::max_completion_tokens", skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<u64>,
    /// [0, 2]; 0 is greedy.
    #[serde(default, deserialize_with = "named::temperature", skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// (0, 1]
    #[serde(default, deserialize_with = "named::top_p", skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// 0 does not limit.
    #[serde(default, deserialize_with = "named::top_k", skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u64>,
    /// Above 0; 1 does nothing.
    #[serde(default, deserialize_with = "named::repetition_penalty", skip_serializing_if = "Option::is_none")]
    pub repetition_penalty: Option<f64>,
    /// [-2, 2]
    #[serde(default, deserialize_with = "named::presence_penalty", skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// [-2, 2]
    #[serde(default, deserialize_with = "named::frequency_penalty", skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// Answers, 1 to 4.
    #[serde(default, deserialize_with = "named::n", skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    #[serde(default, deserialize_with = "named::seed", skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    #[serde(default, deserialize_with = "named::stop", skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    #[serde(default, deserialize_with = "named::enable_thinking", skip_serializing_if = "Option::is_none")]
    pub enable_thinking: Option<bool>,
}

/// Reads a value; one of the wrong type is refused by its name, because the caller has to find it.
macro_rules! named {
    ($($name:ident: $type:ty),+ $(,)?) => {
        mod named {
            use serde::de::{Deserialize, Deserializer, Error};

            use super::Stop;

            $(pub(super) fn $name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<$type>, D::Error> {
                let wrong = concat!(stringify!($name), " is outside of its range");
                Option::<$type>::deserialize(from).map_err(|_| D::Error::custom(wrong))
            })+
        }
    };
}

named! {
    max_tokens: u64,
    max_completion_tokens: u64,
    temperature: f64,
    top_p: f64,
    top_k: u64,
    repetition_penalty: f64,
    presence_penalty: f64,
    frequency_penalty: f64,
    n: u64,
    seed: u64,
    stop: Stop,
    enable_thinking: bool,
}

/// Texts that end an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Stop {
    One(String),
    Many(Vec<String>),
}

impl Stop {
    /// All of them.
    pub fn texts(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_the_wrong_type_is_refused_by_its_name() {
        for (name, value) in
            [("top_k", "-1"), ("temperature", "\"hot\""), ("n", "1.5"), ("stop", "[1]"), ("seed", "-1")]
        {
            let error = serde_json::from_str::<SamplingParameters>(&format!(r#"{{"{name}": {value}}}"#)).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
        let none: SamplingParameters = serde_json::from_str(r#"{"top_k": null, "unknown": 1}"#).unwrap();
        assert_eq!(none, SamplingParameters::default());
    }
}
