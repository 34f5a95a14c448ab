//! The development host: what a browser is given, and what everybody else is refused.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use pc_app::dev_host::{self, CSP};
use serde_json::{Value, json};

use crate::common::Console;

struct Host {
    authority: String,
    token: String,
}

impl Host {
    async fn start(console: &Console) -> Self {
        let ui = console.home.root().join("ui");
        console.home.file("ui/index.html", "<p>page</p>");
        console.home.file("ui/assets/a.js", "1");
        console.home.file("secret.txt", "secret");
        let (send, receive) = tokio::sync::oneshot::channel();
        let app = console.app.clone();
        tokio::spawn(async move { dev_host::serve(app, 0, &ui, |url| drop(send.send(url.to_owned()))).await });
        let url = receive.await.expect("it listens");
        let (address, token) = url.split_once("/#token=").expect("the address holds the token");
        Self { authority: address.strip_prefix("http://").unwrap().to_owned(), token: token.to_owned() }
    }

    /// The whole answer to a request with these further header lines.
    async fn send(&self, line: &str, headers: &str, body: &str) -> String {
        let authority = self.authority.clone();
        let request = format!("{line} HTTP/1.0\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
            .replace("HOST", &authority);
        let sent = tokio::task::spawn_blocking(move || {
            let mut socket = TcpStream::connect(authority).unwrap();
            socket.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).unwrap();
            answer
        });
        sent.await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> (String, String) {
        let headers = format!("host: HOST\r\nauthorization: Bearer {}\r\nx-partner-language: zh-CN\r\n", self.token);
        let answer = self.send(&format!("POST {path}"), &headers, &body.to_string()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_gets_pages_calls_and_streams() {
    let console = Console::open();
    let host = Host::start(&console).await;
    let page = host.send("GET /", "host: HOST\r\n", "").await;
    assert!(page.starts_with("HTTP/1.0 200") && page.ends_with("<p>page</p>"), "{page}");
    assert!(page.contains(CSP), "the policy is the window's: {page}");
    let (status, settings) = host.post("/rpc/settings_get", &json!({})).await;
    assert!(status.contains("200"), "{status}");
    let chosen = json!({"language": "system", "theme": "system", "upload_bytes_per_second": 0, "upload_hours": ""});
    assert_eq!(serde_json::from_str::<Value>(&settings).unwrap(), chosen);
    let (status, refused) = host.post("/rpc/cloud_select", &json!({"id": "x"})).await;
    let refused: Value = serde_json::from_str(&refused).unwrap();
    assert!(status.contains("422") && refused["code"] == "not_found", "{status} {refused}");
    assert!(refused["message"].as_str().unwrap().contains("找不到"), "in the reader's language: {refused}");
    let path = console.rows(5);
    let (_, lines) = host.post("/stream/dataset_check", &json!({ "path": path })).await;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines[0].get("event").is_some() && lines.last().unwrap()["done"]["rows"] == 5, "{lines:?}");
    let (_, lines) = host.post("/stream/dataset_check", &json!({"path": "/no/such"})).await;
    assert!(lines.contains("\"error\"") && lines.contains("file_not_found"), "{lines}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_gets_anything() {
    let console = Console::open();
    let host = Host::start(&console).await;
    let key = format!("authorization: Bearer {}\r\n", host.token);
    for (line, headers, status) in [
        ("POST /rpc/app_info", "host: HOST\r\n".to_owned(), "401"),
        ("POST /rpc/app_info", "host: HOST\r\nauthorization: Bearer guess\r\n".to_owned(), "401"),
        ("POST /rpc/app_info", format!("host: evil.example\r\n{key}"), "403"),
        ("POST /rpc/app_info", format!("host: HOST\r\norigin: http://evil.example\r\n{key}"), "403"),
        ("GET /", "host: evil.example\r\n".to_owned(), "403"),
        ("GET /changed", "host: HOST\r\n".to_owned(), "401"),
        ("GET /../secret.txt", "host: HOST\r\n".to_owned(), "404"),
        ("GET /%2e%2e/secret.txt", "host: HOST\r\n".to_owned(), "404"),
        ("GET /assets/../../secret.txt", "host: HOST\r\n".to_owned(), "404"),
        ("GET /nothing.js", "host: HOST\r\n".to_owned(), "404"),
    ] {
        let answer = host.send(line, &headers, "").await;
        assert!(answer.starts_with(&format!("HTTP/1.0 {status}")), "{line} {headers}: {answer}");
        assert!(!answer.ends_with("secret"), "{line}");
    }
}
