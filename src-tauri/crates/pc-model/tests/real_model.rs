//! The real base model of the embedded cloud, as set-up fetched it: tokenizer, shape and values of its GGUF file.
//! Its absence is a failure, because `cargo xtask setup` puts it in the cache before tests run.

use std::io::Read as _;
use std::path::Path;

use pc_base::{Code, Coded, Places};
use pc_model::{ModelFolder, RenderOptions, Tokenizer};
use serde_json::{Value, json};

fn model() -> ModelFolder {
    let folder = Places::from_env().unwrap().base_model("gemma-3-270m");
    ModelFolder::open(&folder).unwrap_or_else(|e| panic!("run `cargo xtask setup` first: {e:#}"))
}

fn reference() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/gemma-3-270m-reference.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn code(error: &anyhow::Error) -> Code {
    error.downcast_ref::<Coded>().expect("a refusal has a code").code
}

#[test]
fn the_base_models_text_becomes_the_reference_ids() {
    let folder = model();
    let tokenizer = folder.tokenizer().unwrap();
    let again = Tokenizer::from_bytes(tokenizer.to_json().unwrap().as_bytes()).unwrap();
    let reference = reference();
    for prompt in reference["prompts"].as_array().unwrap() {
        let text = prompt["text"].as_str().unwrap();
        let want = numbers(&prompt["input_ids"]);
        assert_eq!(folder.encode_with_bos(&tokenizer, text).unwrap(), want, "{text}");
        assert_eq!(folder.encode_with_bos(&again, text).unwrap(), want, "through tokenizer.json: {text}");
        let answer = numbers(&prompt["greedy_24_ids"]);
        assert_eq!(tokenizer.decode(&answer, true).unwrap(), prompt["greedy_24_text"].as_str().unwrap());
        let mut stream = tokenizer.stream();
        let mut streamed: String = answer.iter().map(|id| stream.push(*id).unwrap()).collect();
        streamed.push_str(&stream.finish().unwrap());
        assert_eq!(streamed, prompt["greedy_24_text"].as_str().unwrap(), "a stream is the same text in pieces");
    }
}

#[test]
fn runs_of_spaces_lines_and_unknown_characters_keep_their_tokens() {
    let tokenizer = model().tokenizer().unwrap();
    let pieces = |text: &str| -> Vec<String> {
        tokenizer.encode(text).unwrap().into_iter().map(|id| tokenizer.token_of(id).unwrap()).collect()
    };
    assert_eq!(pieces("a   b\n\n\tc"), ["a", "   ", "b", "\n\n", "\t", "c"], "user-defined tokens come before merges");
    assert_eq!(pieces("𝔘"), ["<0xF0>", "<0x9D>", "<0x94>", "<0x98>"], "no piece has it, so its bytes stand for it");
    assert_eq!(pieces("<end_of_turn> x"), ["<end_of_turn>", "▁x"]);
    for text in ["  两个空格 ", "tab\tand\r\nline", "€🙂𝔘", " <b>&amp;</b> "] {
        assert_eq!(tokenizer.decode(&tokenizer.encode(text).unwrap(), false).unwrap(), text, "nothing is lost");
    }
}

#[test]
fn the_base_models_template_folds_the_system_text_into_the_first_turn() {
    let folder = model();
    let (template, tokenizer) = (folder.chat_template().unwrap(), folder.tokenizer().unwrap());
    let messages = [json!({"role": "system", "content": "Be brief."}), json!({"role": "user", "content": "Hi"})];
    let options = RenderOptions { add_generation_prompt: true, ..RenderOptions::default() };
    let text = template.render(&messages, &options).unwrap();
    assert_eq!(text, "<bos><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\n");
    let ids = tokenizer.encode(&text).unwrap();
    assert_eq!(ids.iter().filter(|id| **id == 2).count(), 1, "one BOS, written by the template");
    let stops = folder.stop_ids(&tokenizer);
    assert!(stops.contains(&1) && stops.contains(&tokenizer.id_of("<end_of_turn>").unwrap()), "{stops:?}");
}

#[test]
fn the_base_models_norms_and_sizes_follow_hugging_faces_convention() {
    let folder = model();
    let config = &folder.config;
    assert_eq!((config.hidden_size, config.num_layers, config.head_dim, config.vocab_size), (640, 18, 256, 262_144));
    assert_eq!(config.layers.iter().filter(|layer| layer.sliding_window.is_none()).count(), 3, "every sixth sees all");
    let weights = folder.weights().unwrap();
    assert_eq!(weights.names().len(), 236, "the tied head is not stored");
    let embedding = weights.f32_shaped("model.embed_tokens.weight", &[262_144, 640]).unwrap();
    assert!(embedding.iter().all(|value| value.is_finite()), "every block de-quantises to numbers");
}

#[test]
fn a_damaged_file_is_refused_by_code_and_never_panics() {
    let work = tempfile::tempdir().unwrap();
    let path = work.path().join("model.gguf");
    let real = Places::from_env().unwrap().base_model("gemma-3-270m").join("model.gguf");
    let mut whole = Vec::new();
    std::fs::File::open(real).unwrap().take(4_000_000).read_to_end(&mut whole).unwrap();
    for length in [0, 3, 4, 12, 24, 100, 5_000, 4_000_000] {
        pc_base::write_atomic(&path, &whole[..length]).unwrap();
        let refused = ModelFolder::open(&path).err().expect("a part of a file is not a model");
        assert!(matches!(code(&refused), Code::ModelFileTruncated | Code::ModelFileInvalid), "{length}: {refused:#}");
    }
    let mut hostile = whole[..24].to_vec();
    hostile[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    pc_base::write_atomic(&path, &hostile).unwrap();
    assert_eq!(
        code(&ModelFolder::open(&path).err().unwrap()),
        Code::ModelFileTruncated,
        "a hostile count allocates nothing"
    );
}
