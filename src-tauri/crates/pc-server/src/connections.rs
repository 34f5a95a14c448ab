//! Connections: as many at once as the profile says, and none that a slow client can hold for ever. A head must come in
//! time, a body must not stand still, and an answer must be taken.

use std::convert::Infallible;
use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use futures_util::StreamExt as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep};
use tower::ServiceExt as _;

use crate::profile::Profile;

/// What is read of a connection at once; a head that is longer is refused by the library itself (431).
const BUFFER: usize = 256 << 10;
/// Open requests have so long once the program is about to end.
const LAST_SECONDS: Duration = Duration::from_secs(3);

/// Accepts connections until `shutdown` resolves, then lets open requests finish for a moment.
pub(crate) async fn accept(
    listener: TcpListener,
    router: Router,
    profile: &Profile,
    shutdown: impl Future<Output = ()> + Send,
) {
    let silence = Duration::from_secs(profile.silence_seconds);
    let places = Arc::new(Semaphore::new(profile.connections));
    let (ending, ended) = watch::channel(());
    let (mut open, mut shutdown) = (JoinSet::new(), pin!(shutdown));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await.expect("it is never closed");
            (listener.accept().await, place)
        };
        tokio::select! {
            (accepted, place) = next => match accepted {
                Ok((stream, address)) => {
                    let served = serve(stream, address, router.clone(), silence, ended.clone());
                    open.spawn(async move {
                        served.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    // Mostly too many open files: others will be closed.
                    tracing::warn!(error = error.to_string(), "a connection cannot be accepted");
                    sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = open.join_next() => {}
            () = &mut shutdown => break,
        }
    }
    drop((listener, ending));
    let finished = async { while open.join_next().await.is_some() {} };
    // Whoever is not done by then is cut off with the set.
    let _late = tokio::time::timeout(LAST_SECONDS, finished).await;
}

async fn serve(
    stream: TcpStream,
    address: std::net::SocketAddr,
    router: Router,
    silence: Duration,
    mut ended: watch::Receiver<()>,
) {
    // Answers are written whole or in frames that somebody waits for.
    let _unsupported = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(2 * silence).max_buf_size(BUFFER);
    let io = TokioIo::new(Patient { stream, silence, waiting: None });
    let mut connection = pin!(builder.serve_connection(io, service));
    tokio::select! {
        // An error is the client's, or its absence.
        _ = connection.as_mut() => return,
        _ = ended.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ended = connection.await;
}

/// A request's body that ends with an error when nothing comes for too long; `late` says afterwards whether that was so.
pub(crate) fn timely(body: Body, silence: Duration, late: Arc<AtomicBool>) -> Body {
    let mut chunks = body.into_data_stream();
    Body::from_stream(async_stream::stream! {
        loop {
            match tokio::time::timeout(silence, chunks.next()).await {
                Ok(None) => return,
                Ok(Some(chunk)) => yield chunk.map_err(Error::other),
                Err(_) => {
                    late.store(true, Ordering::Relaxed);
                    yield Err(Error::from(ErrorKind::TimedOut));
                    return;
                }
            }
        }
    })
}

/// A connection whose other end must take what is written.
struct Patient {
    stream: TcpStream,
    silence: Duration,
    /// Runs while the other end takes nothing.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn written(&mut self, context: &mut Context<'_>, written: Poll<Result<usize>>) -> Poll<Result<usize>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let silence = self.silence;
        ready!(self.waiting.get_or_insert_with(|| Box::pin(sleep(silence))).as_mut().poll(context));
        Poll::Ready(Err(Error::from(ErrorKind::TimedOut)))
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
