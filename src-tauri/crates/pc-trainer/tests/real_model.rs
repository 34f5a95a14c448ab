//! The decoder on the embedded cloud's real base model, against PyTorch + Transformers: top logits, mean log
//! probability of the prompt, greedy continuation. Deliberately absent: a way round a missing model, which fails.

use std::path::Path;

use pc_base::{Cancel, Places};
use pc_model::ModelFolder;
use pc_trainer::{Decoder, Packed};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    prompts: Vec<Prompt>,
}

#[derive(Deserialize)]
struct Prompt {
    input_ids: Vec<u32>,
    last_position_top8: Vec<(u32, f32)>,
    mean_logprob_of_prompt: f64,
    greedy_24_ids: Vec<u32>,
}

#[test]
fn the_real_model_answers_as_the_reference_does() {
    let folder = Places::from_env().unwrap().base_model("gemma-3-270m");
    assert!(
        folder.join("model.gguf").is_file(),
        "there is no base model in {}: run `cargo xtask setup`",
        folder.display()
    );
    let model = ModelFolder::open(&folder).unwrap();
    let decoder = Decoder::load(&model.config, &model.weights().unwrap(), &Cancel::default()).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/gemma-3-270m-reference.json");
    let reference: Reference = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for prompt in &reference.prompts {
        // Teacher forcing: one pass over prompt and continuation gives every greedy choice at once.
        let ids = [prompt.input_ids.as_slice(), &prompt.greedy_24_ids].concat();
        let mut batch = Packed::default();
        batch.push(&ids, &vec![false; ids.len()]);
        let logits = decoder.logits(None, &batch).unwrap();
        let rows: Vec<&[f32]> = logits.chunks_exact(model.config.vocab_size).collect();
        let last = prompt.input_ids.len() - 1;
        for (id, right) in &prompt.last_position_top8 {
            let off = (rows[last][*id as usize] - right).abs();
            assert!(off < 1e-2, "token {id}: off by {off}");
        }
        for (at, right) in prompt.greedy_24_ids.iter().enumerate() {
            assert_eq!(best(rows[last + at]), *right, "greedy token {at}");
        }
        let mut prompt_only = Packed::default();
        prompt_only.push(&prompt.input_ids, &vec![true; prompt.input_ids.len()]);
        let mean = -decoder.loss(None, &prompt_only).unwrap() / prompt_only.targets.len() as f64;
        assert!((mean - prompt.mean_logprob_of_prompt).abs() < 1e-3, "mean log probability {mean}");
    }
}

fn best(logits: &[f32]) -> u32 {
    let largest = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    largest.map(|(id, _)| id as u32).expect("a vocabulary is not empty")
}
