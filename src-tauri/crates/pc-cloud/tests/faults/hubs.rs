//! Hubs: what is fetched of a repository, and everything that a hub may do wrong.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use futures_util::stream;
use pc_base::{Cancel, Code, Coded, Progress, Silent};
use pc_cloud::{ErrorKind, Hub, HubFile, HubKind, Network};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::fake::{Fake, Seen, json as answer, quick, told, with};

const WEIGHTS: &str = "weights that know the hotel";
const CONFIG: &str = r#"{"model_type":"qwen3"}"#;
const HUBS: [HubKind; 2] = [HubKind::ModelScope, HubKind::HuggingFace];

/// A list in a hub's own shape; a large file has a hash.
fn list(kind: HubKind, files: &[(&str, u64, Option<&str>)]) -> Value {
    let (modelscope, huggingface): (Vec<Value>, Vec<Value>) = files
        .iter()
        .map(|(path, size, text)| {
            let sha256 = text.map(|text| hex::encode(Sha256::digest(text)));
            let lfs = sha256.as_ref().map(|oid| json!({"oid": oid, "size": size, "pointerSize": 135}));
            (
                json!({"Path": path, "Name": path, "Size": size, "Sha256": sha256, "Type": "blob"}),
                json!({"type": "file", "path": path, "size": size, "oid": "git", "lfs": lfs}),
            )
        })
        .unzip();
    match kind {
        HubKind::ModelScope => json!({"Code": 200, "Data": {"Files": modelscope}, "Message": "", "Success": true}),
        HubKind::HuggingFace => json!(huggingface),
    }
}

fn model(kind: HubKind) -> Value {
    let size = |text: &str| text.len() as u64;
    list(
        kind,
        &[
            ("README.md", 9, None),
            ("config.json", size(CONFIG), None),
            ("model.safetensors", size(WEIGHTS), Some(WEIGHTS)),
            ("pytorch_model.bin", 1 << 50, None),
        ],
    )
}

fn is_list(seen: &Seen) -> bool {
    seen.target.contains("/tree/main") || seen.target.contains("/repo/files?Revision=main")
}

/// A hub with one model; `weights` answers the download of its weights.
async fn hub_of(
    kind: HubKind,
    listed: Value,
    weights: impl Fn(usize, &Seen) -> Response + Clone + Send + Sync + 'static,
) -> Fake {
    let listed = listed.to_string();
    Fake::start(move |before, seen| {
        assert!(!seen.headers.contains_key("authorization"), "no key is sent to {kind:?}");
        match &seen.target {
            _ if is_list(seen) => answer(200, &listed),
            target if target.contains("config.json") => with(200, &[], CONFIG),
            _ => weights(before, seen),
        }
    })
    .await
}

fn hub(kind: HubKind, fake: &Fake) -> Hub {
    Hub::new(kind, &fake.url, "Qwen/Qwen3-0.6B", "main", &quick()).unwrap()
}

