//! What is too much is refused as it is documented, in both profiles; slow clients end; and no text that a client can send
//! becomes a path.

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Cloud, SmallEngine, request, rows};
use pc_server::Profile;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const NATIVE: &str = "/api/v1/services/aigc/text-generation/generation";

fn cloud(profile: Profile) -> Cloud {
    Cloud::open(Arc::new(tempfile::tempdir().unwrap()), SmallEngine::default(), profile)
}

#[tokio::test]
async fn each_profile_holds_to_its_own_numbers() {
    for profile in [Profile::embedded(), Profile::model_studio()] {
        let documented = profile.name == "model-studio";
        let cloud = cloud(profile);
        // Three uploads and ten other calls about files a second.
        for _ in 0..3 {
            cloud.upload("a.jsonl", &rows()).await;
        }
        let key = cloud.keys.api_key.expose().clone();
        let (status, answer) = cloud.upload_as(&key, "/api/v1/files", "files", "a.jsonl", &rows()).await;
        assert_eq!(status, if documented { 429 } else { 200 }, "{answer}");
        if documented {
            assert_eq!(answer["code"], "Throttling.RateQuota");
        }
        let mut refused = 0;
        for _ in 0..12 {
            refused += u32::from(cloud.call("GET", "/api/v1/files", Value::Null).await.0 == 429);
        }
        assert_eq!(refused, if documented { 2 } else { 0 });
        cloud.clock.advance(jiff::SignedDuration::from_secs(1));
        assert_eq!(cloud.call("GET", "/api/v1/files", Value::Null).await.0, 200, "the next second is a new one");
        // Ten requests a second to a model; more at once is a sudden ramp.
        let ask = json!({"model": "tiny", "input": {"prompt": "hi"}});
        let mut codes = Vec::new();
        for _ in 0..11 {
            let (status, answer) = cloud.call("POST", NATIVE, ask.clone()).await;
            codes.push((status.as_u16(), answer["code"].as_str().unwrap_or_default().to_owned()));
        }
        assert!(codes[..10].iter().all(|(status, _)| *status == 200), "{codes:?}");
        let last = if documented { (429, "Throttling.BurstRate".to_owned()) } else { (200, String::new()) };
        assert_eq!(codes[10], last);
        let chat = json!({"model": "tiny", "messages": [{"role": "user", "content": "hi"}]});
        let (status, answer) = cloud.call("POST", "/compatible-mode/v1/chat/completions", chat).await;
        assert_eq!(status, if documented { 429 } else { 200 }, "one count for both APIs: {answer}");
    }
}

#[tokio::test]
async fn twenty_jobs_may_run_or_have_succeeded_and_files_have_their_documented_size() {
    let profile = Profile { kept_jobs: Some(2), file_bytes: 1000, ..Profile::model_studio() };
    let cloud = cloud(profile);
    // More rows than a batch has.
    let short = r#"{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"hello"}]}"#;
    let uploaded = cloud.upload("train.jsonl", &format!("{short}\n").repeat(9)).await;
    let file = uploaded["data"]["uploaded_files"][0]["file_id"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let job = cloud.tune(&file).await;
        cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
    }
    let body = json!({"model": "tiny", "training_file_ids": [file], "hyper_parameters":
        {"n_epochs": 1, "batch_size": 8, "max_length": 512}});
    let (status, refused) = cloud.call("POST", "/api/v1/fine-tunes", body).await;
    assert_eq!((status.as_u16(), &refused["code"]), (429, &json!("Throttling")));
    let answer = cloud.upload("big.jsonl", &rows().repeat(10)).await;
    let failed = &answer["data"]["failed_uploads"][0];
    assert_eq!((&failed["name"], &failed["code"]), (&json!("big.jsonl"), &json!("BadRequest.TooLarge")));
}

