//! From drafts to rows: judged one by one, kept with where they came from.

use pc_app::api::{
    DatasetKind, DatasetPath, MadeBy, ProposalBatch, ProposalJudge, ProposalKeep, ProposalRow, ProposalSource,
    ProposalState, VersionRow,
};
use pc_base::{Cancel, Language};
use serde_json::{Value, json};

use crate::cloud::Said;
use crate::{Desk, code, good, opened, silent};

async fn judge(desk: &Desk, id: &str, state: ProposalState, answer: Option<&str>) -> anyhow::Result<ProposalRow> {
    let wish = ProposalJudge { id: id.into(), state, question: None, answer: answer.map(str::to_owned) };
    desk.app.proposal_judge(wish, Language::English).await
}

async fn keep(desk: &Desk, batch: &str, dataset: Option<String>) -> anyhow::Result<VersionRow> {
    let wish = ProposalKeep { batch: batch.into(), name: "answers".into(), dataset };
    desk.app.proposal_keep(wish, Language::English, &silent(&Cancel::default())).await
}

fn sources(desk: &Desk, row: &VersionRow) -> Vec<Value> {
    let path = desk.home.places.home.join(format!("datasets/{}-{}.provenance.jsonl", row.dataset, row.version));
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted_drafts_become_a_version_edited_ones_say_so_and_the_waiting_stay() {
    use ProposalState::{Accepted, Rejected};
    let desk = Desk::new(good).await;
    let made = desk.draft(desk.documents(), &Cancel::default()).await.unwrap();
    assert_eq!((made.made, made.kind, desk.cloud.asked()), (4, DatasetKind::Sft, 3), "{:?}", made.failed);
    let all = desk.list().await;
    assert!(
        all.iter().all(|row| row.state == ProposalState::Waiting && row.model == "tiny" && row.batch == made.batch)
    );
    assert_eq!(code(&keep(&desk, &made.batch, None).await.unwrap_err()), "drafts_not_accepted");

    judge(&desk, &all[0].id, Accepted, None).await.unwrap();
    let edited = judge(&desk, &all[1].id, Accepted, Some(" 每位 58 元，儿童免费。 ")).await.unwrap();
    assert!(edited.edited && edited.answer == "每位 58 元，儿童免费。");
    judge(&desk, &all[2].id, Rejected, None).await.unwrap();
    assert_eq!(code(&judge(&desk, &all[0].id, Accepted, Some(" ")).await.unwrap_err()), "input_invalid");
    assert_eq!(
        code(&judge(&desk, &all[0].id, Accepted, Some(&"长".repeat(5_000))).await.unwrap_err()),
        "input_invalid"
    );
    assert_eq!(code(&judge(&desk, "99999", Accepted, None).await.unwrap_err()), "not_found");
    assert_eq!(code(&judge(&desk, "x'; DROP", Accepted, None).await.unwrap_err()), "not_found");

    let row = keep(&desk, &made.batch, None).await.unwrap();
    assert_eq!((row.rows, row.made, row.kind, row.source.as_str()), (2, MadeBy::Drafts, DatasetKind::Sft, "tiny"));
    assert_eq!((row.counts["rows_added"], row.counts["edited"]), (2, 1));
    let told: Vec<(Value, Value, Value)> = sources(&desk, &row)
        .into_iter()
        .map(|source| (source["how"].clone(), source["edited"].clone(), source["place"].clone()))
        .collect();
    assert_eq!(told[0], (json!("drafted"), json!(false), json!("手册.md，早餐")));
    assert_eq!((told.len(), &told[1].1), (2, &json!(true)));
    let checked = DatasetPath { path: row.path.clone(), kind: None };
    let report = desk.app.dataset_check(checked, Language::English, &silent(&Cancel::default())).await.unwrap();
    assert_eq!((report.good_rows, report.rows), (2, 2), "they can be trained on: {:?}", report.findings);
    let left = desk.list().await;
    assert_eq!(left.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), [all[3].id.as_str()]);

    judge(&desk, &all[3].id, Accepted, None).await.unwrap();
    let next = keep(&desk, &made.batch, Some(row.dataset.clone())).await.unwrap();
    assert_eq!((next.rows, next.version, sources(&desk, &next).len()), (3, 2, 3), "behind the rows that were there");
    let old = std::fs::read_to_string(&row.path).unwrap();
    assert!(std::fs::read_to_string(&next.path).unwrap().starts_with(&old));
    assert!(desk.list().await.is_empty());
    assert_eq!(
        code(&keep(&desk, &made.batch, None).await.unwrap_err()),
        "not_found",
        "the batch went with its last draft"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_that_are_there_are_put_in_other_words_and_keep_their_context() {
    let desk = Desk::new(|_| Said::Text("1. 两位早餐一共要付多少？\n2. 3 位早餐多少钱？".into())).await;
    let rows = [
        json!({"messages": [{"role": "system", "content": "你是客服。"}, {"role": "user", "content": "2 位早餐多少钱？"},
            {"role": "assistant", "content": "共 116 元。"}]}),
        json!({"messages": [{"role": "user", "content": "无人回答"}]}),
    ];
    let path = desk.home.file("rows.jsonl", rows.map(|row| row.to_string()).join("\n")).display().to_string();
    let made = desk.draft(ProposalSource::Documents { path }, &Cancel::default()).await.unwrap();
    assert_eq!((made.made, made.failed_total), (1, 2), "another number is another question: {:?}", made.failed);
    let draft = desk.list().await.remove(0);
    assert_eq!((draft.question.as_str(), draft.answer.as_str()), ("两位早餐一共要付多少？", "共 116 元。"));
    judge(&desk, &draft.id, ProposalState::Accepted, None).await.unwrap();
    let row = keep(&desk, &made.batch, None).await.unwrap();
    let kept: Value = serde_json::from_str(std::fs::read_to_string(&row.path).unwrap().trim()).unwrap();
    let contents: Vec<&str> =
        kept["messages"].as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap()).collect();
    assert_eq!(contents, ["你是客服。", "两位早餐一共要付多少？", "共 116 元。"]);
    assert_eq!(sources(&desk, &row)[0]["how"], "paraphrased");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_discarded_whole_and_another_stays_over_a_restart() {
    let desk = Desk::new(good).await;
    let one = desk.draft(desk.documents(), &Cancel::default()).await.unwrap();
    let two = desk.draft(desk.documents(), &Cancel::default()).await.unwrap();
    assert_ne!(one.batch, two.batch);
    let discard = |batch: &str| desk.app.proposal_discard(ProposalBatch { batch: batch.into() }, Language::English);
    discard(&one.batch).await.unwrap();
    assert_eq!(code(&discard(&one.batch).await.unwrap_err()), "not_found");
    let rows = opened(&desk.home).proposal_list(pc_app::api::Empty {}, Language::English).await.unwrap();
    assert_eq!((rows.len(), rows.iter().all(|row| row.batch == two.batch)), (4, true));
}
