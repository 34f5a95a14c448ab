//! What a training does, and its settings by the names of the cloud's wire: each is honoured or refused by name.
//! Deliberately absent: defaults that depend on a model, and how the wire spells things.

use anyhow::Result;
use pc_base::{Code, coded};
use serde::{Deserialize, Serialize};

use crate::schedule::Scheduler;

/// What is learnt, and from what, by its wire name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainingType {
    /// Every weight, from conversations.
    Sft,
    /// A LoRA adapter, from conversations.
    #[default]
    EfficientSft,
    /// Every weight, from plain texts.
    Cpt,
    /// Every weight, from pairs of answers.
    DpoFull,
    /// A LoRA adapter, from pairs of answers.
    DpoLora,
}

impl TrainingType {
    /// Whether only a LoRA adapter is learnt.
    pub const fn is_low_rank(self) -> bool {
        matches!(self, Self::EfficientSft | Self::DpoLora)
    }

    /// Whether rows are pairs of answers.
    pub const fn is_preference(self) -> bool {
        matches!(self, Self::DpoFull | Self::DpoLora)
    }
}

/// When the weights are stored besides at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveStrategy {
    Epoch,
    Steps,
}

/// Settings of a training; those of LoRA have no effect where every weight is learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hyper {
    pub n_epochs: u32,
    /// Rows an update; the loss is the mean over all labelled tokens of the batch, or over its pairs.
    pub batch_size: u32,
    /// Tokens. Longer conversations are dropped and counted, longer texts go in pieces, longer answers are cut.
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
    /// How strongly preferences are held to the model as it was before.
    pub beta: f64,
    pub save_strategy: SaveStrategy,
    /// Steps between stored weights with `steps`; 0 stores none.
    pub save_steps: u32,
    /// How many of them are kept.
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
            beta: 0.1,
            save_strategy: SaveStrategy::Epoch,
            save_steps: 50,
            save_total_limit: 10,
            seed: 42,
        }
    }
}

impl Hyper {
    /// Refuses what cannot be trained, by the setting's name.
    pub fn check(&self) -> Result<()> {
        let counts = [
            ("n_epochs", self.n_epochs, 1..=1000),
            ("batch_size", self.batch_size, 1..=1024),
            ("max_length", self.max_length, 8..=131_072),
            ("logging_steps", self.logging_steps, 1..=1_000_000),
            ("lora_rank", self.lora_rank, 1..=512),
            ("lora_alpha", self.lora_alpha, 1..=4096),
            ("save_steps", self.save_steps, 0..=1_000_000),
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
            ("beta", self.beta, 1e-3, 10.0),
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

pub(crate) fn invalid(what: &str, why: &str) -> anyhow::Error {
    coded(Code::InputInvalid).with("what", what).with("why", why).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_names_its_setting() {
        let plain = Hyper::default();
        let bad = [
            (Hyper { n_epochs: 0, ..plain.clone() }, "n_epochs"),
            (Hyper { learning_rate: -1.0, ..plain.clone() }, "learning_rate"),
            (Hyper { learning_rate: f64::NAN, ..plain.clone() }, "learning_rate"),
            (Hyper { lora_dropout: 1.0, ..plain.clone() }, "lora_dropout"),
            (Hyper { save_total_limit: 0, ..plain }, "save_total_limit"),
        ];
        for (hyper, name) in bad {
            let error = hyper.check().unwrap_err();
            let coded = error.downcast_ref::<pc_base::Coded>().expect("a refusal has a code");
            assert_eq!((coded.code, coded.values["what"].as_str()), (Code::InputInvalid, name));
        }
    }
}
