//! OpenAI's request for a job into the native one. What is `auto` is left to the native defaults; the multiplier of the
//! learning rate is one of the default for adapters.

use pc_protocol::CreateFineTune;
use pc_protocol::openai::{CreateJob, Hyperparameters, Method, MethodSettings};
use rand::Rng as _;
use serde_json::{Map, Value, json};

use crate::caller::Caller;
use crate::engine::TrainingType;
use crate::hyper::{self, Wanted};
use crate::refusal::{Answer, Refusal};
use crate::routes::fine_tunes::{base_of, longest_of};
use crate::state::State;

use super::jobs::Extra;

/// What a multiplier of 1 stands for: the order that is advised for adapters.
const LEARNING_RATE: f64 = 1e-4;

/// Between evaluations where there is a validation file: the number of the vendor's samples.
const EVAL_STEPS: u64 = 50;

/// The native request, and what it has no place for.
pub(super) fn wanted(state: &State, caller: &Caller, asked: CreateJob) -> Answer<(CreateFineTune, Extra)> {
    if asked.integrations.as_ref().is_some_and(|list| !list.is_empty()) {
        return Err(Refusal::unsupported("integrations (wandb) are not supported here.").on("integrations"));
    }
    let base_model = base_of(state, caller, &asked.model).map_err(|refusal| refusal.on("model"))?;
    for (param, id) in
        [("training_file", Some(&asked.training_file)), ("validation_file", asked.validation_file.as_ref())]
    {
        fine_tune_file(state, caller, param, id)?;
    }
    let metadata = asked.metadata.map(checked_metadata).transpose()?;
    let seed = match asked.seed {
        None => rand::rng().random_range(0..=i64::from(i32::MAX)),
        Some(seed) if (0..=i64::from(i32::MAX)).contains(&seed) => seed,
        Some(_) => return Err(Refusal::invalid("seed must be from 0 to 2147483647.").on("seed")),
    };
    let suffix = asked.suffix.filter(|suffix| !suffix.is_empty());
    if suffix.as_ref().is_some_and(|suffix| !is_suffix(suffix)) {
        let message = "suffix has 1 to 64 characters of A-Z, a-z, 0-9, _ and -.";
        return Err(Refusal::invalid(message).on("suffix"));
    }
    let method = method_of(asked.method, asked.hyperparameters)?;
    let (training_type, settings) = match method.kind.as_str() {
        "supervised" => ("efficient_sft", &method.supervised),
        _ => ("dpo_lora", &method.dpo),
    };
    let mut hyper_parameters = settings.as_ref().map(native).transpose()?.unwrap_or_default();
    hyper_parameters.insert("seed".to_owned(), seed.into());
    if asked.validation_file.is_some() {
        hyper_parameters.insert("eval_steps".to_owned(), EVAL_STEPS.into());
    }
    // What is `auto` here has to be a number where the native API demands one.
    let automatic = Wanted {
        training_type: TrainingType::from_name(training_type).unwrap_or(TrainingType::EfficientSft),
        longest: longest_of(state, &base_model),
        validation: false,
        split: None,
        first_round: None,
    };
    for name in &state.profile.tuning.required {
        if let Some(value) = hyper::automatic(name, automatic).filter(|_| !hyper_parameters.contains_key(name)) {
            hyper_parameters.insert(name.clone(), value);
        }
    }
    let native = CreateFineTune {
        model: asked.model,
        training_file_ids: vec![asked.training_file],
        validation_file_ids: asked.validation_file.into_iter().collect(),
        hyper_parameters,
        training_type: Some(training_type.to_owned()),
        finetuned_output_suffix: suffix,
        ..CreateFineTune::default()
    };
    Ok((native, Extra { seed, method, metadata }))
}

