//! The rounds: everything at once, a kill, a restart, and the comparison.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use pc_base::{Cancel, Silent, env};
use pc_cloud::{BillLine, Cloud};
use pc_protocol::{FineTuneStatus, Generation, Message, SamplingParameters};
use pc_testkit::tiny_rows;
use pc_tests::installation::TINY;
use rust_decimal::Decimal;

use crate::ledger::{LONGEST_ANSWER, Request, Shared, What, send, sha256};
use crate::served::{CUT, PATIENCE, Served};

/// Long enough to go in pieces.
const LONG_FILE: usize = 9_000_001;

fn random(below: u64) -> u64 {
    let bytes = *uuid::Uuid::new_v4().as_bytes();
    u64::from_le_bytes(bytes[..8].try_into().expect("eight of them")) % below
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn whatever_is_killed_whenever_nothing_is_lost_and_nothing_is_charged_twice() {
    let rounds: u64 = env::text(env::TORTURE_ROUNDS).and_then(|text| text.parse().ok()).unwrap_or(10);
    let mut served = Served::start(None);
    let ledger = Arc::new(Shared::default());
    warm(&served, &ledger).await;
    let began = Instant::now();
    for round in 1..=rounds {
        let seen = ledger.with(|ledger| ledger.files.len());
        one(&mut served, &ledger, round).await;
        resend(&served, &ledger).await;
        verify_files(&served, &ledger, seen).await;
        verify_bill(&served, &ledger).await;
    }
    let trained = verify_jobs(&served, &ledger).await;
    verify_files(&served, &ledger, 0).await;
    verify_bill(&served, &ledger).await;
    let (files, answers) = ledger.with(|ledger| (ledger.files.len(), ledger.answered.1));
    let seconds = began.elapsed().as_secs();
    println!(
        "{rounds} kills in {seconds} s: {files} files verified, {trained} jobs trained to their end, \
         {answers} answered tokens all billed once"
    );
}

/// The first answer of each model takes a conversion; what is measured here is kills of everything else.
async fn warm(served: &Served, ledger: &Arc<Shared>) {
    for model in [TINY, CUT] {
        let request = Request { key: format!("warm-{model}"), what: What::Answer(model.into()) };
        assert!(send(&served.http, &served.base_url, &served.key(), ledger, request).await);
    }
}

/// One round: all kinds of work at once until the kill, then the restart; the long upload lives through it.
async fn one(served: &mut Served, ledger: &Arc<Shared>, round: u64) {
    let stop = Arc::new(AtomicBool::new(false));
    let long = tokio::spawn(long_upload(served.cloud(), served.data().join(format!("../long-{round}")), round));
    let mut busy = Vec::new();
    for worker in 0..3 {
        let (http, root, key) = (served.http.clone(), served.base_url.clone(), served.key());
        let (ledger, stop) = (ledger.clone(), stop.clone());
        busy.push(tokio::spawn(async move {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                let what = match (worker, number) {
                    (0, 1) => match ledger.with(|ledger| ledger.files.first().cloned()) {
                        Some((file, _)) => What::Job(file),
                        None => What::File(tiny_rows(8)),
                    },
                    (0 | 1, _) => What::File(tiny_rows(4 + number % 5)),
                    _ => What::Answer(TINY.into()),
                };
                let request = Request { key: format!("r{round}-w{worker}-{number}"), what };
                if !send(&http, &root, &key, &ledger, request).await {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }));
    }
    let (cloud, streams, ending) = (served.cloud(), ledger.clone(), stop.clone());
    busy.push(tokio::spawn(async move { stream(cloud, streams, ending).await }));
    let (cloud, ending) = (served.cloud(), stop.clone());
    busy.push(tokio::spawn(async move {
        // Reading the bill and changing the key of what is sealed from now on, as often as it can be done.
        while !ending.load(Ordering::Relaxed) {
            let _cut = cloud.keys_rotate(None).await;
            let _cut = cloud.bill_lines(&month()).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }));
    tokio::time::sleep(Duration::from_millis(30 + random(1200))).await;
    served.kill();
    stop.store(true, Ordering::Relaxed);
    served.again();
    for task in busy {
        task.await.expect("no call is answered wrongly");
    }
    let (file, hash) = long.await.expect("the upload goes on where it was");
    ledger.with(|ledger| ledger.files.push((file, hash)));
}

/// Sends a file in pieces; it must arrive whichever piece the kill hits.
async fn long_upload(cloud: Cloud, path: impl AsRef<Path>, round: u64) -> (String, String) {
    let bytes: Vec<u8> = (0..LONG_FILE as u64).map(|n| (n.wrapping_mul(round + 7) >> 3) as u8).collect();
    pc_base::write_atomic(path.as_ref(), &bytes).expect("there is room");
    let sent = cloud.file_upload(path.as_ref(), "long.jsonl", "", &Silent, &Cancel::default()).await;
    std::fs::remove_file(path.as_ref()).expect("it was written");
    (sent.unwrap_or_else(|error| panic!("round {round}: {error:#}")).file_id, sha256(&bytes))
}

/// Streams without anybody who would ask again: a cut one is charged once at most, and never more than it can have.
async fn stream(cloud: Cloud, ledger: Arc<Shared>, stop: Arc<AtomicBool>) {
    let sampling = SamplingParameters { max_tokens: Some(LONGEST_ANSWER), ..SamplingParameters::default() };
    let asked = Generation::chat(CUT, vec![Message::new("user", "几点退房？")], sampling);
    while !stop.load(Ordering::Relaxed) {
        match cloud.generate_stream(&asked, |_| (), &Cancel::default()).await {
            Ok(answer) => ledger.with(|ledger| {
                ledger.whole += 1;
                ledger.whole_tokens += answer.output_tokens;
            }),
            Err(_) => ledger.with(|ledger| ledger.cut += 1),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What was not answered is asked again with its key, until it is.
async fn resend(served: &Served, ledger: &Arc<Shared>) {
    let began = Instant::now();
    loop {
        let open = ledger.with(|ledger| std::mem::take(&mut ledger.open));
        if open.is_empty() {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{open:?} stay unanswered");
        for request in open {
            if !send(&served.http, &served.base_url, &served.key(), ledger, request).await {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// As many files as were acknowledged, and from the `from`th on each byte for byte.
async fn verify_files(served: &Served, ledger: &Shared, from: usize) {
    let cloud = served.cloud();
    let all = ledger.with(|ledger| ledger.files.clone());
    assert_eq!(cloud.files(1, 1).await.unwrap().total, all.len() as u64, "each was stored once, none is lost");
    for (file, hash) in &all[from..] {
        let url = format!("{}/api/v1/extensions/files/{file}/content", served.base_url);
        let response = served.http.get(url).bearer_auth(served.key()).send().await.unwrap();
        let bytes = response.error_for_status().unwrap().bytes().await.unwrap();
        assert_eq!(sha256(&bytes), *hash, "{file} is what was acknowledged");
    }
}

/// Every job ends as it should, and costs what it says.
async fn verify_jobs(served: &Served, ledger: &Shared) -> usize {
    let cloud = served.cloud();
    let jobs = ledger.with(|ledger| ledger.jobs.clone());
    assert_eq!(cloud.fine_tunes(1, 1).await.unwrap().total, jobs.len() as u64, "each was started once, none is lost");
    for id in &jobs {
        let began = Instant::now();
        let job = loop {
            let job = cloud.fine_tune(id).await.unwrap();
            if job.status.is_final() {
                break job;
            }
            assert!(began.elapsed() < PATIENCE, "{id} goes on after a restart: {:?}", job.status);
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(job.status, FineTuneStatus::Succeeded, "{id}: {:?} {:?}", job.code, job.message);
        let lines = cloud.bill_lines(&month()).await.unwrap();
        let model = job.finetuned_output.as_deref().unwrap_or_default();
        assert_eq!(billed(&lines, model, "training_token"), job.usage.unwrap_or(0), "{id} is charged once");
    }
    jobs.len()
}

/// The tokens that were answered are those that are billed.
async fn verify_bill(served: &Served, ledger: &Shared) {
    let cloud = served.cloud();
    let lines = cloud.bill_lines(&month()).await.unwrap();
    let (answered, whole, tokens, cut) =
        ledger.with(|ledger| (ledger.answered, ledger.whole, ledger.whole_tokens, ledger.cut));
    // The warming answer of the second model has a key and is among the answered ones.
    let of = |item| billed(&lines, TINY, item) + billed(&lines, CUT, item);
    let output = of("output_token");
    let least = answered.1 + tokens;
    assert!(
        (least..=least + cut * LONGEST_ANSWER).contains(&output),
        "{least} tokens were answered ({whole} streams whole, {cut} cut off), {output} are billed"
    );
    if cut == 0 {
        assert_eq!(output, least);
    }
    assert!(of("input_token") >= answered.0, "no record is lost");
    let keyed = billed(&lines, TINY, "output_token");
    let warmed = billed(&lines, CUT, "output_token").min(LONGEST_ANSWER);
    assert!(keyed <= answered.1 && keyed + warmed >= answered.1, "with a key: {keyed} billed of {}", answered.1);
}

fn billed(lines: &[BillLine], model: &str, item: &str) -> u64 {
    let found = lines.iter().filter(|line| line.model == model && line.item == item);
    let quantity: Decimal = found.map(|line| line.quantity).sum();
    (quantity * Decimal::from(1000)).normalize().to_string().parse().expect("whole tokens")
}

fn month() -> String {
    Timestamp::now().to_zoned(pc_protocol::time::zone()).strftime("%Y-%m").to_string()
}
