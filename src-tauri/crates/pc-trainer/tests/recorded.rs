//! Every training type against what Transformers' Trainer and TRL's DPOTrainer recorded on the tiny models: losses, rewards,
//! clipped gradients and final matrices of ten AdamW steps; and every learning-rate schedule.
//! Deliberately absent: the loop around the steps, which `training` and `types` hold.

use std::path::{Path, PathBuf};

use pc_base::Cancel;
use pc_model::{Adapter, ModelFolder};
use pc_trainer::{
    AdamW, Change, Decoder, Judgement, Objective, Outcome, Packed, Parameters, Plateau, Reference, Schedule, Scheduler,
    clip,
};
use serde_json::Value;

const DECAY: f64 = 0.1;
const BETA: f64 = 0.1;
const FULL_RATE: f64 = 1e-3;
const LORA_RATE: f64 = 1e-2;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures")
}

fn recorded() -> Value {
    let text = std::fs::read_to_string(fixtures().join("training/recorded.json")).expect("the recording is there");
    serde_json::from_str(&text).expect("and is JSON")
}

fn decoder(family: &str) -> Decoder {
    let model = ModelFolder::open(&fixtures().join("tiny-models").join(family)).expect("the fixture is there");
    Decoder::load(&model.config, &model.weights().unwrap(), &Cancel::default()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).expect("a list of numbers")
}

fn ids(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).expect("a list of ids")
}

/// The recorded run's schedule: ten steps, two of them warm-up.
fn rate(peak: f64, step: usize) -> f64 {
    Schedule::new(Scheduler::Linear, peak, 0.2, 10).rate(step as u64)
}

/// Rows of ids, learnt where there is a label, by its weight where there is one.
fn batch(rows: &Value) -> Packed {
    let mut batch = Packed::default();
    for row in rows.as_array().unwrap() {
        let labels: Vec<i64> = serde_json::from_value(row["labels"].clone()).unwrap();
        let learnt = labels.iter().map(|label| f32::from(u8::from(*label >= 0)));
        let given = row["weights"].as_array().map(|_| numbers(&row["weights"]));
        let weights = given.map_or_else(|| learnt.collect(), |given| given.iter().map(|w| *w as f32).collect());
        let weights: Vec<f32> = weights;
        batch.push_weighted(&ids(&row["input_ids"]), &weights);
    }
    batch
}

/// The question and each of its answers, one pair after another.
fn pairs(rows: &Value) -> Packed {
    let mut batch = Packed::default();
    for row in rows.as_array().unwrap() {
        let question = ids(&row["prompt_ids"]);
        for answer in ["chosen_ids", "rejected_ids"] {
            let answer = ids(&row[answer]);
            let labels = [vec![false; question.len()], vec![true; answer.len()]].concat();
            batch.push(&[question.clone(), answer].concat(), &labels);
        }
    }
    batch
}

/// A matrix against its recorded outline: the norm, and evenly spaced values relative to their own norm.
fn assert_outline(name: &str, found: &[f32], right: &Value, tolerance: f64) {
    let norm = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>().sqrt();
    let all: Vec<f64> = found.iter().map(|x| f64::from(*x)).collect();
    let (whole, wanted) = (norm(&all), right["norm"].as_f64().unwrap());
    assert!((whole - wanted).abs() <= tolerance * wanted, "{name}: the norm is {whole} where {wanted} is right");
    let sample = numbers(&right["sample"]);
    let step = (all.len() / 16).max(1);
    let off: Vec<f64> = all.iter().step_by(step).zip(&sample).map(|(a, b)| a - b).collect();
    assert_eq!(off.len(), sample.len(), "{name}: the recording has as many values");
    // A sample that happens to be next to nothing is judged by the whole matrix.
    let scale = norm(&sample).max(wanted * (sample.len() as f64 / all.len() as f64).sqrt());
    assert!(norm(&off) <= tolerance * scale, "{name}: off by {:e}", norm(&off) / scale);
}

/// Every weight's part of a flat vector.
fn assert_whole(what: &str, decoder: &Decoder, values: &[f32], right: &Value, tolerance: f64) {
    let places = &decoder.layout().places;
    assert_eq!(places.len(), right.as_object().unwrap().len(), "{what}: every weight is recorded");
    for place in places {
        assert_outline(&format!("{what} {}", place.name), &values[place.range.clone()], &right[&place.name], tolerance);
    }
}

