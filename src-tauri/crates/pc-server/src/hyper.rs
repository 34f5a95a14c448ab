//! Hyper-parameters of the wire into an engine's settings: every value is honoured or refused by name.
//! Deliberately absent: the vendor's own data to mix in, and pictures, which this cloud has not.

use serde_json::{Map, Value, json};

use crate::engine::{Hyper, SaveStrategy, TrainingType};
use crate::profile::Tuning;
use crate::refusal::{Answer, Refusal};

const SCHEDULES: &[&str] = &[
    "linear",
    "polynomial",
    "cosine",
    "cosine_with_restarts",
    "constant",
    "constant_with_warmup",
    "inverse_sqrt",
    PLATEAU,
];
const PLATEAU: &str = "reduce_lr_on_plateau";
const LORA: &[&str] = &["lora_rank", "lora_alpha", "lora_dropout"];
const SAVE: &[&str] = &["save_strategy", "save_steps", "save_total_limit"];
/// The documented share of trained rows where rows are held out.
const SPLIT: f64 = 0.8;

/// What decides which settings there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub training_type: TrainingType,
    /// The longest sequence that the base model takes.
    pub longest: u64,
    /// Whether validation rows are given.
    pub validation: bool,
    /// The share of rows that is trained where nothing else is said and no validation rows are given.
    pub split: Option<f64>,
    /// Of the adapter that is trained further, whose values must be repeated.
    pub first_round: Option<Lora>,
}

/// The shape of an adapter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lora {
    pub rank: u32,
    pub alpha: u32,
    pub dropout: f64,
}

impl Lora {
    /// As it is kept with a job.
    pub(crate) fn to_json(self) -> Value {
        json!({"rank": self.rank, "alpha": self.alpha, "dropout": self.dropout})
    }

    /// The reverse.
    pub(crate) fn from_json(kept: &Value) -> Option<Self> {
        let whole = |name: &str| kept[name].as_u64().and_then(|value| u32::try_from(value).ok());
        Some(Self { rank: whole("rank")?, alpha: whole("alpha")?, dropout: kept["dropout"].as_f64()? })
    }

    /// Of settings that were read.
    pub(crate) const fn of(hyper: &Hyper) -> Self {
        Self { rank: hyper.lora_rank, alpha: hyper.lora_alpha, dropout: hyper.lora_dropout }
    }
}

/// Reads the `hyper_parameters` of a new job, which are held to the cloud's limits, too.
pub(crate) fn admit(sent: &Map<String, Value>, wanted: Wanted, limits: &Tuning) -> Answer<Hyper> {
    let given = |name: &&String| sent.get(*name).is_some_and(|value| !value.is_null());
    if let Some(name) = limits.required.iter().find(|name| !given(name)) {
        return Err(Refusal::invalid(format!("hyper_parameters.{name} is required.")).on(name));
    }
    for (name, [least, most]) in [("max_length", limits.max_length), ("batch_size", limits.batch_size)] {
        if let Some(value) = sent.get(name).filter(|value| !value.is_null()) {
            Field { name, value }.whole(least, most)?;
        }
    }
    read(sent, wanted)
}

/// What a required hyper-parameter is where a client leaves it to the cloud.
pub(crate) fn automatic(name: &str, wanted: Wanted) -> Option<Value> {
    let hyper = defaults(wanted);
    let value = match name {
        "n_epochs" => hyper.n_epochs,
        "batch_size" => hyper.batch_size,
        "max_length" => hyper.max_length,
        _ => return None,
    };
    Some(value.into())
}

