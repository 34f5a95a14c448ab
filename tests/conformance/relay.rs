//! A relay in front of the cloud that cuts connections in the middle of an answer or a request, as bad networks do, and keeps
//! the heads of requests.

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
    /// The same for requests.
    cuts_of_requests: Mutex<Vec<usize>>,
    sent: Mutex<String>,
}

/// How many of some bytes may pass, and whether the connection is cut after them.
fn allowed(cuts: &Mutex<Vec<usize>>, read: usize) -> (usize, bool) {
    let mut cuts = cuts.lock().unwrap();
    match cuts.last_mut() {
        Some(left) if read >= *left => (cuts.pop().unwrap_or_default(), true),
        Some(left) => {
            *left -= read;
            (read, false)
        }
        None => (read, false),
    }
}

impl Relay {
    /// To `target`; the first entry of `cuts` is the first cut.
    pub async fn start(target: SocketAddr, cuts: Vec<usize>) -> Self {
        Self::cutting(target, cuts, Vec::new()).await
    }

    /// Cuts answers and requests.
    pub async fn cutting(target: SocketAddr, mut cuts: Vec<usize>, mut cuts_of_requests: Vec<usize>) -> Self {
        cuts.reverse();
        cuts_of_requests.reverse();
        let (cuts, cuts_of_requests) = (Mutex::new(cuts), Mutex::new(cuts_of_requests));
        let shared = Arc::new(Shared { cuts, cuts_of_requests, ..Shared::default() });
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
    let mut upward = tokio::spawn(async move {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(read) = from_client.read(&mut buffer).await {
            let (pass, cut) = allowed(&up.cuts_of_requests, read);
            if read == 0 || to_server.write_all(&buffer[..pass]).await.is_err() || cut {
                break;
            }
            up.sent.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    });
    let downward = async {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(read) = from_server.read(&mut buffer).await {
            let (pass, cut) = allowed(&shared.cuts, read);
            if read == 0 || to_client.write_all(&buffer[..pass]).await.is_err() || cut {
                break;
            }
        }
    };
    // Whichever side ends, the other one ends too: its connection is gone.
    tokio::select! {
        () = downward => {}
        _ = &mut upward => {}
    }
    upward.abort();
}
