//! A relay in front of the cloud that cuts connections in the middle of an answer, as bad networks do, and keeps the heads
//! of requests.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub struct Relay {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Bytes of answers until the cut of the connection that has reached it; one entry a cut.
    cuts: Mutex<Vec<usize>>,
    sent: Mutex<String>,
}

impl Relay {
    /// To `target`; the first entry of `cuts` is the first cut.
    pub async fn start(target: SocketAddr, mut cuts: Vec<usize>) -> Self {
        cuts.reverse();
        let shared = Arc::new(Shared { cuts: Mutex::new(cuts), ..Shared::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, relaying) = (listener.local_addr().unwrap(), shared.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(target).await.unwrap();
                tokio::spawn(pass(client, server, relaying.clone()));
            }
        });
        Self { address, shared }
    }

    /// The ranges that were asked for, in order.
    pub fn ranges(&self) -> Vec<String> {
        let sent = self.shared.sent.lock().unwrap().to_lowercase();
        let found = sent.lines().filter_map(|line| line.strip_prefix("range: "));
        found.map(str::to_owned).collect()
    }
}

async fn pass(client: TcpStream, server: TcpStream, shared: Arc<Shared>) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let up = shared.clone();
    let upward = tokio::spawn(async move {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(read) = from_client.read(&mut buffer).await {
            if read == 0 || to_server.write_all(&buffer[..read]).await.is_err() {
                break;
            }
            up.sent.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    });
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read) = from_server.read(&mut buffer).await {
        let (pass, cut) = {
            let mut cuts = shared.cuts.lock().unwrap();
            match cuts.last_mut() {
                Some(left) if read >= *left => (cuts.pop().unwrap_or_default(), true),
                Some(left) => {
                    *left -= read;
                    (read, false)
                }
                None => (read, false),
            }
        };
        if read == 0 || to_client.write_all(&buffer[..pass]).await.is_err() || cut {
            break;
        }
    }
    upward.abort();
}
