//! Hyper-parameters by the names of the cloud's wire: each is honoured or refused by name, none is ignored.
//! Deliberately absent: defaults that depend on a model.

use anyhow::Result;
use pc_base::{Code, coded};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schedule::Scheduler;

/// When an adapter is stored besides the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveStrategy {
    Epoch,
    Steps,
}

/// Settings of an `efficient_sft` training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hyper {
    pub n_epochs: u32,
    /// Rows an update; the loss is the mean over all labelled tokens of the batch.
    pub batch_size: u32,
    /// Tokens; longer rows are dropped and counted.
    pub max_length: u32,
    pub learning_rate: f64,
    pub lr_scheduler_type: Scheduler,
    /// Share of all steps over which the rate rises; no effect for `constant`.
    pub warmup_ratio: f64,
    pub weight_decay: f64,
    /// Steps between evaluations; 0 for none.
    pub eval_steps: u32,
    /// Steps between reports of the loss, which is the mean since the one before.
    pub logging_steps: u32,
    /// Share of rows that is trained where there is no validation file; 1 trains all.
    pub split: f64,
    pub max_split_val_dataset_sample: u32,
    pub lora_rank: u32,
    pub lora_alpha: u32,
    pub lora_dropout: f64,
    pub save_strategy: SaveStrategy,
    /// Steps between stored adapters with `steps`.
    pub save_steps: u32,
    /// How many stored adapters are kept.
    pub save_total_limit: u32,
    /// Decides initial matrices, order and dropout.
    pub seed: u64,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            n_epochs: 3,
            batch_size: 16,
            max_length: 2048,
            learning_rate: 1e-4,
            lr_scheduler_type: Scheduler::Linear,
            warmup_ratio: 0.05,
            weight_decay: 0.0,
            eval_steps: 50,
            logging_steps: 1,
            split: 1.0,
            max_split_val_dataset_sample: 1000,
            lora_rank: 8,
            lora_alpha: 16,
            lora_dropout: 0.0,
            save_strategy: SaveStrategy::Epoch,
            save_steps: 50,
            save_total_limit: 10,
            seed: 42,
        }
    }
}

impl Hyper {
    /// From the wire's `hyper_parameters`; numbers may be spelled as text, as the cloud's samples do.
    pub fn from_wire(given: &Map<String, Value>) -> Result<Self> {
        let mut settings = Map::new();
        for (key, value) in given {
            match key.as_str() {
                "freeze_vit" | "augmentation_types" | "augmentation_ratio" => {
                    return Err(invalid(key, "this training does not have it"));
                }
                "data_augmentation" if as_flag(value) => return Err(invalid(key, "this cloud has no data to mix in")),
                "data_augmentation" => {}
                "lr_scheduler_type" | "save_strategy" => {
                    let text = value.as_str().ok_or_else(|| invalid(key, "it is not text"))?;
                    settings.insert(key.clone(), text.to_ascii_lowercase().into());
                }
                _ => {
                    settings.insert(key.clone(), number(key, value)?);
                }
            }
        }
        // One field at a time, so that the refusal can name it.
        for (key, value) in &settings {
            let one = Map::from_iter([(key.clone(), value.clone())]);
            serde_json::from_value::<Self>(one.into()).map_err(|e| invalid(key, &e.to_string()))?;
        }
        let hyper: Self = serde_json::from_value(settings.into())?;
        hyper.check()?;
        Ok(hyper)
    }

    /// Refuses what cannot be trained, by the setting's name.
    pub fn check(&self) -> Result<()> {
        let counts = [
            ("n_epochs", self.n_epochs, 1..=1000),
            ("batch_size", self.batch_size, 1..=1024),
            ("max_length", self.max_length, 8..=131_072),
            ("logging_steps", self.logging_steps, 1..=1_000_000),
            ("lora_rank", self.lora_rank, 1..=512),
            ("lora_alpha", self.lora_alpha, 1..=4096),
            ("save_steps", self.save_steps, 1..=1_000_000),
            ("save_total_limit", self.save_total_limit, 1..=1000),
        ];
        for (name, value, range) in counts {
            if !range.contains(&value) {
                return Err(invalid(name, &format!("{value} is outside {} to {}", range.start(), range.end())));
            }
        }
        let shares = [
            ("learning_rate", self.learning_rate, 0.0, 1.0),
            ("warmup_ratio", self.warmup_ratio, 0.0, 1.0),
            ("weight_decay", self.weight_decay, 0.0, 1.0),
            ("lora_dropout", self.lora_dropout, 0.0, 0.95),
            ("split", self.split, 0.01, 1.0),
        ];
        for (name, value, least, most) in shares {
            if !(least..=most).contains(&value) {
                return Err(invalid(name, &format!("{value} is outside {least} to {most}")));
            }
        }
        if self.learning_rate == 0.0 {
            return Err(invalid("learning_rate", "with 0 nothing is learnt"));
        }
        Ok(())
    }
}

fn as_flag(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true")))
}

fn number(key: &str, value: &Value) -> Result<Value> {
    let Some(text) = value.as_str() else { return Ok(value.clone()) };
    let text = text.trim();
    let whole = text.parse::<u64>().ok().map(Value::from);
    whole.or_else(|| text.parse::<f64>().ok().map(Value::from)).ok_or_else(|| invalid(key, "it is not a number"))
}

pub(crate) fn invalid(what: &str, why: &str) -> anyhow::Error {
    coded(Code::InputInvalid).with("what", what).with("why", why).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(text: &str) -> Result<Hyper> {
        Hyper::from_wire(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn numbers_as_text_are_read_and_case_does_not_matter() {
        let hyper =
            wire(r#"{"learning_rate":"1.6e-5","n_epochs":"2","lr_scheduler_type":"Cosine","data_augmentation":false}"#)
                .unwrap();
        assert_eq!((hyper.learning_rate, hyper.n_epochs, hyper.lr_scheduler_type), (1.6e-5, 2, Scheduler::Cosine));
    }

    #[test]
    fn every_refusal_names_its_setting() {
        let bad = [
            (r#"{"n_epochs":0}"#, "n_epochs"),
            (r#"{"learning_rate":"fast"}"#, "learning_rate"),
            (r#"{"learning_rate":-1}"#, "learning_rate"),
            (r#"{"lr_scheduler_type":"reduce_lr_on_plateau"}"#, "lr_scheduler_type"),
            (r#"{"freeze_vit":true}"#, "freeze_vit"),
            (r#"{"data_augmentation":true}"#, "data_augmentation"),
            (r#"{"lora_rang":8}"#, "lora_rang"),
            (r#"{"batch_size":1.5}"#, "batch_size"),
        ];
        for (text, name) in bad {
            let error = wire(text).unwrap_err();
            let coded = error.downcast_ref::<pc_base::Coded>().expect("a refusal has a code");
            assert_eq!((coded.code, coded.values["what"].as_str()), (Code::InputInvalid, name), "{text}");
        }
    }
}
