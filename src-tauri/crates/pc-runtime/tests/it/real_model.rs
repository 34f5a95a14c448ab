//! Gemma 3 270M, exported and run, against what PyTorch and Transformers computed from the same GGUF file.

use crate::common::{exported, fixtures, greedy, ids, opened};
use pc_base::{Cancel, Places};
use pc_exporter::Quant;
use pc_runtime::{Options, divergence};
use serde_json::Value;

#[test]
fn the_real_model_answers_as_the_reference_and_four_bits_stay_near() {
    let root = tempfile::tempdir().unwrap();
    let base = Places::from_env().unwrap().base_model("gemma-3-270m");
    let exact = exported(&base, None, Quant::F32, root.path());
    let text = std::fs::read_to_string(fixtures().join("gemma-3-270m-reference.json")).unwrap();
    let reference: Value = serde_json::from_str(&text).unwrap();
    let mut chat = opened(&exact);
    let prompts = reference["prompts"].as_array().unwrap();
    for prompt in prompts {
        let prompt_ids = ids(&prompt["input_ids"]);
        assert_eq!(
            chat.text(prompt["text"].as_str().unwrap()).unwrap(),
            prompt_ids,
            "the folder's tokenizer is the same"
        );
        let logits = chat.logits(&prompt_ids).unwrap();
        for pair in prompt["last_position_top8"].as_array().unwrap() {
            let (id, logit) = (pair[0].as_u64().unwrap() as usize, pair[1].as_f64().unwrap() as f32);
            assert!((logits[id] - logit).abs() < 5e-3, "{prompt_ids:?}: {id} has {} and not {logit}", logits[id]);
        }
        assert_eq!(greedy(&mut chat, &prompt_ids, 24), ids(&prompt["greedy_24_ids"]), "the same words follow");
    }
    drop(chat);
    let small = exported(&base, None, Quant::Int4, root.path());
    let text: String = prompts.iter().filter_map(|prompt| prompt["greedy_24_text"].as_str()).collect();
    let distance = divergence(&exact, &small, Options::default(), &text, &Cancel::default()).unwrap();
    assert!(distance.mean_kl < 0.15, "a distance that leaves answers sensible: {distance:?}");
}
