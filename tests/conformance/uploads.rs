//! Large files go out in pieces and arrive byte for byte, however often the connection breaks; and what is created over such a
//! connection is created once.

use std::sync::Mutex;

use pc_base::{Cancel, Code, Progress, Silent};
use pc_cloud::{Endpoint, Outgoing, Pace};
use pc_protocol::{Generation, Message, SamplingParameters};

use crate::cloud::{Serving, sha256_of, told, tune_of};
use crate::relay::Relay;

/// Longer than several pieces, and of no round length.
const LONG: usize = 13_000_003;

fn long_file(serving: &Serving) -> std::path::PathBuf {
    let bytes: Vec<u8> = (0..LONG).map(|n| (n % 251) as u8 ^ (n >> 16) as u8).collect();
    let path = serving.dir.path().join("long.jsonl");
    pc_base::write_atomic(&path, &bytes).unwrap();
    path
}

fn through(serving: &Serving, relay: &Relay) -> Endpoint {
    Endpoint { base_url: format!("http://{}", relay.address), ..serving.endpoint() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_file_arrives_over_connections_that_break() {
    let serving = Serving::start().await;
    let path = long_file(&serving);
    // Requests break off within pieces, and answers before they are read: also those of the first and the last call.
    let requests = vec![100, 1_000_000, 5, 3_000_000, 300, 4_500_000];
    let relay = Relay::cutting(serving.address, vec![400, 10, 700, 1, 900], requests).await;
    let cloud = serving.cloud_of(through(&serving, &relay));
    let reports = Mutex::new(Vec::new());
    let reporter = |progress: Progress| reports.lock().unwrap().push(progress);
    let file = cloud.file_upload(&path, "long.jsonl", "a set", &reporter, &Cancel::default()).await.unwrap();
    assert_eq!((file.size, file.description.as_str()), (LONG as u64, "a set"));
    let last = reports.lock().unwrap().last().cloned().unwrap();
    assert_eq!((last.done, last.total), (LONG as u64, Some(LONG as u64)));
    let steady = serving.cloud();
    assert_eq!(steady.files(1, 10).await.unwrap().total, 1, "however often it was asked, it is one file");
    let back = steady.file_download(&file.file_id, &serving.dir.path().join("back"), &Silent, &Cancel::default()).await;
    assert_eq!(sha256_of(&back.unwrap()), sha256_of(&path), "byte for byte");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_was_left_goes_on_where_it_was_for_another_program_or_is_thrown_away() {
    let serving = Serving::start().await;
    let path = long_file(&serving);
    let left = || async {
        let (cancel, id) = (Cancel::default(), Mutex::new(String::new()));
        let stop = |progress: Progress| {
            if progress.done > 5_000_000 {
                cancel.cancel();
            }
        };
        let begun = |upload: &str| {
            id.lock().unwrap().push_str(upload);
            Ok(())
        };
        let (pace, name) = (Pace::default(), "long.jsonl");
        let path = &path;
        let out = Outgoing {
            path,
            name,
            description: "",
            md5: None,
            pace,
            resume: None,
            begun: &begun,
            reporter: &stop,
            cancel: &cancel,
        };
        let error = serving.cloud().file_send(&out).await.unwrap_err();
        assert_eq!(told(&error).0, Code::Cancelled);
        id.into_inner().unwrap()
    };
    let id = left().await;
    assert_eq!(serving.cloud().upload_left(&id).await.unwrap().unwrap().bytes, LONG as u64);
    let (cloud, begun) = (serving.cloud(), Mutex::new(Vec::new()));
    let first = Mutex::new(None);
    let reporter = |progress: Progress| {
        first.lock().unwrap().get_or_insert(progress.done);
    };
    let note = |upload: &str| {
        begun.lock().unwrap().push(upload.to_owned());
        Ok(())
    };
    let out = Outgoing {
        path: &path,
        name: "long.jsonl",
        description: "",
        md5: None,
        pace: Pace { bytes_per_second: std::num::NonZeroU64::new(50_000_000), hours: None },
        resume: Some(&id),
        begun: &note,
        reporter: &reporter,
        cancel: &Cancel::default(),
    };
    let file = cloud.file_send(&out).await.unwrap();
    assert_eq!(begun.lock().unwrap().as_slice(), std::slice::from_ref(&id), "it is the same upload");
    assert!(*first.lock().unwrap() >= Some(4 << 20), "what had arrived is not sent again");
    assert_eq!(cloud.file_send(&out).await.unwrap().file_id, file.file_id, "one that had ended is the same file");
    let back = cloud.file_download(&file.file_id, &serving.dir.path().join("back"), &Silent, &Cancel::default()).await;
    assert_eq!(sha256_of(&back.unwrap()), sha256_of(&path), "byte for byte");
    cloud.file_delete(&file.file_id).await.unwrap();

    let id = left().await;
    cloud.upload_discard(&id).await.unwrap();
    cloud.upload_discard(&id).await.unwrap();
    assert_eq!(cloud.upload_left(&id).await.unwrap(), None);
    assert_eq!(cloud.files(1, 10).await.unwrap().total, 0);
    let blobs = std::fs::read_dir(serving.dir.path().join("cloud/blobs")).unwrap();
    assert_eq!(blobs.filter(|entry| entry.as_ref().unwrap().path().is_file()).count(), 0, "nothing of it is left");
    let anew = Outgoing { resume: Some(&id), ..out };
    cloud.file_send(&anew).await.unwrap();
    assert!(begun.lock().unwrap().last().is_some_and(|last| *last != id), "it begins anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_twice_because_its_answer_was_lost_is_done_once() {
    let serving = Serving::start().await;
    let steady = serving.cloud();
    let path = serving.data_set();
    // The first answer says what the cloud offers; every other one is lost once.
    let relay = Relay::cutting(serving.address, vec![700, 3], Vec::new()).await;
    let cloud = serving.cloud_of(through(&serving, &relay));
    let file = cloud.file_upload(&path, "train.jsonl", "", &Silent, &Cancel::default()).await.unwrap();
    assert_eq!(steady.files(1, 10).await.unwrap().total, 1);
    for cuts in [vec![700, 3], vec![700, 3, 3]] {
        let relay = Relay::cutting(serving.address, cuts, Vec::new()).await;
        let cloud = serving.cloud_of(through(&serving, &relay));
        cloud.fine_tune_create(&tune_of(&file.file_id)).await.unwrap();
    }
    assert_eq!(steady.fine_tunes(1, 10).await.unwrap().total, 2, "two were asked for, however often");
    let relay = Relay::cutting(serving.address, vec![700, 3, 3], Vec::new()).await;
    let cloud = serving.cloud_of(through(&serving, &relay));
    let asked = Generation::chat("tiny", vec![Message::new("user", "hi")], SamplingParameters::default());
    assert_eq!(cloud.generate(&asked).await.unwrap().text, "早餐 is at seven.");
    let lines = steady.bill_lines("2026-11").await.unwrap();
    let charged = |item: &str| lines.iter().find(|line| line.item == item).map(|line| line.quantity.to_string());
    assert_eq!(charged("output_token").as_deref(), Some("0.003"), "three tokens, charged once: {lines:?}");
}
