//! Damaged folders, prompts that do not fit, stopping, and what quantisation costs on tiny models.

use std::ops::ControlFlow;

use crate::common::{FAMILIES, Reference, exported, ids, opened, tiny};
use pc_base::{Cancel, Code, Coded, Silent};
use pc_exporter::{ExportJob, Quant, export};
use pc_model::ModelFolder;
use pc_runtime::{Chat, FinishReason, Options, Said, Sampling, divergence};

fn code(error: &anyhow::Error) -> Code {
    error.downcast_ref::<Coded>().expect("a person can read why").code
}

fn keep_going(_: &str) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn quantised_models_stay_close_in_every_family() {
    for family in FAMILIES {
        let root = tempfile::tempdir().unwrap();
        let exact = exported(&tiny(family), None, Quant::F32, root.path());
        pc_runtime::init_default().unwrap();
        // Random tiny weights make flat distributions; the bounds are several times what was measured.
        for (quant, bound) in [(Quant::Int8, 1e-3), (Quant::Int4, 2e-2)] {
            let dir = exported(&tiny(family), None, quant, root.path());
            let text = "早餐包含在房价里吗？ Is breakfast included in the room rate?";
            let distance = divergence(&exact, &dir, Options::default(), text, &Cancel::default()).unwrap();
            assert!(distance.mean_kl < bound, "{family} {}: {distance:?}", quant.name());
        }
    }
}

#[test]
fn a_full_folder_is_refused_and_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let kept = root.path().join("mine.txt");
    pc_base::write_atomic(&kept, b"mine").unwrap();
    let source = ModelFolder::open(&tiny("qwen2")).unwrap();
    let job = ExportJob { source: &source, adapter: None, dir: root.path().to_owned(), quant: Quant::F32 };
    let error = export(&job, &Silent, &Cancel::default()).unwrap_err();
    assert_eq!((code(&error), std::fs::read(kept).unwrap()), (Code::InputInvalid, b"mine".to_vec()));
}

#[test]
fn a_cancelled_export_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let source = ModelFolder::open(&tiny("qwen2")).unwrap();
    let cancel = Cancel::default();
    cancel.cancel();
    let job = ExportJob { source: &source, adapter: None, dir: root.path().join("out"), quant: Quant::Int4 };
    assert_eq!(code(&export(&job, &Silent, &cancel).unwrap_err()), Code::Cancelled);
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0, "the half-written folder is removed");
}

#[test]
fn damaged_folders_are_refused_by_code() {
    let root = tempfile::tempdir().unwrap();
    let dir = exported(&tiny("llama"), None, Quant::F32, root.path());
    drop(opened(&dir));
    let model = std::fs::read(dir.join("model.onnx")).unwrap();
    pc_base::write_atomic(&dir.join("model.onnx"), &model[..model.len() / 2]).unwrap();
    let opened = |verify| Chat::open(&dir, Options { verify, ..Options::default() }).err().expect("half a graph");
    assert_eq!(code(&opened(true)), Code::ModelHashWrong, "the hash tells before the library reads it");
    assert_eq!(code(&opened(false)), Code::ModelFileInvalid, "the library's own error has words too");
    std::fs::remove_file(dir.join("partner.json")).unwrap();
    assert_eq!(code(&opened(false)), Code::FileNotFound, "a folder of somebody else's has no manifest");
}

#[test]
fn prompts_that_cannot_be_read_are_refused_and_the_model_stays_usable() {
    let root = tempfile::tempdir().unwrap();
    let dir = exported(&tiny("qwen3"), None, Quant::F32, root.path());
    drop(opened(&dir));
    let mut chat = Chat::open(&dir, Options { context: Some(8), ..Options::default() }).unwrap();
    assert_eq!(code(&chat.logits(&[]).unwrap_err()), Code::InputInvalid);
    assert_eq!(code(&chat.logits(&[1, 99_999]).unwrap_err()), Code::InputInvalid);
    assert_eq!(code(&chat.logits(&[5; 9]).unwrap_err()), Code::ContextFull);
    let answer = chat.generate(&[5; 6], &Sampling::default(), &mut keep_going, &Cancel::default()).unwrap();
    assert!(answer.output_tokens <= 3, "two more tokens fit, and the last one need not be read");
}