#[tokio::test]
async fn each_profile_admits_the_fine_tunes_that_it_documents() {
    for mut profile in [Profile::embedded(), Profile::model_studio()] {
        let documented = profile.name == "model-studio";
        profile.uploads_a_second = None;
        if documented {
            // As the catalogue has it for other bases; and smaller, so that a test can exceed it.
            profile.tuning.training_types.insert("tiny".into(), vec!["efficient_sft".into()]);
            profile.tuning.training_files.get_mut("efficient_sft").unwrap().file_bytes = 1000;
        }
        let cloud = cloud(profile);
        let small = cloud.dataset().await;
        let uploaded = cloud.upload("big.jsonl", &rows().repeat(20)).await;
        let big = uploaded["data"]["uploaded_files"][0]["file_id"].as_str().unwrap().to_owned();
        let good = json!({"n_epochs": 1, "batch_size": 8, "max_length": 512});
        let without = |name: &str| {
            let mut hyper = good.clone();
            hyper.as_object_mut().unwrap().remove(name);
            hyper
        };
        let eleven = vec![&small; 11];
        let refused = [
            (json!([small]), without("n_epochs"), "efficient_sft", "InvalidParameter", "n_epochs"),
            (json!([small]), without("batch_size"), "efficient_sft", "InvalidParameter", "batch_size"),
            (json!([small]), without("max_length"), "efficient_sft", "InvalidParameter", "max_length"),
            (json!([small]), good.clone(), "sft", "UnsupportedOperation", "tiny"),
            (json!([big]), good.clone(), "efficient_sft", "InvalidParameter", "1000 bytes"),
            (json!(eleven), good.clone(), "efficient_sft", "InvalidParameter", "10 files"),
        ];
        for (files, hyper, training_type, code, named) in refused {
            let body = json!({"model": "tiny", "training_file_ids": files, "training_type": training_type,
                "hyper_parameters": hyper});
            let (status, answer) = cloud.call("POST", "/api/v1/fine-tunes", body).await;
            assert_eq!(status, if documented { 400 } else { 200 }, "{named}: {answer}");
            if documented {
                assert_eq!(answer["code"], code);
                assert!(answer["message"].as_str().unwrap().contains(named), "{answer}");
            }
        }
        let body = json!({"model": "tiny", "training_file_ids": [small], "training_type": "magic"});
        let (status, answer) = cloud.call("POST", "/api/v1/fine-tunes", body).await;
        assert_eq!((status.as_u16(), &answer["code"]), (400, &json!("UnsupportedOperation")));
        // Two rows are no more than a batch of eight: accepted, and then it fails and says why in its log.
        let job = format!("/api/v1/fine-tunes/{}", cloud.tune(&small).await);
        let ended = cloud.until(&job, if documented { "FAILED" } else { "SUCCEEDED" }).await;
        assert_eq!(cloud.engine.last.lock().unwrap().is_some(), !documented, "nothing was trained for nothing");
        if documented {
            assert_eq!(ended["code"], "InvalidData");
            let (_, log) = cloud.call("GET", &format!("{job}/logs"), Value::Null).await;
            assert!(log.to_string().contains("batch_size"), "{log}");
            // OpenAI's surface has a word for what is left to the cloud.
            let auto = json!({"model": "tiny", "training_file": small});
            let (status, answer) = cloud.call("POST", "/v1/fine_tuning/jobs", auto).await;
            assert_eq!(status, 200, "{answer}");
        }
    }
}

#[tokio::test]
async fn heads_bodies_and_open_requests_are_bounded_and_say_when_to_come_again() {
    let cloud = cloud(Profile { header_bytes: 400, body_bytes: 100, ..Profile::embedded() });
    let key = format!("Bearer {}", cloud.keys.api_key.expose());
    let long = request("GET", "/api/v1/files").header("authorization", &key).header("x-long", "x".repeat(400));
    let (status, _, body) = cloud.send(long.body("".into()).unwrap()).await;
    assert_eq!((status.as_u16(), body.starts_with(b"{\"request_id\"")), (431, true), "in the API's own shape");
    let path = format!("/api/v1/files/{}", "x".repeat(400));
    assert_eq!(cloud.call("GET", &path, Value::Null).await.0, 431);
    assert_eq!(cloud.call("POST", NATIVE, json!({"x": "x".repeat(100)})).await.0, 413);
    let full = Cloud::open(cloud.close(), SmallEngine::default(), Profile { open_requests: 0, ..Profile::embedded() });
    let call = request("GET", "/api/v1/files").header("authorization", &key);
    let (status, headers, _) = full.send(call.body("".into()).unwrap()).await;
    assert_eq!((status.as_u16(), &headers["retry-after"]), (429, &"1".parse::<axum::http::HeaderValue>().unwrap()));
}

/// Serves a cloud on a socket; answers its address and what ends it.
async fn served(cloud: &Cloud) -> (std::net::SocketAddr, tokio::sync::oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    tokio::spawn(pc_server::serve(listener, cloud.state.clone(), async move {
        let _told = stopped.await;
    }));
    (address, stop)
}