async fn got(hub: &Hub, dir: &Path) -> anyhow::Result<Vec<HubFile>> {
    let files = hub.files(&Cancel::default()).await?;
    hub.download(&files, dir, &Silent, &Cancel::default()).await?;
    Ok(files)
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn part(dir: &Path) -> PathBuf {
    dir.join(format!(".model.safetensors.{}.part", &hex::encode(Sha256::digest(WEIGHTS))[..16]))
}

fn code(error: &anyhow::Error) -> Code {
    error.downcast_ref::<Coded>().unwrap_or_else(|| panic!("no code: {error:?}")).code
}

#[tokio::test]
async fn a_model_comes_with_what_it_needs_and_nothing_else() {
    for kind in HUBS {
        let dir = tempfile::tempdir().unwrap();
        let fake = hub_of(kind, model(kind), |_, _| with(200, &[], WEIGHTS)).await;
        let reports = std::sync::Mutex::new(Vec::new());
        let reporter = |progress: Progress| reports.lock().unwrap().push((progress.done, progress.total));
        let hub = hub(kind, &fake);
        let files = hub.files(&Cancel::default()).await.unwrap();
        hub.download(&files, dir.path(), &reporter, &Cancel::default()).await.unwrap();
        assert_eq!(names(dir.path()), ["config.json", "model.safetensors"], "{kind:?}");
        assert_eq!(std::fs::read_to_string(dir.path().join("model.safetensors")).unwrap(), WEIGHTS);
        let whole = (CONFIG.len() + WEIGHTS.len()) as u64;
        let reports = reports.into_inner().unwrap();
        assert!(reports.is_sorted() && reports.last() == Some(&(whole, Some(whole))), "of the model: {reports:?}");
        let before = fake.count();
        got(&hub, dir.path()).await.unwrap();
        assert_eq!(fake.count(), before + 2, "the list and what has no hash; the weights are right already");
    }
}

#[tokio::test]
async fn a_download_that_was_cut_goes_on_at_the_next_start() {
    for kind in HUBS {
        let dir = tempfile::tempdir().unwrap();
        pc_base::write_atomic(&part(dir.path()), &WEIGHTS.as_bytes()[..11]).unwrap();
        let fake = hub_of(kind, model(kind), |_, seen| match seen.headers.get("range").map(|range| range.to_str()) {
            Some(Ok("bytes=11-")) => with(206, &[("content-range", "bytes 11-26/27")], &WEIGHTS[11..]),
            other => panic!("the whole file was asked for: {other:?}"),
        });
        got(&hub(kind, &fake.await), dir.path()).await.unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("model.safetensors")).unwrap(), WEIGHTS, "{kind:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_taken_up_where_it_broke() {
    let dir = tempfile::tempdir().unwrap();
    let kind = HubKind::HuggingFace;
    let fake = hub_of(kind, model(kind), |_, seen| match seen.headers.get("range") {
        Some(range) => {
            assert_eq!(range, "bytes=11-");
            with(206, &[("content-range", "bytes 11-26/27")], &WEIGHTS[11..])
        }
        None => {
            let pieces = [Ok(&WEIGHTS[..11]), Err(std::io::Error::other("cut"))];
            let slowly = stream::unfold(pieces.into_iter(), async |mut pieces| {
                let piece = pieces.next()?;
                // The first piece must be on its way before the connection breaks.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                Some((piece, pieces))
            });
            Response::new(Body::from_stream(slowly))
        }
    })
    .await;
    got(&hub(kind, &fake), dir.path()).await.unwrap();
    assert_eq!(std::fs::read_to_string(dir.path().join("model.safetensors")).unwrap(), WEIGHTS);
}

#[tokio::test]
async fn a_wrong_hash_is_refused_and_the_bad_file_is_removed() {
    for kind in HUBS {
        let dir = tempfile::tempdir().unwrap();
        let fake = hub_of(kind, model(kind), |_, _| with(200, &[], "weights that know the motel")).await;
        let error = got(&hub(kind, &fake), dir.path()).await.unwrap_err();
        assert_eq!(code(&error), Code::ModelHashWrong);
        assert_eq!(names(dir.path()), ["config.json"], "{kind:?}");
    }
}

#[tokio::test]
async fn files_lie_elsewhere_but_nowhere_outside() {
    let dir = tempfile::tempdir().unwrap();
    let files = Fake::start(|_, seen| match seen.headers.get("range") {
        Some(_) => with(206, &[("content-range", "bytes 11-26/27")], &WEIGHTS[11..]),
        None => panic!("the range was lost on the way"),
    });
    let address: Arc<str> = format!("{}/cdn?sign=secret", files.await.url).into();
    pc_base::write_atomic(&part(dir.path()), &WEIGHTS.as_bytes()[..11]).unwrap();
    let kind = HubKind::HuggingFace;
    let fake = hub_of(kind, model(kind), move |_, _| with(302, &[("location", &address)], "")).await;
    got(&hub(kind, &fake), dir.path()).await.unwrap();

    for bad in ["http://files.example/a", "ftp://127.0.0.1/a", "https://files.example/a", "", "/Qwen/again"] {
        let dir = tempfile::tempdir().unwrap();
        let fake = hub_of(kind, model(kind), move |_, _| with(302, &[("location", bad)], "")).await;
        let error = got(&hub(kind, &fake), dir.path()).await.unwrap_err();
        assert_eq!((told(&error).0, told(&error).1.kind), (Code::HubRefused, ErrorKind::Garbled), "{bad}");
        assert!(fake.count() < 12, "it does not go round for ever");
    }
}

#[tokio::test]
async fn a_list_that_is_none_of_a_model_is_refused() {
    for kind in HUBS {
        let weights = ("model.safetensors", 1, Some("w"));
        let config = ("config.json", 1, None);
        for (why, bad) in [
            ("traversal", vec![config, weights, ("../../.bashrc", 1, None)]),
            ("absolute", vec![config, weights, ("/etc/config.json", 1, None)]),
            ("windows", vec![config, weights, ("..\\config.json", 1, None)]),
            ("twice", vec![config, weights, ("Model.safetensors", 1, None)]),
            ("too large", vec![config, ("model.safetensors", u64::MAX, Some("w"))]),
            ("no weights", vec![config]),
            ("no configuration", vec![weights]),
        ] {
            let fake = hub_of(kind, list(kind, &bad), |_, _| with(200, &[], "x")).await;
            let dir = tempfile::tempdir().unwrap();
            let error = got(&hub(kind, &fake), &dir.path().join("m")).await.unwrap_err();
            assert_eq!((told(&error).0, fake.count()), (Code::HubRefused, 1), "{kind:?} {why}: {error:?}");
            assert!(names(dir.path()).is_empty(), "{why}");
        }
    }
}

#[tokio::test]
async fn a_model_that_does_not_fit_is_refused_before_a_byte_is_fetched() {
    let kind = HubKind::ModelScope;
    let huge = list(kind, &[("config.json", 1, None), ("model.safetensors", (4 << 40) - 1, Some("w"))]);
    let fake = hub_of(kind, huge, |_, _| with(200, &[], "x")).await;
    let dir = tempfile::tempdir().unwrap();
    let error = got(&hub(kind, &fake), dir.path()).await.unwrap_err();
    assert_eq!((code(&error), fake.count()), (Code::DiskShort, 1));
}

#[tokio::test]
async fn a_repository_that_is_missing_is_said_as_such() {
    for (kind, status, body) in [
        (HubKind::HuggingFace, 401, r#"{"error":"Invalid username or password."}"#),
        (HubKind::HuggingFace, 404, r#"{"error":"Repository not found"}"#),
        (HubKind::ModelScope, 404, r#"{"Code":10010205001,"Message":"no such model","Success":false}"#),
    ] {
        let fake = Fake::start(move |_, _| answer(status, body)).await;
        let error = hub(kind, &fake).files(&Cancel::default()).await.unwrap_err();
        let said = error.to_string();
        assert_eq!(told(&error).0, Code::HubRefused);
        assert!(said.contains("Qwen/Qwen3-0.6B") && said.contains("no such public repository"), "{said}");
    }
    let gone = Network { retries: 0, ..quick() };
    let nobody = Hub::new(HubKind::ModelScope, "http://127.0.0.1:1", "a/b", "main", &gone).unwrap();
    let error = nobody.files(&Cancel::default()).await.unwrap_err();
    assert_eq!(told(&error).0, Code::NetworkUnreachable);
}

#[tokio::test]
async fn a_cancel_stops_a_download_and_keeps_what_has_come() {
    let kind = HubKind::ModelScope;
    let dir = tempfile::tempdir().unwrap();
    let fake = hub_of(kind, model(kind), |_, _| {
        // The rest never comes.
        let begun = stream::once(async { Ok::<_, std::io::Error>(&WEIGHTS[..11]) });
        Response::new(Body::from_stream(futures_util::StreamExt::chain(begun, stream::pending())))
    })
    .await;
    let cancel = Cancel::default();
    let stop = |progress: Progress| {
        if progress.done > CONFIG.len() as u64 {
            cancel.cancel();
        }
    };
    let hub = hub(kind, &fake);
    let files = hub.files(&cancel).await.unwrap();
    let error = hub.download(&files, dir.path(), &stop, &cancel).await.unwrap_err();
    assert_eq!(code(&error), Code::Cancelled);
    assert_eq!(std::fs::read_to_string(part(dir.path())).unwrap(), WEIGHTS[..11]);
}
