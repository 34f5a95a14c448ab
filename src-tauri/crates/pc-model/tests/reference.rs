//! What Transformers rendered and encoded for the tiny model of each family, and what is refused.

use std::path::{Path, PathBuf};

use pc_base::{Code, Coded};
use pc_model::{Adapter, ChatTemplate, Learnt, ModelFolder, RenderOptions, training_example};
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
fn a_stream_shows_broken_bytes_as_soon_as_they_cannot_become_a_character() {
    let tokenizer = ModelFolder::open(&tiny("qwen2")).unwrap().tokenizer().unwrap();
    // Continuation bytes without a beginning, as an untrained model repeats them, with a whole character before and after.
    let lost = tokenizer.encode("早").unwrap()[1];
    for (around, broken) in [("早", 3), ("x", 5), ("早餐", 100)] {
        let word = tokenizer.encode(around).unwrap();
        let ids = [word.as_slice(), &vec![lost; broken], &word].concat();
        let mut stream = tokenizer.stream();
        let pieces: Vec<String> = ids.iter().map(|id| stream.push(*id).unwrap()).collect();
        let text = pieces.concat() + &stream.finish().unwrap();
        assert_eq!(text, tokenizer.decode(&ids, true).unwrap(), "nothing is lost or shown twice");
        let shown = pieces[..word.len() + broken].concat().chars().filter(|c| *c == '\u{FFFD}').count();
        assert!(shown + 3 >= broken, "{shown} of {broken} are shown while the answer goes on");
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
    let example = training_example(&tokenizer, &template, (&messages, None), Learnt::EveryTurn).unwrap();
    let learnt: Vec<u32> =
        example.ids.iter().zip(&example.weights).filter(|(_, weight)| **weight > 0.0).map(|(id, _)| *id).collect();
    assert_eq!(
        tokenizer.decode(&learnt, false).unwrap(),
        "at six<|im_end|>welcome<|im_end|>",
        "both turns, nothing else"
    );
}

#[test]
fn a_turn_counts_by_its_weight_and_a_compared_answer_alone() {
    let folder = ModelFolder::open(&tiny("qwen2")).unwrap();
    let (template, tokenizer) = (folder.chat_template().unwrap(), folder.tokenizer().unwrap());
    let messages = [
        json!({"role": "user", "content": "a"}),
        json!({"role": "assistant", "content": "b", "loss_weight": 0.25}),
        json!({"role": "user", "content": "c"}),
        json!({"role": "assistant", "content": "d"}),
    ];
    let learnt = |learnt| {
        let example = training_example(&tokenizer, &template, (&messages, None), learnt).unwrap();
        let rows = example.ids.into_iter().zip(example.weights).filter(|(_, weight)| *weight > 0.0);
        rows.map(|(id, weight)| (tokenizer.decode(&[id], false).unwrap(), weight)).collect::<Vec<_>>()
    };
    let (end, one) = ("<|im_end|>".to_owned(), 1.0);
    let all = [("b".into(), 0.25), (end.clone(), 0.25), ("d".into(), one), (end.clone(), one)];
    assert_eq!(learnt(Learnt::EveryTurn), all);
    assert_eq!(learnt(Learnt::LastMessage), [("d".into(), one), (end, one)], "earlier turns belong to the question");
}

#[test]
fn a_template_that_rewrites_history_still_teaches_every_turn_as_it_is_shown() {
    let folder = ModelFolder::open(&tiny("qwen3")).unwrap();
    let tokenizer = folder.tokenizer().unwrap();
    let source = std::fs::read_to_string(fixtures().join("templates/reasoning.jinja")).unwrap();
    let template =
        ChatTemplate::new(&source.replace("|begin|", "|im_start|").replace("|end|", "|im_end|"), Default::default());
    let messages = [
        json!({"role": "user", "content": "when"}),
        json!({"role": "assistant", "content": "<think>\nhm\n</think>\n\nat six"}),
        json!({"role": "user", "content": "sure"}),
        json!({"role": "assistant", "content": "yes"}),
    ];
    let example = training_example(&tokenizer, &template, (&messages, None), Learnt::EveryTurn).unwrap();
    let learnt = example.ids.iter().zip(&example.weights).filter(|(_, weight)| **weight > 0.0).map(|(id, _)| *id);
    assert_eq!(
        tokenizer.decode(&learnt.collect::<Vec<_>>(), false).unwrap(),
        "at six<|im_end|><think>\n\n</think>\n\nyes<|im_end|>",
        "the old thinking is not shown, so it is not learnt; the words after it are"
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
fn a_template_saved_on_windows_renders_the_same() {
    let template =
        ChatTemplate::new("{% for m in messages %}\r\n{{ m.role }}\r\n{% endfor %}\r\nend", Default::default());
    let text = template.render(&[json!({"role": "user"})], &RenderOptions::default()).unwrap();
    assert_eq!(text, "user\nend", "Jinja2 renders this for both kinds of line end");
}