/// Reads `hyper_parameters`; numbers may come as text (`"1.6e-5"`), as samples send them.
pub(crate) fn read(sent: &Map<String, Value>, wanted: Wanted) -> Answer<Hyper> {
    let mut hyper = defaults(wanted);
    let given = |name: &str| sent.get(name).is_some_and(|value| !value.is_null());
    for (name, value) in sent.iter().filter(|(_, value)| !value.is_null()) {
        let field = Field { name, value };
        let refused = |why: &str| Err(Refusal::invalid(format!("hyper_parameters.{name} {why}.")).on(name));
        match name.as_str() {
            name if LORA.contains(&name) && !wanted.training_type.is_low_rank() => {
                return refused("is only for efficient_sft and dpo_lora");
            }
            "beta" if !wanted.training_type.is_preference() => return refused("is only for dpo_full and dpo_lora"),
            // Only OpenAI's surface has a name for it.
            "beta" => hyper.beta = field.number(1e-3, 10.0)?,
            name if SAVE.contains(&name) && !wanted.training_type.has_checkpoints() => {
                return refused("is only for sft and efficient_sft");
            }
            "n_epochs" => hyper.n_epochs = field.whole(1, 200)?,
            "batch_size" => hyper.batch_size = field.whole(1, 1024)?,
            "max_length" => hyper.max_length = field.whole(16, 131_072)?,
            "learning_rate" => hyper.learning_rate = field.number(1e-9, 1.0)?,
            "lr_scheduler_type" => hyper.lr_scheduler_type = field.one_of(SCHEDULES)?,
            "warmup_ratio" => hyper.warmup_ratio = field.number(0.0, 1.0)?,
            "weight_decay" => hyper.weight_decay = field.number(0.0, 1.0)?,
            "lora_rank" => hyper.lora_rank = field.whole(1, 256)?,
            "lora_alpha" => hyper.lora_alpha = field.whole(1, 1024)?,
            "lora_dropout" => hyper.lora_dropout = field.number(0.0, 0.9)?,
            "eval_steps" => hyper.eval_steps = field.whole(1, 1_000_000)?,
            "logging_steps" => hyper.logging_steps = field.whole(1, 1_000_000)?,
            "save_strategy" => match (field.one_of(&["epoch", "steps"])?.as_str(), given("save_steps")) {
                ("epoch", true) => return refused("must be steps where save_steps is given"),
                ("steps", false) => return refused("steps needs hyper_parameters.save_steps"),
                _ => {}
            },
            "save_steps" => {
                hyper.save_steps = field.whole(1, 1_000_000)?;
                hyper.save_strategy = SaveStrategy::Steps;
            }
            "save_total_limit" => hyper.save_total_limit = field.whole(1, 10)?,
            "split" => hyper.split = field.number(0.1, 1.0)?,
            "max_split_val_dataset_sample" => hyper.max_split_val_dataset_sample = field.whole(1, 1_000_000)?,
            "seed" => hyper.seed = u64::from(field.whole(0, u32::MAX)?),
            // The vendor mixes in data of its own; there is none here, so only "no" can be honoured.
            "data_augmentation" if field.flag()? => return refused("cannot be true: this cloud has no data to mix in"),
            "data_augmentation" => {}
            _ => return refused("is not supported"),
        }
    }
    // Rows are held out as documented where an evaluation is asked for; without one, none is kept from being trained.
    if !wanted.validation && !given("split") {
        let asked = (hyper.eval_steps > 0).then_some(SPLIT);
        hyper.split = wanted.split.or(asked).unwrap_or(hyper.split);
    }
    check(&hyper, wanted)?;
    Ok(hyper)
}

fn defaults(wanted: Wanted) -> Hyper {
    let lora = wanted.first_round.unwrap_or(Lora { rank: 8, alpha: 16, dropout: 0.0 });
    let has_checkpoints = wanted.training_type.has_checkpoints();
    Hyper {
        n_epochs: 3,
        batch_size: 16,
        max_length: u32::try_from(wanted.longest.min(8192)).unwrap_or(8192),
        learning_rate: if wanted.training_type.is_low_rank() { 1e-4 } else { 1e-5 },
        lr_scheduler_type: "linear".to_owned(),
        warmup_ratio: 0.05,
        weight_decay: 0.01,
        lora_rank: lora.rank,
        lora_alpha: lora.alpha,
        lora_dropout: lora.dropout,
        beta: 0.1,
        eval_steps: 0,
        logging_steps: 1,
        save_strategy: if has_checkpoints { SaveStrategy::Epoch } else { SaveStrategy::Steps },
        save_steps: 0,
        save_total_limit: 10,
        split: 1.0,
        max_split_val_dataset_sample: 1000,
        seed: 42,
    }
}

