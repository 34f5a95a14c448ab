//! From a name to a socket, with the time that it may take; and for PostgreSQL, whose client takes any stream, the encryption
//! and a guard that stops a message which is too long before its bytes are taken in. Deliberately absent: both protocols.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anyhow::Result;
use pc_base::{Code, coded};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::fault;
use crate::shape::Encryption;
use crate::{Address, Tls, tls};

/// Addresses of the host. Where encryption is off, one beyond this machine is refused.
pub(crate) async fn resolve(address: &Address) -> Result<Vec<SocketAddr>> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host((address.host.as_str(), address.port))
        .await
        .map_err(|error| fault::unreachable(address, error))?
        .collect();
    if address.tls == Tls::Off && !found.iter().all(|socket| socket.ip().is_loopback()) {
        return Err(coded(Code::SourceTlsOffRemote).with("host", address.place()).into());
    }
    Ok(found)
}

/// Ends what must be done within the address's time with `source_connect_timeout`.
pub(crate) async fn in_time<T>(address: &Address, work: impl Future<Output = Result<T>>) -> Result<T> {
    let seconds = u64::from(address.connect_seconds.max(1));
    match tokio::time::timeout(Duration::from_secs(seconds), work).await {
        Ok(done) => done,
        Err(_) => Err(coded(Code::SourceConnectTimeout).with("host", address.place()).with("seconds", seconds).into()),
    }
}

/// A socket to the first address that answers.
pub(crate) async fn dial(address: &Address) -> Result<TcpStream> {
    let socket = TcpStream::connect(resolve(address).await?.as_slice())
        .await
        .map_err(|error| fault::connecting(address, error))?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// What PostgreSQL's protocol runs over.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// PostgreSQL's request to go on encrypted: a length and a number that is no version.
const ENCRYPT: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A stream to a PostgreSQL server, encrypted as the address demands.
pub(crate) async fn postgres(address: &Address) -> Result<(Stream, Encryption)> {
    let socket = dial(address).await?;
    let (config, verified) = match &address.tls {
        Tls::Off => return Ok((Stream::Plain(socket), Encryption::None)),
        Tls::Prefer => (tls::unverified()?, Encryption::Unverified),
        Tls::VerifyFull { ca } => (tls::verified(ca.as_deref())?, Encryption::Verified),
    };
    let (mut socket, offered) = offer(address, socket).await?;
    if !offered {
        return match address.tls {
            Tls::Prefer => Ok((Stream::Plain(socket), Encryption::None)),
            _ => Err(coded(Code::SourceTlsMissing).with("host", address.place()).into()),
        };
    }
    let name = ServerName::try_from(address.host.clone())
        .map_err(|error| coded(Code::SourceTlsFailed).with("host", address.place()).with("why", error))?;
    socket.flush().await?;
    let stream = TlsConnector::from(config).connect(name, socket).await;
    Ok((Stream::Tls(Box::new(stream.map_err(|error| fault::handshake(address, error))?)), verified))
}

/// Asks whether the server encrypts.
async fn offer(address: &Address, mut socket: TcpStream) -> Result<(TcpStream, bool)> {
    let mut answer = [0];
    let asked = async {
        socket.write_all(&ENCRYPT).await?;
        socket.read_exact(&mut answer).await
    };
    asked.await.map_err(|error| fault::connecting(address, error))?;
    Ok((socket, answer[0] == b'S'))
}

/// Whether a PostgreSQL server that refused a login in the clear would encrypt.
pub(crate) async fn encrypts(address: &Address) -> bool {
    let asked = async { offer(address, dial(address).await?).await };
    in_time(address, asked).await.is_ok_and(|(_, offered)| offered)
}

/// What a [`Guard`] stops.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// A message longer than any that is taken in.
    TooLong,
    /// The server wants the password in the clear over a wire that others can read.
    PasswordInTheClear,
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the server sends a message that is too long",
            Self::PasswordInTheClear => "the server wants the password in the clear",
        })
    }
}

