//! Proxies: one that is set is used for other machines, never for this one.

use pc_cloud::{Cloud, Endpoint, Network, Proxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::fake::{EMPTY_PAGE, Fake, json, quick, told};

#[tokio::test]
async fn a_proxy_is_used_for_other_machines_and_never_for_this_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://user:word@{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let read = socket.read(&mut head).await.unwrap();
        socket.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&head[..read]).into_owned()
    });
    let network = Network { proxy: Proxy::Explicit(proxy), retries: 0, ..quick() };
    let fake = Fake::start(|_, _| json(200, EMPTY_PAGE)).await;
    Cloud::new(fake.endpoint(), &network).unwrap().files(1, 10).await.expect("this machine is reached without it");
    let far = Endpoint { base_url: "https://cloud.example".into(), billing: None, ..fake.endpoint() };
    let error = Cloud::new(far, &network).unwrap().files(1, 10).await.unwrap_err();
    assert_eq!(told(&error).0, pc_base::Code::NetworkUnreachable);
    let head = asked.await.unwrap();
    assert!(head.starts_with("CONNECT cloud.example:443 "), "{head}");
    assert!(head.to_lowercase().contains("proxy-authorization: basic"), "{head}");
    assert!(!head.contains("sk-test"), "the key is inside of TLS");
}