/// What depends on more than one setting, or on the model.
fn check(hyper: &Hyper, wanted: Wanted) -> Answer<()> {
    let refused = |name: &str, why: String| Err(Refusal::invalid(format!("hyper_parameters.{name} {why}.")).on(name));
    // What the base model cannot take is cut silently by no one: the caller is told.
    if u64::from(hyper.max_length) > wanted.longest {
        return refused("max_length", format!("must be at most {} for this model", wanted.longest));
    }
    if hyper.eval_steps > 0 && !hyper.save_steps.is_multiple_of(hyper.eval_steps) {
        return refused("save_steps", format!("must be a multiple of eval_steps, {}", hyper.eval_steps));
    }
    let evaluates = wanted.validation || hyper.split < 1.0;
    if hyper.eval_steps > 0 && !evaluates {
        return refused("eval_steps", "needs validation data, or a split below 1".to_owned());
    }
    if hyper.lr_scheduler_type == PLATEAU && hyper.eval_steps == 0 {
        return refused("lr_scheduler_type", format!("{PLATEAU} needs eval_steps"));
    }
    let Some(first) = wanted.first_round else { return Ok(()) };
    let repeated = [
        ("lora_rank", f64::from(first.rank), f64::from(hyper.lora_rank)),
        ("lora_alpha", f64::from(first.alpha), f64::from(hyper.lora_alpha)),
        ("lora_dropout", first.dropout, hyper.lora_dropout),
    ];
    match repeated.into_iter().find(|(_, first, now)| first != now) {
        Some((name, first, _)) => refused(name, format!("must repeat the first round's value, {first}")),
        None => Ok(()),
    }
}

struct Field<'a> {
    name: &'a str,
    value: &'a Value,
}

