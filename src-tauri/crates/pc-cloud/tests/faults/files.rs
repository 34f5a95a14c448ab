//! Uploads and downloads that go wrong.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::response::Response;
use md5::{Digest as _, Md5};
use pc_base::{Cancel, Code, Coded, Progress, Silent};
use pc_cloud::{Cloud, ErrorKind, Network};
use sha2::Sha256;

use crate::fake::{Fake, Seen, impatient, json, quick, told, with};

fn file(dir: &Path, bytes: &[u8]) -> PathBuf {
    let path = dir.join("train.jsonl");
    pc_base::write_atomic(&path, bytes).unwrap();
    path
}

fn taken(seen: &Seen, size: usize, md5: &str) -> Response {
    match seen.method.as_str() {
        "POST" => json(
            200,
            r#"{"request_id":"r","data":{"uploaded_files":[{"file_id":"f-1","name":"n"}],"failed_uploads":[]}}"#,
        ),
        "DELETE" => json(200, r#"{"request_id":"r"}"#),
        _ => json(
            200,
            &format!(r#"{{"request_id":"r","data":{{"file_id":"f-1","name":"n","size":{size},"md5":"{md5}"}}}}"#),
        ),
    }
}

#[tokio::test]
async fn a_large_file_is_streamed_with_its_exact_length_and_progress() {
    let dir = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..40_000_000_u32).map(|n| (n % 251) as u8).collect();
    let (size, md5) = (bytes.len(), hex::encode(Md5::digest(&bytes)));
    let fake = Fake::start(move |_, seen| taken(seen, size, &md5)).await;
    let reports = Mutex::new(Vec::new());
    let reporter = |progress: Progress| reports.lock().unwrap().push(progress.done);
    let cloud = fake.cloud();
    let path = file(dir.path(), &bytes);
    let uploaded = cloud.file_upload(&path, "n", "about it", &reporter, &Cancel::default()).await.unwrap();
    assert_eq!((uploaded.file_id.as_str(), uploaded.size), ("f-1", size as u64));
    let seen = &fake.seen()[0];
    assert_eq!(seen.headers["content-length"], seen.body.len().to_string(), "never chunked: gateways refuse that");
    let head = String::from_utf8_lossy(&seen.body[..700]).into_owned();
    for part in
        ["name=\"purpose\"\r\n\r\nfine-tune", "name=\"descriptions\"\r\n\r\nabout it", "name=\"files\"; filename=\"n\""]
    {
        assert!(head.contains(part), "{part} in {head}");
    }
    let reports = reports.into_inner().unwrap();
    assert!(reports.is_sorted() && reports.last() == Some(&(size as u64)));
}

#[tokio::test]
async fn a_slow_line_is_waited_for_however_long_it_takes_and_a_dead_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = vec![b'x'; 40_000_000];
    let (size, md5, path) = (bytes.len(), hex::encode(Md5::digest(&bytes)), file(dir.path(), &bytes));
    let hasty = impatient();
    let fake = Fake::paced(Duration::from_millis(20), move |_, seen| taken(seen, size, &md5)).await;
    let begun = Instant::now();
    let cloud = Cloud::new(fake.endpoint(), &hasty).unwrap();
    cloud.file_upload(&path, "n", "", &Silent, &Cancel::default()).await.unwrap();
    assert!(begun.elapsed() > hasty.idle_timeout, "the line was not slow: {:?}", begun.elapsed());
    let dead = Fake::paced(Duration::from_secs(600), |_, _| json(200, "{}")).await;
    let cloud = Cloud::new(dead.endpoint(), &hasty).unwrap();
    let error = cloud.file_upload(&path, "n", "", &Silent, &Cancel::default()).await.unwrap_err();
    assert_eq!(told(&error).1.kind, ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_file_that_was_refused_or_damaged_is_an_error_although_the_status_is_good() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), b"{}\n");
    let refused = Fake::start(|_, _| {
        json(
            200,
            r#"{"request_id":"r","data":{"uploaded_files":[],"failed_uploads":[{"name":"n","code":"BadRequest.TooLarge","message":"No room."}]}}"#,
        )
    });
    let refused = refused.await;
    let error = refused.cloud().file_upload(&path, "n", "", &Silent, &Cancel::default()).await.unwrap_err();
    let (code, typed) = told(&error);
    assert_eq!(
        (code, typed.cloud_code.as_deref(), typed.message.as_str()),
        (Code::CloudRefused, Some("BadRequest.TooLarge"), "No room.")
    );
    let neither = Fake::start(|_, _| json(200, r#"{"request_id":"r","data":{}}"#)).await;
    let error = neither.cloud().file_upload(&path, "n", "", &Silent, &Cancel::default()).await.unwrap_err();
    assert_eq!(told(&error).1.kind, ErrorKind::Garbled);
    let damaged = Fake::start(|_, seen| taken(seen, 3, "00000000000000000000000000000000")).await;
    let error = damaged.cloud().file_upload(&path, "n", "", &Silent, &Cancel::default()).await.unwrap_err();
    assert!(told(&error).1.retryable, "the next try may arrive whole");
    let last = damaged.seen().pop().unwrap();
    assert_eq!((last.method.as_str(), last.target.as_str()), ("DELETE", "/api/v1/files/f-1"), "nobody trains on it");
    let lost = Fake::start(|_, _| json(502, "")).await;
    lost.cloud().file_upload(&path, "n", "", &Silent, &Cancel::default()).await.unwrap_err();
    assert_eq!(lost.count(), 1, "the file may have been taken");
}

#[tokio::test]
async fn a_cancel_stops_an_upload_on_its_way() {
    let dir = tempfile::tempdir().unwrap();
    // Nobody reads at the other end, so the upload stands still once the buffers are full.
    let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fake = Fake::start(|_, _| json(200, "{}")).await;
    let endpoint = pc_cloud::Endpoint { base_url: format!("http://{}", deaf.local_addr().unwrap()), ..fake.endpoint() };
    // Its silence on what it offers is short; the upload has no limit.
    let network = Network { call_timeout: Duration::from_millis(20), ..quick() };
    let cloud = Cloud::new(endpoint, &network).unwrap();
    let path = file(dir.path(), &vec![b'x'; 32 << 20]);
    let cancel = Cancel::default();
    let stop = |progress: Progress| {
        if progress.done > 0 {
            cancel.cancel();
        }
    };
    let error = cloud.file_upload(&path, "n", "", &stop, &cancel).await.unwrap_err();
    assert_eq!(told(&error).0, Code::Cancelled);
}

const WEIGHTS: &[u8] = b"weights that know the hotel";

/// A cloud with one file; `body` answers its download.
async fn weights_of(
    name: &'static str,
    body: impl Fn(usize, &Seen) -> Response + Clone + Send + Sync + 'static,
) -> Fake {
    let sha256 = hex::encode(Sha256::digest(WEIGHTS));
    Fake::start(move |before, seen| {
        if seen.target.ends_with("/weights") {
            let file = format!(r#"{{"name":"{name}","bytes":{},"sha256":"{sha256}"}}"#, WEIGHTS.len());
            return json(200, &format!(r#"{{"job_id":"j","model":"m","base_model":"b","files":[{file}]}}"#));
        }
        body(before, seen)
    })
    .await
}

fn entries(dir: &Path) -> usize {
    std::fs::read_dir(dir).map(Iterator::count).unwrap_or(0)
}

#[tokio::test]
async fn a_wrong_hash_is_refused_and_the_bad_file_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let fake = weights_of("a.bin", |_, _| with(200, &[], "weights that know the motel")).await;
    let error = fake.cloud().weights_download("j", dir.path(), &Silent, &Cancel::default()).await.unwrap_err();
    assert_eq!(error.downcast_ref::<Coded>().unwrap().code, Code::ModelHashWrong);
    assert_eq!(entries(dir.path()), 0, "nothing is left that somebody could use");
}

#[tokio::test]
async fn a_file_that_never_ends_or_leaves_its_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let long = weights_of("a.bin", |_, _| with(200, &[], &"x".repeat(1 << 20))).await;
    let error = long.cloud().weights_download("j", dir.path(), &Silent, &Cancel::default()).await.unwrap_err();
    assert_eq!(told(&error).1.kind, ErrorKind::Garbled);
    assert!(!dir.path().join("a.bin").exists());
    for name in ["../a.bin", "/tmp/a.bin", ".bashrc", "a/b"] {
        let fake = weights_of(name, |_, _| with(200, &[], "x")).await;
        let error = fake.cloud().weights_download("j", dir.path(), &Silent, &Cancel::default()).await.unwrap_err();
        assert_eq!((told(&error).1.kind, fake.count()), (ErrorKind::Garbled, 1), "{name}");
    }
}

#[tokio::test]
async fn a_cloud_without_ranges_sends_it_from_the_begin_and_a_bad_range_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let digits = &hex::encode(Sha256::digest(WEIGHTS))[..16];
    let part = dir.path().join(format!(".a.bin.{digits}.part"));
    pc_base::write_atomic(&part, b"weights tha").unwrap();
    let fake = weights_of("a.bin", |_, _| with(200, &[], std::str::from_utf8(WEIGHTS).unwrap())).await;
    fake.cloud().weights_download("j", dir.path(), &Silent, &Cancel::default()).await.unwrap();
    assert_eq!(fake.seen()[1].headers["range"], "bytes=11-", "it asked for the rest");
    assert_eq!(std::fs::read(dir.path().join("a.bin")).unwrap(), WEIGHTS);

    std::fs::remove_file(dir.path().join("a.bin")).unwrap();
    pc_base::write_atomic(&part, b"weights tha").unwrap();
    let odd = weights_of("a.bin", |_, seen| match seen.headers.get("range") {
        // A cloud that answers with another range than the asked one.
        Some(_) => with(206, &[("content-range", "bytes 0-26/27")], std::str::from_utf8(WEIGHTS).unwrap()),
        None => with(200, &[], std::str::from_utf8(WEIGHTS).unwrap()),
    });
    odd.await.cloud().weights_download("j", dir.path(), &Silent, &Cancel::default()).await.unwrap();
    assert_eq!(std::fs::read(dir.path().join("a.bin")).unwrap(), WEIGHTS);

    std::fs::remove_file(dir.path().join("a.bin")).unwrap();
    pc_base::write_atomic(&part, b"weights tha").unwrap();
    let strict = weights_of("a.bin", |_, seen| match seen.headers.get("range") {
        Some(_) => json(416, r#"{"request_id":"r","code":"InvalidRange","message":"m"}"#),
        None => with(200, &[], std::str::from_utf8(WEIGHTS).unwrap()),
    });
    strict.await.cloud().weights_download("j", dir.path(), &Silent, &Cancel::default()).await.unwrap();
    assert_eq!(entries(dir.path()), 1);
}