impl std::error::Error for Stopped {}

/// Watches the lengths of a PostgreSQL server's messages go by.
pub(crate) struct Guard {
    stream: Stream,
    meter: Meter,
}

impl Guard {
    /// `longest` is a message's length in bytes; `open` says that others can read along.
    pub(crate) fn new(stream: Stream, longest: usize, open: bool) -> Self {
        Self { stream, meter: Meter { head: Vec::with_capacity(Meter::HEAD), skip: 0, longest, open } }
    }
}

/// Where in the stream of messages the reader is: each is a letter, a length that counts itself, and so many bytes.
struct Meter {
    head: Vec<u8>,
    skip: usize,
    longest: usize,
    open: bool,
}

impl Meter {
    /// Letter, length, and the first word of an authentication request.
    const HEAD: usize = 9;

    fn pass(&mut self, mut bytes: &[u8]) -> Result<(), Stopped> {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            (self.skip, bytes) = (self.skip - skipped, &bytes[skipped..]);
            while let Some((first, rest)) = bytes.split_first()
                && self.skip == 0
            {
                self.head.push(*first);
                bytes = rest;
                self.head_grew()?;
            }
        }
        Ok(())
    }

    fn head_grew(&mut self) -> Result<(), Stopped> {
        let &[letter, a, b, c, d, ref word @ ..] = self.head.as_slice() else { return Ok(()) };
        let rest = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(4);
        if rest > self.longest {
            return Err(Stopped::TooLong);
        }
        let wants_word = letter == b'R' && rest >= 4;
        if wants_word && word.len() < 4 {
            return Ok(());
        }
        if wants_word && self.open && *word == [0, 0, 0, 3] {
            return Err(Stopped::PasswordInTheClear);
        }
        self.skip = rest - word.len();
        self.head.clear();
        Ok(())
    }
}

impl AsyncRead for Guard {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        })?;
        Poll::Ready(self.meter.pass(&buffer.filled()[before..]).map_err(io::Error::other))
    }
}

impl AsyncWrite for Guard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(letter: u8, body: &[u8]) -> Vec<u8> {
        [&[letter], ((body.len() + 4) as u32).to_be_bytes().as_slice(), body].concat()
    }

    fn passed(bytes: &[u8], step: usize, open: bool) -> Result<(), Stopped> {
        let mut meter = Meter { head: Vec::new(), skip: 0, longest: 20, open };
        bytes.chunks(step).try_for_each(|chunk| meter.pass(chunk))
    }

    #[test]
    fn a_long_message_is_stopped_at_its_head_wherever_the_reads_are_cut() {
        let fine = [message(b'R', &[0; 4]), message(b'D', &[7; 20]), message(b'Z', b"I"), message(b'1', b"")].concat();
        let long = [fine.clone(), message(b'D', &[7; 21])[..5].to_vec()].concat();
        for step in 1..long.len() {
            assert!(passed(&fine, step, true).is_ok(), "every message fits, cut at {step}");
            assert!(
                matches!(passed(&long, step, true), Err(Stopped::TooLong)),
                "no byte of the body came, cut at {step}"
            );
        }
    }

    #[test]
    fn a_wish_for_the_password_in_the_clear_is_stopped_on_an_open_wire_only() {
        let wish = message(b'R', &[0, 0, 0, 3]);
        for step in 1..wish.len() {
            assert!(matches!(passed(&wish, step, true), Err(Stopped::PasswordInTheClear)));
            assert!(passed(&wish, step, false).is_ok(), "nobody reads along");
        }
    }

    #[test]
    fn a_length_that_lies_does_not_panic() {
        assert!(passed(&[b'D', 0, 0, 0, 0, b'Z', 0, 0, 0, 5, b'I'], 3, true).is_ok());
        assert!(matches!(passed(&[b'D', 255, 255, 255, 255], 1, true), Err(Stopped::TooLong)));
    }
}
