//! Models and people that misbehave.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pc_app::api::{ChatTarget, ProposalDraft, Quant};
use pc_base::{Cancel, Language};
use pc_testkit::TinyModel;

use crate::cloud::Said;
use crate::{Desk, code, good, opened, silent};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_and_inventions_are_told_in_sentences_and_never_become_drafts() {
    let script = |prompt: &str| {
        if prompt.contains("58 元") {
            Said::Text("Lorem ipsum {{{ [[ 问 答 \u{0}\u{7}".into())
        } else if prompt.contains("500 元") {
            Said::Text("问：押金多少？\n答：押金 800 元。\n问：押金退吗？\n答：退房检查后退还。".into())
        } else {
            Said::Text("问：有泳池吗？\n答：屋顶露天恒温泳池全年向会员开放。".into())
        }
    };
    let desk = Desk::new(script).await;
    let made = desk.draft(desk.documents(), &Cancel::default()).await.unwrap();
    let drafts = desk.list().await;
    assert_eq!((made.made, drafts.len(), drafts[0].question.as_str()), (1, 1, "押金退吗？"));
    assert_eq!(made.failed_total, 3);
    assert!(made.failed[0].contains("Lorem ipsum") && !made.failed[0].contains('\u{7}'), "{:?}", made.failed);
    assert!(made.failed[1].contains("800") && made.failed[1].contains("手册.md，押金"), "{:?}", made.failed);
    assert!(made.failed[2].contains("有泳池吗"), "{:?}", made.failed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_never_ends_is_stopped_and_what_is_whole_in_it_is_used() {
    let script = |prompt: &str| {
        if prompt.contains("58 元") {
            Said::Endless("问：早餐几点开始？\n答：早餐从六点半开始。\n".into())
        } else {
            Said::Endless("啦啦啦".into())
        }
    };
    let desk = Desk::new(script).await;
    let start = Instant::now();
    let made = desk.draft(desk.documents(), &Cancel::default()).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(45), "{:?}", start.elapsed());
    assert_eq!((made.made, desk.list().await.len()), (1, 1), "{:?}", made.failed);
    let endless = made.failed.iter().filter(|sentence| sentence.contains("啦啦啦")).count();
    assert_eq!(endless, 2, "{:?}", made.failed);
    assert!(made.failed.len() <= 20 && made.failed_total >= made.failed.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_in_the_middle_is_quick_and_keeps_what_was_drafted() {
    let script = |prompt: &str| if prompt.contains("500 元") { Said::Silence } else { good(prompt) };
    let desk = Desk::new(script).await;
    let cancel = Cancel::default();
    let stops = async {
        while desk.list().await.is_empty() || desk.cloud.asked() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        cancel.cancel();
        Instant::now()
    };
    let (ended, since) = tokio::join!(desk.draft(desk.documents(), &cancel), stops);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert_eq!(code(&ended.unwrap_err()), "cancelled");
    assert_eq!(desk.list().await.len(), 2, "those of the first passage");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_ends_at_once_has_lost_nothing_that_was_stored() {
    let script = |prompt: &str| if prompt.contains("500 元") { Said::Silence } else { good(prompt) };
    let desk = Desk::new(script).await;
    let cancel = Cancel::default();
    tokio::select! {
        ended = desk.draft(desk.documents(), &cancel) => panic!("it waits for ever: {ended:?}"),
        () = async {
            while desk.cloud.asked() < 2 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        } => {}
    }
    let rows = opened(&desk.home).proposal_list(pc_app::api::Empty {}, Language::English).await.unwrap();
    assert_eq!(rows.len(), 2, "nobody ended the drafting, and both are there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_refusal_is_a_sentence_and_three_in_a_row_are_the_end() {
    let count = AtomicU64::new(0);
    let script = move |prompt: &str| match count.fetch_add(1, Ordering::Relaxed) {
        1 => Said::Refusal,
        _ => good(prompt),
    };
    let desk = Desk::new(script).await;
    let made = desk.draft(desk.documents(), &Cancel::default()).await.unwrap();
    assert_eq!((made.made, made.failed_total), (3, 1), "{:?}", made.failed);
    assert!(made.failed[0].starts_with("手册.md，押金："), "{:?}", made.failed);

    let desk = Desk::new(|_| Said::Refusal).await;
    desk.draft(desk.documents(), &Cancel::default()).await.expect_err("nobody answers");
    assert_eq!(desk.cloud.asked(), 3, "a fourth time is not tried");
    assert!(desk.list().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wishes_without_measure_are_refused() {
    let desk = Desk::new(good).await;
    let target = ChatTarget::Cloud { deployed_model: "tiny".into() };
    let asked = ProposalDraft { from: desk.documents(), target, each: 2, limit: 5, instruction: String::new() };
    for wrong in [
        ProposalDraft { each: 0, ..asked.clone() },
        ProposalDraft { each: 11, ..asked.clone() },
        ProposalDraft { limit: 0, ..asked.clone() },
        ProposalDraft { limit: 1_000_000, ..asked.clone() },
        ProposalDraft { instruction: "长".repeat(3_000), ..asked.clone() },
    ] {
        let refused = desk.app.proposal_draft(wrong, Language::English, &silent(&Cancel::default())).await;
        assert_eq!(code(&refused.unwrap_err()), "input_invalid");
    }
    assert_eq!(desk.cloud.asked(), 0);
}

/// A model of a few thousand weights says nonsense; the way to it is the one of every local model.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tiny_real_model_is_asked_and_its_nonsense_is_told_as_such() {
    let desk = Desk::new(good).await;
    TinyModel::load("qwen3").copy_to(&desk.home.places.base_model("qwen3-0.6b"));
    let target = ChatTarget::Local { model: "qwen3-0.6b".into(), quant: Quant::F32 };
    let asked = ProposalDraft { from: desk.documents(), target, each: 1, limit: 2, instruction: String::new() };
    let made = desk.app.proposal_draft(asked, Language::English, &silent(&Cancel::default())).await.unwrap();
    assert_eq!((made.made, made.batch.as_str(), desk.cloud.asked()), (0, "", 0), "{:?}", made.failed);
    assert_eq!(made.failed_total, 2, "each passage is told once: {:?}", made.failed);
    assert!(desk.list().await.is_empty());
}