fn weights(decoder: &Decoder) -> Vec<f32> {
    let mut all = Vec::new();
    let take = |_: &_, values: &[f32]| {
        all.extend_from_slice(values);
        Ok(())
    };
    decoder.each(take).unwrap();
    all
}

/// One step of either kind; the gradient is clipped as the recorded one is.
fn gradient(decoder: &Decoder, change: Change<'_>, batch: &Packed, objective: Objective<'_>) -> (Outcome, Vec<f32>) {
    let count = match change {
        Change::Pairs { parameters, .. } => parameters.values.len(),
        Change::Whole => decoder.layout().count(),
    };
    let mut gradient = vec![0.0; count];
    let outcome = decoder.train(change, batch, objective, &mut gradient).unwrap();
    clip(&mut gradient, 1.0);
    (outcome, gradient)
}

#[test]
fn learning_every_weight_from_conversations_and_texts_is_as_the_trainer_does() {
    let recorded = recorded();
    for kind in ["sft", "cpt"] {
        for (family, run) in recorded[kind].as_object().unwrap() {
            let what = format!("{kind} {family}");
            let (mut decoder, batch) = (decoder(family), batch(&run["rows"]));
            let mut adam = AdamW::new(decoder.layout().count());
            let factor = 1.0 / batch.targets.len() as f32;
            for (step, right) in numbers(&run["losses"]).into_iter().enumerate() {
                let (outcome, gradient) = gradient(&decoder, Change::Whole, &batch, Objective::Likelihood { factor });
                if step == 0 {
                    assert_whole(&what, &decoder, &gradient, &run["gradients"], 1e-3);
                }
                let loss = outcome.loss * f64::from(factor);
                assert!((loss - right).abs() < 1e-3, "{what} step {step}: the loss is {loss} where {right} is right");
                decoder.update(&mut adam, &gradient, rate(FULL_RATE, step), DECAY).unwrap();
            }
            assert_whole(&what, &decoder, &weights(&decoder), &run["final"], 1e-2);
        }
    }
}

#[test]
fn a_weighted_turn_counts_by_its_share() {
    let run = &recorded()["weighted"]["gemma3"];
    let (decoder, batch) = (decoder("gemma3"), batch(&run["rows"]));
    let factor = 1.0 / batch.targets.len() as f32;
    let mut gradient = vec![0.0; decoder.layout().count()];
    let outcome = decoder.train(Change::Whole, &batch, Objective::Likelihood { factor }, &mut gradient).unwrap();
    let (loss, right) = (outcome.loss * f64::from(factor), run["loss"].as_f64().unwrap());
    assert!((loss - right).abs() < 1e-3, "{loss} where {right} is right");
    assert_whole("weighted", &decoder, &gradient, &run["gradients"], 1e-3);
}

/// The likelihoods of pairs as the model is now, which is what they are measured against later.
fn references(decoder: &Decoder, parameters: Option<&Parameters>, batch: &Packed) -> Vec<Reference> {
    let found = decoder.log_likelihoods(parameters, batch).unwrap();
    found.chunks(2).map(|two| Reference { chosen: two[0], rejected: two[1], weight: 1.0 }).collect()
}

fn assert_step(what: &str, run: &Value, step: usize, outcome: &Outcome) {
    let count = outcome.judgements.len() as f64;
    let mean = |value: fn(&Judgement) -> f64| outcome.judgements.iter().map(value).sum::<f64>() / count;
    let told = &run["steps"][step];
    let compared = [
        ("loss", outcome.loss / count, run["losses"][step].as_f64().unwrap()),
        ("chosen", mean(|j| j.chosen), told["chosen"].as_f64().unwrap()),
        ("rejected", mean(|j| j.rejected), told["rejected"].as_f64().unwrap()),
        ("margin", mean(|j| j.chosen - j.rejected), told["margin"].as_f64().unwrap()),
    ];
    for (name, found, right) in compared {
        // Rewards of the reference are sums of f32 logarithms; those of size three have three digits after the point.
        let tolerance = if name == "loss" { 1e-3 } else { 5e-3 };
        assert!((found - right).abs() < tolerance, "{what} step {step}: {name} is {found} where {right} is right");
    }
    // Two steps have nothing learnt yet: there the signs are only noise.
    if step > 1 {
        let accuracy = mean(|j| f64::from(u8::from(j.chosen > j.rejected)));
        assert_eq!(accuracy, told["accuracy"].as_f64().unwrap(), "{what} step {step}");
    }
}

