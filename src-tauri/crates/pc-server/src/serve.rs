//! The router on a listening socket, until told to stop.

use std::future::Future;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::state::State;
use crate::{connections, queue, routes};

/// Serves until `shutdown` resolves; then stops running work so that it can go on at the next start, and gives open
/// requests three seconds.
pub async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let threads = queue::start(&state);
    let stopping = state.clone();
    let told = async move {
        shutdown.await;
        stopping.end();
    };
    connections::accept(listener, routes::router(state.clone()), &state.profile, told).await;
    state.end();
    tokio::task::spawn_blocking(move || {
        for thread in threads {
            // A thread that panicked has said so; the others still end in order.
            let _panicked = thread.join();
        }
    })
    .await
    .context("ending the queue")
}
