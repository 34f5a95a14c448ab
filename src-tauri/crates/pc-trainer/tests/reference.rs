//! The decoder against recorded answers of PyTorch + Transformers + PEFT on a tiny model of each family: logits, logits
//! with an adapter, step-0 gradients, ten AdamW losses, final matrices. Deliberately absent: the training loop around it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use pc_base::Cancel;
use pc_model::{Adapter, ModelFolder};
use pc_trainer::{AdamW, Change, Decoder, Objective, Packed, Parameters};

const FAMILIES: [&str; 4] = ["qwen2", "qwen3", "llama", "gemma3"];

fn folder(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/tiny-models").join(family)
}

struct Fixture {
    decoder: Decoder,
    adapter: Adapter,
    tensors: HashMap<String, Tensor>,
    json: serde_json::Value,
}

fn open(family: &str) -> Fixture {
    let dir = folder(family);
    let model = ModelFolder::open(&dir).expect("the fixture is there");
    let decoder = Decoder::load(&model.config, &model.weights().unwrap(), &Cancel::default()).unwrap();
    let text = std::fs::read_to_string(dir.join("reference.json")).unwrap();
    Fixture {
        decoder,
        adapter: Adapter::load(&dir.join("adapter")).unwrap(),
        tensors: candle_core::safetensors::load(dir.join("reference.safetensors"), &Device::Cpu).unwrap(),
        json: serde_json::from_str(&text).unwrap(),
    }
}

impl Fixture {
    fn values(&self, name: &str) -> Vec<f32> {
        self.tensors[name].flatten_all().unwrap().to_dtype(DType::F32).unwrap().to_vec1().unwrap()
    }

    /// The rows that the reference was trained on, packed one after another.
    fn batch(&self) -> Packed {
        let ids = self.tensors["train.input_ids"].to_vec2::<i64>().unwrap();
        let labels = self.tensors["train.labels"].to_vec2::<i64>().unwrap();
        let mut batch = Packed::default();
        for (ids, labels) in ids.iter().zip(&labels) {
            let ids: Vec<u32> = ids.iter().map(|id| *id as u32).collect();
            let marks: Vec<bool> = labels.iter().map(|label| *label >= 0).collect();
            batch.push(&ids, &marks);
        }
        batch
    }

    fn prompts(&self) -> Vec<Vec<u32>> {
        let prompts = self.json["prompts"].as_array().unwrap();
        prompts.iter().map(|prompt| serde_json::from_value(prompt["input_ids"].clone()).unwrap()).collect()
    }
}

fn largest_difference(found: &[f32], right: &[f32]) -> f32 {
    assert_eq!(found.len(), right.len(), "the shapes must agree before the values can");
    found.iter().zip(right).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Adds the gradient of the mean loss; answers the summed loss.
fn train(fixture: &Fixture, parameters: &Parameters, batch: &Packed, weight: f32, gradient: &mut [f32]) -> f64 {
    let (change, objective) = (Change::Pairs { parameters, key: 0 }, Objective::Likelihood { factor: weight });
    fixture.decoder.train(change, batch, objective, gradient).unwrap().loss
}

fn packed(rows: &[Vec<u32>]) -> Packed {
    let mut batch = Packed::default();
    rows.iter().for_each(|ids| batch.push(ids, &vec![false; ids.len()]));
    batch
}

#[test]
fn logits_are_the_references_with_and_without_the_adapter() {
    for family in FAMILIES {
        let fixture = open(family);
        let adapter = Parameters::from_adapter(fixture.decoder.config(), &fixture.adapter).unwrap();
        // Both prompts in one packed batch: a row that saw its neighbour would differ from the reference.
        let batch = packed(&fixture.prompts());
        for (name, parameters) in [("logits", None), ("adapter_logits", Some(&adapter))] {
            let right =
                [fixture.values(&format!("prompt0.{name}")), fixture.values(&format!("prompt1.{name}"))].concat();
            let off = largest_difference(&fixture.decoder.logits(parameters, &batch).unwrap(), &right);
            assert!(off < 1e-3, "{family} {name}: off by {off}");
        }
    }
}

#[test]
fn gradients_losses_and_final_matrices_are_the_references() {
    for family in FAMILIES {
        let fixture = open(family);
        let batch = fixture.batch();
        let mut parameters = Parameters::from_adapter(fixture.decoder.config(), &fixture.adapter).unwrap();
        let weight = 1.0 / batch.targets.len() as f32;
        let losses: Vec<f64> = serde_json::from_value(fixture.json["lora"]["losses"].clone()).unwrap();
        let mut adam = AdamW::new(parameters.values.len());
        for (step, right) in losses.iter().enumerate() {
            let mut gradient = vec![0.0; parameters.values.len()];
            let sum = train(&fixture, &parameters, &batch, weight, &mut gradient);
            let loss = sum / batch.targets.len() as f64;
            if step == 0 {
                assert_matrices(&fixture, &parameters, &gradient, "step0_grad", 1e-3);
            }
            assert!((loss - right).abs() < 1e-3, "{family} step {step}: the loss is {loss} where {right} is right");
            adam.update(&mut parameters.values, &gradient, 1e-2, 0.0);
        }
        assert_matrices(&fixture, &parameters, &parameters.values, "final", 1e-2);
    }
}

/// Each matrix of a flat vector within `tolerance`, relative to the reference matrix's own norm.
fn assert_matrices(fixture: &Fixture, parameters: &Parameters, values: &[f32], what: &str, tolerance: f64) {
    for slot in &parameters.slots {
        for (letter, range) in [("A", &slot.a), ("B", &slot.b)] {
            let name = format!("train.{what}.{}.lora_{letter}.weight", slot.module);
            let right = fixture.values(&name);
            let found = &values[range.clone()];
            let square =
                |values: &mut dyn Iterator<Item = f32>| values.map(|x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
            let norm = square(&mut right.iter().copied());
            let off = square(&mut found.iter().zip(&right).map(|(a, b)| a - b));
            assert!(off <= tolerance * norm, "{name}: off by {:e} of its norm", off / norm);
        }
    }
}

#[test]
fn rows_split_over_several_batches_give_the_same_gradient() {
    let fixture = open("gemma3");
    let parameters = Parameters::from_adapter(fixture.decoder.config(), &fixture.adapter).unwrap();
    let whole = fixture.batch();
    let weight = 1.0 / whole.targets.len() as f32;
    let mut together = vec![0.0; parameters.values.len()];
    train(&fixture, &parameters, &whole, weight, &mut together);
    let mut apart = vec![0.0; parameters.values.len()];
    for segment in &whole.segments {
        let mut one = Packed {
            ids: whole.ids[segment.clone()].to_vec(),
            segments: std::iter::once(0..segment.len()).collect(),
            ..Packed::default()
        };
        for (place, target) in
            whole.places.iter().zip(&whole.targets).filter(|(p, _)| segment.contains(&(**p as usize)))
        {
            one.places.push(place - segment.start as u32);
            one.targets.push(*target);
            one.weights.push(1.0);
        }
        train(&fixture, &parameters, &one, weight, &mut apart);
    }
    let off = largest_difference(&together, &apart);
    assert!(off < 1e-5, "the gradient is a sum over rows, however they are packed: off by {off}");
}
