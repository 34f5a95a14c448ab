//! The router on a listening socket, until told to stop.

use std::future::{Future, IntoFuture as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::state::State;
use crate::{queue, routes};

/// Serves until `shutdown` resolves; then stops running work so that it can go on at the next start, and gives open
/// requests three seconds.
pub async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let threads = queue::start(&state);
    let (ending, ended) = tokio::sync::oneshot::channel::<()>();
    let stopping = state.clone();
    let graceful = async move {
        shutdown.await;
        stopping.end();
        drop(ending);
    };
    let served =
        axum::serve(listener, routes::router(state.clone()).into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(graceful);
    let served = tokio::spawn(served.into_future());
    let stop = served.abort_handle();
    tokio::spawn(async move {
        let _closed = ended.await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        stop.abort();
    });
    match served.await {
        Ok(result) => result.context("serving")?,
        Err(error) if error.is_cancelled() => {}
        Err(error) => return Err(error.into()),
    }
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