#[test]
fn learning_every_weight_from_preferences_is_as_trl_does() {
    for (family, run) in recorded()["dpo_full"].as_object().unwrap() {
        let what = format!("dpo_full {family}");
        let (mut decoder, batch) = (decoder(family), pairs(&run["pairs"]));
        let references = references(&decoder, None, &batch);
        let mut adam = AdamW::new(decoder.layout().count());
        let factor = 1.0 / references.len() as f32;
        for step in 0..10 {
            let objective = Objective::Preference { factor, beta: BETA, references: &references };
            let (outcome, gradient) = gradient(&decoder, Change::Whole, &batch, objective);
            if step == 0 {
                assert_whole(&what, &decoder, &gradient, &run["gradients"], 1e-3);
            }
            assert_step(&what, run, step, &outcome);
            decoder.update(&mut adam, &gradient, rate(FULL_RATE, step), DECAY).unwrap();
        }
        assert_whole(&what, &decoder, &weights(&decoder), &run["final"], 1e-2);
    }
}

#[test]
fn learning_an_adapter_from_preferences_is_as_trl_does() {
    for (family, run) in recorded()["dpo_lora"].as_object().unwrap() {
        let what = format!("dpo_lora {family}");
        let (decoder, batch) = (decoder(family), pairs(&run["pairs"]));
        let mut adapter = Adapter::load(&fixtures().join("tiny-models").join(family).join("adapter")).unwrap();
        // As the recording began: the model is still its base.
        adapter.modules.values_mut().for_each(|pair| pair.b.fill(0.0));
        let mut parameters = Parameters::from_adapter(decoder.config(), &adapter).unwrap();
        let references = references(&decoder, Some(&parameters), &batch);
        let mut adam = AdamW::new(parameters.values.len());
        let factor = 1.0 / references.len() as f32;
        for step in 0..10 {
            let change = Change::Pairs { parameters: &parameters, key: 0 };
            let objective = Objective::Preference { factor, beta: BETA, references: &references };
            let (outcome, gradient) = gradient(&decoder, change, &batch, objective);
            if step == 0 {
                assert_pairs(&what, &parameters, &gradient, &run["gradients"], 1e-3);
            }
            assert_step(&what, run, step, &outcome);
            adam.update(&mut parameters.values, &gradient, rate(LORA_RATE, step), DECAY);
        }
        assert_pairs(&what, &parameters, &parameters.values, &run["final"], 1e-2);
    }
}

fn assert_pairs(what: &str, parameters: &Parameters, values: &[f32], right: &Value, tolerance: f64) {
    for slot in &parameters.slots {
        for (letter, range) in [("A", &slot.a), ("B", &slot.b)] {
            let name = format!("{}.lora_{letter}.weight", slot.module);
            assert_outline(&format!("{what} {name}"), &values[range.clone()], &right[&name], tolerance);
        }
    }
}

#[test]
fn every_schedule_moves_the_rate_as_transformers_does() {
    for schedule in recorded()["schedules"].as_array().unwrap() {
        let kind: Scheduler = serde_json::from_value(schedule["kind"].clone()).expect("the wire's name is known");
        let warmup = schedule["warmup"].as_u64().unwrap();
        let found = Schedule::new(kind, 0.5, warmup as f64 / 20.0, 20);
        for (done, right) in numbers(&schedule["rates"]).into_iter().enumerate() {
            let rate = found.rate(done as u64);
            assert!(
                (rate - right).abs() < 1e-9,
                "{kind:?} warm-up {warmup} after {done}: {rate} where {right} is right"
            );
        }
    }
}

#[test]
fn the_rate_falls_on_a_plateau_as_pytorch_has_it() {
    let plateau = &recorded()["plateau"];
    let mut found = Plateau::default();
    for (loss, right) in numbers(&plateau["losses"]).into_iter().zip(numbers(&plateau["rates"])) {
        found.see(loss, 0.5);
        assert!(
            (0.5 * found.factor - right).abs() < 1e-9,
            "after {loss}: {} where {right} is right",
            0.5 * found.factor
        );
    }
}