/// What comes until the other side closes.
async fn heard(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let limited = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    // A reset is an end as well.
    let _ended = limited.expect("the other side ends it");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_stands_still_does_not_hold_its_connection() {
    let cloud = cloud(Profile { silence_seconds: 1, connections: 3, ..Profile::embedded() });
    let (address, stop) = served(&cloud).await;
    let key = cloud.keys.api_key.expose();
    // Half a head, half a body, half a piece: each would wait for ever.
    let heads = [
        "GET /api/v1/files HTTP/1.1\r\nhost: 127.0.0.1\r\n".to_owned(),
        format!(
            "POST /api/v1/fine-tunes HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n\
             content-length: 50\r\n\r\n{{\"model\""
        ),
        format!(
            "POST /api/v1/files HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n\
             content-type: multipart/form-data; boundary=b\r\ncontent-length: 500\r\n\r\n\
             --b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a\"\r\n\r\nOsman"
        ),
    ];
    let mut slow = Vec::new();
    for head in &heads {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let began = Instant::now();
    // All places are taken, so this one waits until a slow one has gone.
    let mut quick = TcpStream::connect(address).await.unwrap();
    let whole = format!(
        "GET /api/v1/files HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
    );
    quick.write_all(whole.as_bytes()).await.unwrap();
    let answer = heard(&mut quick).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(began.elapsed() >= Duration::from_millis(500), "it had to wait for a place");
    for (stream, silent) in slow.iter_mut().zip([true, false, false]) {
        let answer = heard(stream).await;
        assert!(if silent { !answer.contains(" 200 ") } else { answer.starts_with("HTTP/1.1 408") }, "{answer}");
    }
    assert_eq!(cloud.blobs(), 0, "half a file is none");
    drop(stop);
}

/// Every path below a folder.
fn listing(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(listing(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}

#[tokio::test]
async fn no_text_of_a_client_becomes_a_path() {
    let outer = tempfile::tempdir().unwrap();
    let inner = outer.path().join("a/b/cloud");
    std::fs::create_dir_all(&inner).unwrap();
    pc_base::write_atomic(&outer.path().join("secret"), b"Osmanthus").unwrap();
    let dir = Arc::new(tempfile::tempdir_in(&inner).unwrap());
    let cloud = Cloud::open(dir.clone(), SmallEngine::default(), Profile::embedded());
    let file = cloud.dataset().await;
    let job = cloud.tune(&file).await;
    cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
    let before = listing(outer.path()).len();
    let key = cloud.keys.api_key.expose().clone();
    let names = [
        "../../../secret",
        "..",
        ".",
        "/etc/passwd",
        "..\\..\\secret",
        "a/../../../../secret",
        "C:\\secret",
        "file:///etc/passwd",
        "%2e%2e%2f%2e%2e%2fsecret",
        "secret\u{0}.jsonl",
        "con",
        "~/secret",
        "cloud.db",
        "$(touch secret)",
    ];
    for name in names {
        cloud.upload_as(&key, "/api/v1/files", "files", &name.replace('"', ""), "{}\n").await;
        let escaped: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in [
            "files/{}",
            "fine-tunes/{}",
            "fine-tunes/{}/logs",
            "fine-tunes/{}/checkpoints",
            "deployments/{}",
            "extensions/uploads/{}",
            "extensions/files/{}/content",
            "extensions/fine-tunes/{}/weights",
        ] {
            for id in [name, &escaped] {
                let target = format!("/api/v1/{}", path.replace("{}", id));
                let Ok(built) =
                    request("GET", &target).header("authorization", format!("Bearer {key}")).body("".into())
                else {
                    // No client can send it either.
                    continue;
                };
                let (status, _, body) = cloud.send(built).await;
                let body = String::from_utf8_lossy(&body).into_owned();
                assert!(!status.is_server_error() && !body.contains("Osmanthus"), "{target}: {status} {body}");
            }
        }
        let weights = format!("/api/v1/extensions/fine-tunes/{job}/weights/{escaped}");
        let (status, body) = cloud.call("GET", &weights, Value::Null).await;
        assert!(status.is_client_error(), "{weights}: {status} {body}");
        for (path, body) in [
            ("/api/v1/fine-tunes", json!({"model": "tiny", "training_file_ids": [name], "job_name": name})),
            ("/api/v1/fine-tunes", json!({"model": name, "training_file_ids": [file]})),
            (
                "/api/v1/fine-tunes",
                json!({"model": "tiny", "training_file_ids": [file], "finetuned_output_suffix": name}),
            ),
            ("/api/v1/deployments", json!({"model_name": name, "plan": "lora"})),
            (
                "/api/v1/deployments",
                json!({"model_name": format!("tiny-{job}"), "plan": "lora", "suffix": name, "name": name}),
            ),
            (NATIVE, json!({"model": name, "input": {"prompt": "hi"}})),
        ] {
            let (status, answer) = cloud.call("POST", path, body).await;
            assert!(!status.is_server_error() && !answer.to_string().contains("Osmanthus"), "{path} {name}: {answer}");
        }
        let made = json!({"name": name, "bytes": 3});
        cloud.call("POST", "/api/v1/extensions/uploads", made).await;
    }
    // A job that one of them started works in a folder of its own name; wait until it has gone.
    let until = Instant::now() + Duration::from_secs(20);
    while dir.path().join("work").read_dir().is_ok_and(|mut all| all.next().is_some()) && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let added = listing(outer.path());
    for path in &added {
        let name = path.file_name().unwrap().to_str().unwrap();
        let ours = ["a", "b", "cloud", "secret", "lock", "blobs", "unfinished", "work"].contains(&name)
            || name.starts_with("cloud.db")
            || name.starts_with(".tmp")
            || (name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert!(ours, "{} was made of a client's text", path.display());
    }
    assert!(added.len() >= before, "nothing was removed by a name");
    assert_eq!(std::fs::read(outer.path().join("secret")).unwrap(), b"Osmanthus");
}
