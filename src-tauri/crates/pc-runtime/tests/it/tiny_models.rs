//! Every family, exported and run, against what PyTorch, Transformers and PEFT computed for the same tiny model.

use crate::common::{FAMILIES, Reference, exported, greedy, ids, opened, tiny};
use pc_exporter::Quant;
use pc_model::Adapter;

fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= 1e-3 && found.len() == expected.len(), "{what}: off by {worst}");
}

/// The whole prompt at once, and token by token: both ways through the attention must agree with the reference.
fn assert_reference(family: &str, with_adapter: bool) {
    let root = tempfile::tempdir().unwrap();
    let adapter = with_adapter.then(|| Adapter::load(&tiny(family).join("adapter")).unwrap());
    let mut chat = opened(&exported(&tiny(family), adapter.as_ref(), Quant::F32, root.path()));
    let reference = Reference::read(family);
    let (logits, answer) = if with_adapter { ("adapter_logits", "adapter_greedy_24") } else { ("logits", "greedy_24") };
    for (number, prompt) in reference.prompts.iter().enumerate() {
        let prompt_ids = ids(&prompt["input_ids"]);
        let expected = reference.logits(number, logits);
        let last = chat.logits(&prompt_ids).unwrap();
        assert_close(&last, expected.last().unwrap(), &format!("{family}, whole prompt {number}"));
        for length in 1..=prompt_ids.len() {
            let found = chat.logits(&prompt_ids[..length]).unwrap();
            assert_close(&found, &expected[length - 1], &format!("{family}, prompt {number}, position {length}"));
        }
        assert_eq!(greedy(&mut chat, &prompt_ids, 24), ids(&prompt[answer]), "{family}: greedy answers are the same");
    }
}

#[test]
fn base_models_answer_as_the_reference() {
    for family in FAMILIES {
        assert_reference(family, false);
    }
}

#[test]
fn tuned_models_answer_as_the_reference() {
    for family in FAMILIES {
        assert_reference(family, true);
    }
}