fn is_suffix(text: &str) -> bool {
    text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn fine_tune_file(state: &State, caller: &Caller, param: &str, id: Option<&String>) -> Answer<()> {
    let Some(id) = id else { return Ok(()) };
    state.expire()?;
    let file = state.store.read(|tx| tx.file(&caller.workspace, id))?;
    match file {
        None => Err(Refusal::invalid(format!("{param}: the file {id:.80} does not exist.")).on(param)),
        Some(file) if file.purpose != "fine-tune" => {
            Err(Refusal::invalid(format!("{param}: the file's purpose must be fine-tune.")).on(param))
        }
        Some(_) => Ok(()),
    }
}

fn checked_metadata(sent: Map<String, Value>) -> Answer<Map<String, Value>> {
    let fits = |(key, value): (&String, &Value)| {
        key.chars().count() <= 64 && value.as_str().is_some_and(|text| text.chars().count() <= 512)
    };
    if sent.len() <= 16 && sent.iter().all(fits) {
        return Ok(sent);
    }
    let message = "metadata has at most 16 texts of 512 characters, their keys at most 64.";
    Err(Refusal::invalid(message).on("metadata"))
}

/// The method with every value filled in: a number, or `auto`.
fn method_of(sent: Option<Method>, older: Option<Hyperparameters>) -> Answer<Method> {
    if sent.is_some() && older.is_some() {
        return Err(Refusal::invalid("hyperparameters belong into method.").on("hyperparameters"));
    }
    let method = sent.unwrap_or_else(|| Method {
        kind: "supervised".to_owned(),
        supervised: Some(MethodSettings { hyperparameters: older }),
        ..Method::default()
    });
    let Method { kind, supervised, dpo, reinforcement } = method;
    match kind.as_str() {
        "supervised" if dpo.is_none() && reinforcement.is_none() => {
            Ok(Method { kind, supervised: Some(filled(supervised, false)?), ..Method::default() })
        }
        "dpo" if supervised.is_none() && reinforcement.is_none() => {
            Ok(Method { kind, dpo: Some(filled(dpo, true)?), ..Method::default() })
        }
        "supervised" | "dpo" => {
            Err(Refusal::invalid(format!("method has settings of another type than {kind}.")).on("method"))
        }
        "reinforcement" => {
            Err(Refusal::unsupported("method.type reinforcement is not supported here.").on("method.type"))
        }
        _ => Err(Refusal::invalid("method.type must be supervised or dpo.").on("method.type")),
    }
}

fn filled(sent: Option<MethodSettings>, dpo: bool) -> Answer<MethodSettings> {
    let sent = sent.and_then(|settings| settings.hyperparameters).unwrap_or_default();
    if sent.beta.as_ref().is_some_and(|beta| !beta.is_null()) && !dpo {
        return Err(Refusal::invalid("hyperparameters.beta is for the method dpo.").on("hyperparameters.beta"));
    }
    let value = |name: &str, value: Option<Value>| match value {
        None | Some(Value::Null) => Ok(Some(json!("auto"))),
        Some(value) if value == "auto" || value.is_number() => Ok(Some(value)),
        Some(_) => {
            let param = format!("hyperparameters.{name}");
            Err(Refusal::invalid(format!("{param} must be a number or auto.")).on(param))
        }
    };
    let hyperparameters = Hyperparameters {
        n_epochs: value("n_epochs", sent.n_epochs)?,
        batch_size: value("batch_size", sent.batch_size)?,
        learning_rate_multiplier: value("learning_rate_multiplier", sent.learning_rate_multiplier)?,
        beta: if dpo { value("beta", sent.beta)? } else { None },
    };
    Ok(MethodSettings { hyperparameters: Some(hyperparameters) })
}

/// The numbers under their native names.
fn native(settings: &MethodSettings) -> Answer<Map<String, Value>> {
    let sent = settings.hyperparameters.clone().unwrap_or_default();
    let mut all = Map::new();
    for (name, value) in [("n_epochs", sent.n_epochs), ("batch_size", sent.batch_size), ("beta", sent.beta)] {
        if let Some(value) = value.filter(Value::is_number) {
            all.insert(name.to_owned(), value);
        }
    }
    if let Some(times) = sent.learning_rate_multiplier.as_ref().and_then(Value::as_f64) {
        all.insert("learning_rate".to_owned(), (LEARNING_RATE * times).into());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: Value) -> Answer<Method> {
        method_of(Some(serde_json::from_value(method).unwrap()), None)
    }

    #[test]
    fn numbers_reach_their_native_names_and_the_rest_is_automatic() {
        let sent = json!({"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2, "n_epochs": 2, "batch_size": "auto",
            "learning_rate_multiplier": 2}}});
        let method = read(sent).unwrap();
        let hyper = native(method.dpo.as_ref().unwrap()).unwrap();
        assert_eq!(Value::Object(hyper), json!({"n_epochs": 2, "beta": 0.2, "learning_rate": 2e-4}));
        let plain = read(json!({"type": "supervised"})).unwrap();
        let shown = serde_json::to_value(plain).unwrap();
        assert_eq!(shown["supervised"]["hyperparameters"]["n_epochs"], "auto");
        assert_eq!(shown.get("dpo"), None);
    }

    #[test]
    fn what_cannot_be_trained_is_refused_by_its_name() {
        for (method, param) in [
            (json!({"type": "reinforcement"}), "method.type"),
            (json!({"type": "magic"}), "method.type"),
            (json!({"type": "supervised", "dpo": {}}), "method"),
            (json!({"type": "supervised", "supervised": {"hyperparameters": {"beta": 1}}}), "hyperparameters.beta"),
            (json!({"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": "many"}}}), "hyperparameters.n_epochs"),
        ] {
            assert_eq!(read(method.clone()).unwrap_err().param.as_deref(), Some(param), "{method}");
        }
    }
}