impl Field<'_> {
    fn refused(&self, wanted: String) -> Refusal {
        Refusal::invalid(format!("hyper_parameters.{} must be {wanted}.", self.name)).on(self.name)
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

    fn flag(&self) -> Answer<bool> {
        let text = self.value.as_str().map(str::to_lowercase);
        let flag = self.value.as_bool().or_else(|| text.and_then(|text| text.parse().ok()));
        flag.ok_or_else(|| self.refused("true or false".to_owned()))
    }

    /// Case varies in the documentation.
    fn one_of(&self, names: &[&str]) -> Answer<String> {
        let name = self.value.as_str().map(str::to_lowercase).unwrap_or_default();
        if names.contains(&name.as_str()) {
            Ok(name)
        } else {
            Err(self.refused(format!("one of {}", names.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    const PLAIN: Wanted = Wanted {
        training_type: TrainingType::EfficientSft,
        longest: 2048,
        validation: false,
        split: None,
        first_round: None,
    };

    fn of(value: Value) -> Answer<Hyper> {
        read(value.as_object().unwrap(), PLAIN)
    }

    fn of_type(training_type: TrainingType, value: Value) -> Answer<Hyper> {
        read(value.as_object().unwrap(), Wanted { training_type, ..PLAIN })
    }

    #[test]
    fn text_numbers_are_read_and_the_rest_keeps_its_default() {
        let hyper = of(json!({"learning_rate": "1.6e-5", "n_epochs": 2, "lr_scheduler_type": "Cosine"})).unwrap();
        assert_eq!((hyper.learning_rate, hyper.n_epochs, hyper.lr_scheduler_type.as_str()), (1.6e-5, 2, "cosine"));
        assert_eq!(hyper.max_length, 2048, "the default is no longer than the model");
        assert_eq!(of_type(TrainingType::Sft, json!({})).unwrap().learning_rate, 1e-5, "all weights move less");
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_by_its_name() {
        let refused = |training_type, value: Value| {
            // The last in the order of the alphabet is the one at fault.
            let name = value.as_object().unwrap().keys().max().unwrap().clone();
            let refused = of_type(training_type, value).unwrap_err();
            assert!(refused.message.contains(&name), "{}", refused.message);
            assert_eq!(refused.param.as_deref(), Some(name.as_str()));
        };
        for value in [
            json!({"n_epochs": 0}),
            json!({"n_epochs": 1.5}),
            json!({"batch_size": "many"}),
            json!({"learning_rate": "NaN"}),
            json!({"max_length": 4096}),
            json!({"freeze_vit": true}),
            json!({"data_augmentation": true}),
            json!({"data_augmentation": "perhaps"}),
            json!({"augmentation_types": "mix_v2"}),
            json!({"augmentation_ratio": "0.5"}),
            json!({"lora_rang": 8}),
            json!({"beta": 0.1}),
            json!({"lr_scheduler_type": "sudden"}),
            json!({"lr_scheduler_type": "reduce_lr_on_plateau"}),
            json!({"save_strategy": "steps"}),
            json!({"save_steps": 10, "save_strategy": "epoch"}),
            json!({"save_total_limit": 11}),
        ] {
            refused(TrainingType::EfficientSft, value);
        }
        refused(TrainingType::Sft, json!({"lora_rank": 8}));
        refused(TrainingType::DpoFull, json!({"lora_dropout": 0.1}));
        refused(TrainingType::Cpt, json!({"save_steps": 10}));
        refused(TrainingType::DpoLora, json!({"save_strategy": "epoch"}));
        refused(TrainingType::Sft, json!({"eval_steps": 20, "save_steps": 30}));
        let nothing_held_out = of(json!({"eval_steps": 20, "split": 1.0})).unwrap_err();
        assert!(nothing_held_out.message.contains("eval_steps"), "an evaluation of nothing is not done in silence");
    }

    #[test]
    fn rows_are_held_out_where_an_evaluation_is_asked_for() {
        assert_eq!(of(json!({})).unwrap().split, 1.0);
        assert_eq!(of(json!({"eval_steps": 50})).unwrap().split, 0.8);
        assert_eq!(of(json!({"eval_steps": 50, "split": "0.9"})).unwrap().split, 0.9);
        let given = Wanted { validation: true, ..PLAIN };
        assert_eq!(read(json!({"eval_steps": 50}).as_object().unwrap(), given).unwrap().split, 1.0);
    }

    #[test]
    fn documented_limits_hold_in_their_profile_only() {
        let (studio, embedded) = (Profile::model_studio().tuning, Profile::embedded().tuning);
        let admitted = |limits: &Tuning, value: Value| {
            let wanted = Wanted { split: limits.split, ..PLAIN };
            admit(value.as_object().unwrap(), wanted, limits).map_err(|refusal| refusal.param.unwrap())
        };
        let good = json!({"n_epochs": 1, "batch_size": "8", "max_length": 500});
        let hyper = admitted(&studio, good.clone()).unwrap();
        assert_eq!((hyper.split, hyper.max_split_val_dataset_sample), (0.8, 1000), "as documented");
        for (name, value) in [
            ("n_epochs", Value::Null),
            ("batch_size", Value::Null),
            ("max_length", Value::Null),
            ("max_length", json!(499)),
            ("max_length", json!(131_073)),
            ("batch_size", json!(7)),
            ("batch_size", json!(1025)),
        ] {
            let mut sent = good.clone();
            sent[name] = value;
            assert_eq!(admitted(&studio, sent.clone()).unwrap_err(), name, "{sent}");
        }
        assert_eq!(admitted(&embedded, json!({"batch_size": 1, "max_length": 16})).unwrap().split, 1.0);
    }

    #[test]
    fn an_adapters_shape_is_repeated_or_left_out() {
        let first = Lora { rank: 64, alpha: 128, dropout: 0.05 };
        let wanted = Wanted { first_round: Some(first), ..PLAIN };
        let again = |value: Value| read(value.as_object().unwrap(), wanted);
        assert_eq!(Lora::of(&again(json!({})).unwrap()), first);
        assert!(again(json!({"lora_rank": "64", "lora_alpha": 128, "lora_dropout": 0.05})).is_ok());
        let refused = again(json!({"lora_rank": 32})).unwrap_err();
        assert!(refused.message.contains("lora_rank") && refused.message.contains("64"), "{}", refused.message);
        assert_eq!(Lora::from_json(&first.to_json()), Some(first));
    }
}
