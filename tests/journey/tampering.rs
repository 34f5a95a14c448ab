//! A way to the cloud on which weights are damaged: what comes out must not be kept.

use std::io::{BufRead as _, BufReader};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

use pc_testkit::tiny_rows;
use pc_tests::installation::{Installation, Running, TINY};
use serde_json::Value;

use crate::partner::{ran, read, run, upload};

/// Passes connections on to `cloud`, one request each, and turns a bit of the last byte of every file of weights.
fn tampering(cloud: String) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let address = listener.local_addr().expect("a listener has an address").to_string();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let cloud = cloud.clone();
            // A client that goes away is no trouble of the test's.
            std::thread::spawn(move || drop(pass(client, &cloud)));
        }
    });
    address
}

fn pass(mut client: TcpStream, cloud: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if lower.starts_with("host:") {
            line = format!("host: {cloud}\r\n");
        }
        if lower.starts_with("connection:") {
            continue;
        }
        if line == "\r\n" {
            break;
        }
        head += &line;
    }
    let weights = head.lines().next().is_some_and(|line| line.contains("/weights/"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut server = TcpStream::connect(cloud)?;
    server.write_all(format!("{head}connection: close\r\n\r\n").as_bytes())?;
    server.write_all(&body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    if let Some(last) = answer.last_mut().filter(|_| weights) {
        *last ^= 1;
    }
    client.write_all(&answer)
}

#[test]
fn weights_whose_hash_is_wrong_are_refused_and_not_kept() {
    let here = Installation::new();
    let data = here.home.root().join("served");
    let mut serve = here.program("partner");
    serve.args(["--json", "cloud", "serve", "--data"]).arg(&data).stdout(Stdio::piped());
    let mut cloud = Running::start(&mut serve);
    let mut line = String::new();
    BufReader::new(cloud.stdout()).read_line(&mut line).expect("it says where it listens");
    let said: Value = serde_json::from_str(&line).expect("one line of JSON");
    let text = |name: &str| said[name].as_str().expect("text").to_owned();
    let proxy = tampering(text("base_url").trim_start_matches("http://").to_owned());
    let id = add(&here, &format!("http://{proxy}"), &text("api_key"));
    assert_eq!(run(&here, &["cloud", "select", &id]).status, 0);

    let file = here.home.file("train.jsonl", tiny_rows(30)).display().to_string();
    let dataset = upload(&here, &file);
    let tuned = run(&here, &["tune", "start", "--dataset", &dataset, "--model", TINY, "--n_epochs", "1", "--watch"]);
    assert_eq!(tuned.status, 0, "{}", tuned.result());
    let job = tuned.result()["job_id"].as_str().unwrap().to_owned();
    let pulled = run(&here, &["model", "pull", &job]);
    assert_eq!((pulled.code(), pulled.status), ("model_hash_wrong", 1), "{}", pulled.result());
    let models = run(&here, &["model", "list"]);
    let models = models.result()["models"].as_array().unwrap();
    assert!(models.iter().all(|model| model["origin"] != "tuned"), "what is damaged is not kept: {models:?}");
}

/// Adds a cloud; its key goes in over standard input, where a script pipes it.
fn add(here: &Installation, address: &str, key: &str) -> String {
    let mut command = here.program("partner");
    command.args(["--json", "cloud", "add", "Tampered", "--base-url", address]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    writeln!(child.stdin.take().expect("its input is piped"), "{key}").expect("it takes the key");
    let added = read(&child.wait_with_output().expect("it ends"));
    assert_eq!(added.status, 0, "{}", added.result());
    assert!(!added.result().to_string().contains(key), "a key never comes out again");
    let listed = ran(here.program("partner").args(["--json", "cloud", "list"]));
    assert!(!listed.result().to_string().contains(key), "not even in a list");
    added.result()["id"].as_str().expect("a cloud has an id").to_owned()
}
