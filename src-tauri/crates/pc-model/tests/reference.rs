//! What Transformers rendered and encoded for the tiny model of each family, and for the real base model.

use std::path::{Path, PathBuf};

use pc_base::{Code, Coded, Places};
use pc_model::{Adapter, ChatTemplate, ModelFolder, RenderOptions, training_example};
use serde_json::{Value, json};

const FAMILIES: [&str; 4] = ["qwen2", "qwen3", "llama", "gemma3"];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures")
}

fn tiny(family: &str) -> PathBuf {
    fixtures().join("tiny-models").join(family)
}

fn json_file(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn base_model() -> ModelFolder {
    let folder = Places::from_env().unwrap().base_model("gemma-3-270m");
    ModelFolder::open(&folder).expect("the base model is on this machine; run `cargo xtask setup`")
}

fn code(error: &anyhow::Error) -> Code {
    error.downcast_ref::<Coded>().expect("a refusal has a code").code
}

#[test]
fn every_family_renders_and_encodes_as_transformers_does() {
    for family in FAMILIES {
        let folder = ModelFolder::open(&tiny(family)).unwrap();
        let (template, tokenizer) = (folder.chat_template().unwrap(), folder.tokenizer().unwrap());
        for prompt in json_file(&tiny(family).join("reference.json"))["prompts"].as_array().unwrap() {
            let options = RenderOptions { add_generation_prompt: true, ..RenderOptions::default() };
            let rendered = template.render(prompt["messages"].as_array().unwrap(), &options).unwrap();
            assert_eq!(rendered, prompt["rendered"].as_str().unwrap(), "{family}: the template's text");
            assert_eq!(tokenizer.encode(&rendered).unwrap(), numbers(&prompt["input_ids"]), "{family}: its ids");
        }
    }
}

#[test]
fn every_tensor_has_the_shape_that_the_config_promises() {
    for family in FAMILIES {
        let folder = ModelFolder::open(&tiny(family)).unwrap();
        let (config, weights) = (&folder.config, folder.weights().unwrap());
        assert_eq!(config.layers.len(), 3, "{family}");
        let q =
            weights.f32_shaped("model.layers.2.self_attn.q_proj.weight", &[config.query_size(), config.hidden_size]);
        assert!(q.unwrap().iter().all(|value| value.is_finite()), "{family}: weights are numbers");
        assert_eq!(
            weights.has("lm_head.weight"),
            !config.tie_word_embeddings,
            "{family}: a tied head is not stored twice"
        );
    }
}

#[test]
fn a_peft_adapter_survives_a_round_trip_and_changes_only_what_it_names() {
    for family in FAMILIES {
        let adapter = Adapter::load(&tiny(family).join("adapter")).unwrap();
        let copy = tempfile::tempdir().unwrap();
        adapter.save(copy.path()).unwrap();
        let mut again = Adapter::load(copy.path()).unwrap();
        again.target_modules.clone_from(&adapter.target_modules);
        assert_eq!(again, adapter, "{family}: what was saved is what was loaded");
        let folder = ModelFolder::open(&tiny(family)).unwrap();
        let (plain, merged) = (folder.weights().unwrap(), folder.weights().unwrap().with_adapter(adapter).unwrap());
        for (name, changes) in [("model.layers.0.mlp.up_proj.weight", true), ("model.norm.weight", false)] {
            assert_eq!(plain.f32(name).unwrap() != merged.f32(name).unwrap(), changes, "{family}: {name}");
        }
    }
}

#[test]
fn only_the_assistants_words_and_the_end_of_its_turn_are_learnt() {
    let folder = ModelFolder::open(&tiny("qwen2")).unwrap();
    let (template, tokenizer) = (folder.chat_template().unwrap(), folder.tokenizer().unwrap());
    let messages = [
        json!({"role": "user", "content": "when is breakfast"}),
        json!({"role": "assistant", "content": "at six"}),
        json!({"role": "user", "content": "thanks"}),
        json!({"role": "assistant", "content": "welcome"}),
    ];
    let example = training_example(&tokenizer, &template, &messages).unwrap();
    let learnt: Vec<u32> =
        example.ids.iter().zip(&example.labels).filter(|(_, learnt)| **learnt).map(|(id, _)| *id).collect();
    assert_eq!(
        tokenizer.decode(&learnt, false).unwrap(),
        "at six<|im_end|>welcome<|im_end|>",
        "both turns, nothing else"
    );
}

#[test]
fn the_base_models_text_becomes_the_reference_ids() {
    let folder = base_model();
    let tokenizer = folder.tokenizer().unwrap();
    let reference = json_file(&fixtures().join("gemma-3-270m-reference.json"));
    for prompt in reference["prompts"].as_array().unwrap() {
        let text = prompt["text"].as_str().unwrap();
        let ids = [vec![folder.config.bos.unwrap()], tokenizer.encode(text).unwrap()].concat();
        assert_eq!(ids, numbers(&prompt["input_ids"]), "{text}");
        let answer = numbers(&prompt["greedy_24_ids"]);
        assert_eq!(tokenizer.decode(&answer, true).unwrap(), prompt["greedy_24_text"].as_str().unwrap());
        let mut stream = tokenizer.stream();
        let mut streamed: String = answer.iter().map(|id| stream.push(*id).unwrap()).collect();
        streamed.push_str(&stream.finish().unwrap());
        assert_eq!(streamed, prompt["greedy_24_text"].as_str().unwrap(), "a stream is the same text in pieces");
    }
}

#[test]
fn the_base_models_template_folds_the_system_text_into_the_first_turn() {
    let folder = base_model();
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
    let folder = base_model();
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
    let whole = std::fs::read(Places::from_env().unwrap().base_model("gemma-3-270m").join("model.gguf")).unwrap();
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

#[test]
fn an_index_cannot_lead_out_of_its_folder() {
    let work = tempfile::tempdir().unwrap();
    let config = std::fs::read(tiny("qwen2").join("config.json")).unwrap();
    pc_base::write_atomic(&work.path().join("config.json"), &config).unwrap();
    let index = json!({"weight_map": {"model.norm.weight": "../../secret.safetensors"}});
    pc_base::write_atomic(&work.path().join("model.safetensors.index.json"), index.to_string().as_bytes()).unwrap();
    let refused = ModelFolder::open(work.path()).unwrap().weights().err().expect("the path leads outside");
    assert_eq!(code(&refused), Code::ModelFileInvalid);
}

#[test]
fn a_template_cannot_run_for_ever() {
    let endless = ChatTemplate::new(
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        Default::default(),
    );
    assert_eq!(code(&endless.render(&[], &RenderOptions::default()).unwrap_err()), Code::TemplateInvalid);
    let refusing = ChatTemplate::new("{{ raise_exception('no tools here') }}", Default::default());
    let error = refusing.render(&[], &RenderOptions::default()).unwrap_err();
    assert!(error.to_string().contains("no tools here"), "the template's own words reach the reader: {error}");
}

#[test]
fn python_spellings_reach_the_text() {
    let render = |source: &str, value: Value| {
        let options =
            RenderOptions { variables: [("v".to_owned(), value)].into_iter().collect(), ..RenderOptions::default() };
        ChatTemplate::new(source, Default::default()).render(&[], &options).unwrap()
    };
    assert_eq!(render("{{ v }}", json!([true, null, "it's", {"a": 1.0}])), r#"[True, None, "it's", {'a': 1.0}]"#);
    assert_eq!(
        render("{{ v | tojson }}", json!({"城": "a<b>&'\"", "n": [1, 2]})),
        r#"{"城": "a<b>&'\"", "n": [1, 2]}"#
    );
    assert_eq!(
        render("{{ v | tojson(indent=2) }}", json!({"a": [1], "b": {}})),
        "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}"
    );
    assert_eq!(render("{{ v.split('</think>')[-1].lstrip('\\n') }}", json!("<think>x</think>\n\nhi")), "hi");
    assert_eq!(render("{% for m in v[::-1] %}{{ m }}{% endfor %}", json!([1, 2, 3])), "321");
    assert_eq!(
        render(
            "{%- set ns = namespace(n=0) %}{% for m in v %}{% set ns.n = ns.n + m %}{% endfor %}{{ ns.n }}",
            json!([1, 2])
        ),
        "3"
    );
}
