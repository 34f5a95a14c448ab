//! On a real socket: it answers, and ends when told, even with a job that stands still and a stream that is open.

mod common;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::{Cloud, SmallEngine};
use pc_server::Profile;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

async fn get(address: std::net::SocketAddr, path: &str, key: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let text =
        format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n");
    socket.write_all(text.as_bytes()).await.unwrap();
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_when_told_and_the_job_goes_on_at_the_next_start() {
    let cloud = Cloud::new();
    cloud.engine.hold.store(true, Ordering::SeqCst);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(pc_server::serve(listener, cloud.state.clone(), async move {
        let _told = stopped.await;
    }));
    let key = cloud.keys.api_key.expose().clone();
    let mut answer = String::new();
    get(address, "/api/v1/extensions", &key).await.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("weights-download"), "{answer}");

    let job = cloud.tune(&cloud.dataset().await).await;
    let path = format!("/api/v1/fine-tunes/{job}");
    cloud.until(&path, "RUNNING").await;
    assert_eq!(cloud.state.idle_seconds().unwrap(), None, "a cloud with a job is not idle");
    let mut stream = get(address, &format!("{path}/stream"), &key).await;
    let mut begun = [0; 64];
    stream.read_exact(&mut begun).await.unwrap();

    let told = Instant::now();
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(told.elapsed() < Duration::from_secs(8), "neither the job nor the open stream holds it up");
    let dir = tokio::task::spawn_blocking(move || cloud.close()).await.unwrap();
    let cloud = Cloud::open(dir, SmallEngine::default(), Profile::embedded());
    assert_eq!(cloud.until(&path, "SUCCEEDED").await["usage"], json!(1000));
    assert!(cloud.state.idle_seconds().unwrap().is_some(), "with nothing to do it is idle");
}
