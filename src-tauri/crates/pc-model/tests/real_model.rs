//! The real base model of the embedded cloud, as set-up fetched it: tokenizer, shape and values of its GGUF file.
//! Its absence is a failure, because `cargo xtask setup` puts it in the cache before tests run.

use std::path::Path;
use std::time::Instant;

use pc_base::Places;
use pc_model::{Family, ModelFolder, RenderOptions, Tokenizer};
use serde_json::{Value, json};

fn model() -> ModelFolder {
    let folder = Places::from_env().unwrap().base_model("gemma-3-270m");
    ModelFolder::open(&folder).unwrap_or_else(|e| panic!("run `cargo xtask setup` first: {e:#}"))
}

fn reference() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/gemma-3-270m-reference.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

#[test]
fn the_rebuilt_tokenizer_gives_the_references_ids_and_survives_its_own_file() {
    let model = model();
    let started = Instant::now();
    let tokenizer = model.tokenizer().unwrap();
    let took = started.elapsed();
    let again = Tokenizer::from_bytes(tokenizer.to_json().unwrap().as_bytes()).unwrap();
    for prompt in reference()["prompts"].as_array().unwrap() {
        let (text, want) = (prompt["text"].as_str().unwrap(), ids(&prompt["input_ids"]));
        assert_eq!(model.encode_with_bos(&tokenizer, text).unwrap(), want, "{text}");
        assert_eq!(model.encode_with_bos(&again, text).unwrap(), want, "through tokenizer.json: {text}");
        let answer = tokenizer.decode(&ids(&prompt["greedy_24_ids"]), true).unwrap();
        assert_eq!(answer, prompt["greedy_24_text"].as_str().unwrap(), "what the reference decoded");
    }
    eprintln!("tokenizer built in {took:?}");
}
