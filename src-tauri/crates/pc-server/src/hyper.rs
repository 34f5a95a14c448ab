//! Hyper-parameters of the wire into an engine's settings: every value is honoured or refused by name.

use serde_json::{Map, Value};

use crate::engine::Hyper;
use crate::refusal::{Answer, Refusal};

const SCHEDULES: &[&str] = &["linear", "cosine", "constant"];

/// Reads `hyper_parameters`; numbers may come as text (`"1.6e-5"`), as samples send them.
pub(crate) fn read(sent: &Map<String, Value>, longest: u64) -> Answer<Hyper> {
    let mut hyper = Hyper {
        n_epochs: 3,
        batch_size: 16,
        max_length: u32::try_from(longest.min(8192)).unwrap_or(8192),
        learning_rate: 1e-4,
        lr_scheduler_type: "linear".to_owned(),
        warmup_ratio: 0.05,
        weight_decay: 0.01,
        lora_rank: 8,
        lora_alpha: 16,
        lora_dropout: 0.0,
        eval_steps: 0,
        save_steps: 0,
        split: 1.0,
        seed: 42,
    };
    for (name, value) in sent {
        if value.is_null() {
            continue;
        }
        let field = Field { name, value };
        match name.as_str() {
            "n_epochs" => hyper.n_epochs = field.whole(1, 200)?,
            "batch_size" => hyper.batch_size = field.whole(1, 1024)?,
            "max_length" => hyper.max_length = field.whole(16, 131_072)?,
            "learning_rate" => hyper.learning_rate = field.number(1e-9, 1.0)?,
            "lr_scheduler_type" => hyper.lr_scheduler_type = field.schedule()?,
            "warmup_ratio" => hyper.warmup_ratio = field.number(0.0, 1.0)?,
            "weight_decay" => hyper.weight_decay = field.number(0.0, 1.0)?,
            "lora_rank" => hyper.lora_rank = field.whole(1, 256)?,
            "lora_alpha" => hyper.lora_alpha = field.whole(1, 1024)?,
            "lora_dropout" => hyper.lora_dropout = field.number(0.0, 0.9)?,
            "eval_steps" => hyper.eval_steps = field.whole(1, 1_000_000)?,
            "save_steps" => hyper.save_steps = field.whole(1, 1_000_000)?,
            "split" => hyper.split = field.number(0.1, 1.0)?,
            "seed" => hyper.seed = u64::from(field.whole(0, u32::MAX)?),
            _ => return Err(Refusal::invalid(format!("hyper_parameters.{name} is not supported."))),
        }
    }
    // What the base model cannot take is cut silently by no one: the caller is told.
    if u64::from(hyper.max_length) > longest {
        return Err(Refusal::invalid(format!("hyper_parameters.max_length must be at most {longest} for this model.")));
    }
    Ok(hyper)
}

struct Field<'a> {
    name: &'a str,
    value: &'a Value,
}

impl Field<'_> {
    fn refused(&self, wanted: String) -> Refusal {
        Refusal::invalid(format!("hyper_parameters.{} must be {wanted}.", self.name))
    }

    fn number(&self, least: f64, most: f64) -> Answer<f64> {
        let number = match self.value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|n| (least..=most).contains(n)).ok_or_else(|| self.refused(format!("from {least} to {most}")))
    }

    fn whole(&self, least: u32, most: u32) -> Answer<u32> {
        let wanted = || self.refused(format!("a whole number from {least} to {most}"));
        let number = self.number(f64::from(least), f64::from(most)).map_err(|_| wanted())?;
        if number.fract() == 0.0 { Ok(number as u32) } else { Err(wanted()) }
    }

    fn schedule(&self) -> Answer<String> {
        let name = self.value.as_str().map(str::to_lowercase).unwrap_or_default();
        if SCHEDULES.contains(&name.as_str()) {
            Ok(name)
        } else {
            Err(self.refused(format!("one of {}", SCHEDULES.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: Value) -> Answer<Hyper> {
        read(value.as_object().unwrap(), 2048)
    }

    #[test]
    fn text_numbers_are_read_and_the_rest_keeps_its_default() {
        let hyper = of(json!({"learning_rate": "1.6e-5", "n_epochs": 2, "lr_scheduler_type": "Cosine"})).unwrap();
        assert_eq!((hyper.learning_rate, hyper.n_epochs, hyper.lr_scheduler_type.as_str()), (1.6e-5, 2, "cosine"));
        assert_eq!(hyper.max_length, 2048, "the default is no longer than the model");
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_by_its_name() {
        for (name, value) in [("n_epochs", json!(0)), ("n_epochs", json!(1.5)), ("batch_size", json!("many"))] {
            let refused = of(json!({name: value})).unwrap_err();
            assert!(refused.message.contains(name), "{}", refused.message);
        }
        assert!(of(json!({"freeze_vit": true})).unwrap_err().message.contains("freeze_vit"));
        assert!(of(json!({"max_length": 4096})).unwrap_err().message.contains("2048"));
        assert!(of(json!({"learning_rate": "NaN"})).is_err());
    }
}