#[test]
fn a_prompt_that_begins_alike_is_not_read_again() {
    let root = tempfile::tempdir().unwrap();
    let mut chat = opened(&exported(&tiny("gemma3"), None, Quant::F32, root.path()));
    let prompt = ids(&Reference::read("gemma3").prompts[0]["input_ids"]);
    let sampling = Sampling { max_tokens: 4, ..Sampling::default() };
    let first = chat.generate(&prompt, &sampling, &mut keep_going, &Cancel::default()).unwrap();
    let again = chat.generate(&prompt, &sampling, &mut keep_going, &Cancel::default()).unwrap();
    assert_eq!((first.cached_tokens, again.cached_tokens), (0, prompt.len() - 1), "only the last token is read anew");
    assert_eq!(first.ids, again.ids, "the cache changes no answer");
}

#[test]
fn every_token_comes_with_its_chances_and_the_bytes_of_the_text() {
    let root = tempfile::tempdir().unwrap();
    for family in ["qwen3", "gemma3"] {
        let mut chat = opened(&exported(&tiny(family), None, Quant::F32, &root.path().join(family)));
        let prompt = ids(&Reference::read(family).prompts[0]["input_ids"]);
        let sampling = Sampling { max_tokens: 12, logprobs: Some(3), ..Sampling::default() };
        let (mut tokens, mut text) = (Vec::new(), String::new());
        let mut hear = |said: Said<'_>| {
            text.push_str(said.text);
            tokens.extend_from_slice(said.tokens);
            ControlFlow::Continue(())
        };
        let answer = chat.tell(&prompt, &sampling, &mut hear, &Cancel::default()).unwrap();
        assert_eq!(tokens.iter().map(|token| token.chosen.id).collect::<Vec<_>>(), answer.ids);
        assert_eq!(text, answer.text);
        for token in &tokens {
            assert_eq!(token.chosen, token.top[0], "greedy takes the likeliest");
            assert!(token.chosen.logprob <= 0.0 && token.top.is_sorted_by(|a, b| a.logprob >= b.logprob));
        }
        let bytes: Vec<u8> = tokens.iter().flat_map(|token| token.chosen.bytes.clone()).collect();
        let told = String::from_utf8_lossy(&bytes).into_owned();
        assert!(told == text || told.trim_start() == text.trim_start(), "{family}: {told:?} is not {text:?}");
        // The last logits are those that the log probabilities were taken of.
        let logits = chat.logits(&prompt).unwrap();
        let all = logits.iter().map(|logit| f64::from(*logit).exp()).sum::<f64>().ln();
        let expected = f64::from(logits[answer.ids[0] as usize]) - all;
        assert!((f64::from(tokens[0].chosen.logprob) - expected).abs() < 1e-3);
    }
}

#[test]
fn an_answer_stops_when_its_reader_or_a_cancel_says_so() {
    let root = tempfile::tempdir().unwrap();
    let mut chat = opened(&exported(&tiny("qwen2"), None, Quant::F32, root.path()));
    let prompt = ids(&Reference::read("qwen2").prompts[1]["input_ids"]);
    let cancel = Cancel::default();
    let sampling = Sampling { max_tokens: 24, ..Sampling::default() };
    let mut stop = |_: &str| ControlFlow::Break(());
    let stopped = chat.generate(&prompt, &sampling, &mut stop, &cancel).unwrap();
    assert!(stopped.finish_reason == FinishReason::Cancelled && stopped.output_tokens < 24, "the reader hung up");
    cancel.cancel();
    let error = chat.generate(&[7, 8], &sampling, &mut keep_going, &cancel).unwrap_err();
    assert_eq!(code(&error), Code::Cancelled, "a cancel before the first token gives no answer");
}
