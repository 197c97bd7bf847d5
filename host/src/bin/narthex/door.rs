//! Who comes for pages: so many at a time, and nobody for ever who does nothing.
//!
//! Whoever reaches the address can open connections, and each costs a file that a device may need.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Visitors beside those that scrape.
const OTHERS: usize = 32;
/// How long a visitor may keep silent between two requests: longer than servers wait between two scrapes, mostly.
const IDLE: Duration = Duration::from_secs(150);
/// How long while more than half of the places are taken, and how long one may not take what it asked for.
const STALLED: Duration = Duration::from_secs(15);
/// How often to look.
const STEP: Duration = Duration::from_secs(1);

/// A listener with a number of places.
pub(crate) struct Door {
    listener: TcpListener,
    places: Arc<Semaphore>,
    all: usize,
}

impl Door {
    /// A door for so many scrapes at a time, and some more.
    pub(crate) fn new(listener: TcpListener, scrapes: usize) -> Self {
        let all = scrapes.saturating_add(OTHERS).min(Semaphore::MAX_PERMITS);
        Self { listener, places: Arc::new(Semaphore::new(all)), all }
    }
}

impl Listener for Door {
    type Io = Visitor;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visitor, SocketAddr) {
        // Who finds no place waits outside; the places are never closed.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let (moved, look) = (Instant::now(), Box::pin(sleep(STEP)));
        let places = Arc::clone(&self.places);
        (Visitor { stream, moved, look, places, all: self.all, _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends with an error when nothing moves for too long.
pub(crate) struct Visitor {
    stream: TcpStream,
    /// When bytes last went either way.
    moved: Instant,
    look: Pin<Box<Sleep>>,
    places: Arc<Semaphore>,
    all: usize,
    _place: Option<OwnedSemaphorePermit>,
}

impl Visitor {
    fn is_crowded(&self) -> bool {
        self.places.available_permits() < self.all / 2
    }

    /// What comes of a try to move bytes, within what time some must move.
    fn outcome<T>(
        &mut self,
        context: &mut Context<'_>,
        tried: Poll<io::Result<T>>,
        limit: Duration,
    ) -> Poll<io::Result<T>> {
        if tried.is_ready() {
            self.moved = Instant::now();
            return tried;
        }
        loop {
            if self.moved.elapsed() >= limit {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            if self.look.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.look.as_mut().reset(Instant::now() + STEP);
        }
    }
}

impl AsyncRead for Visitor {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let tried = Pin::new(&mut self.stream).poll_read(context, into);
        let limit = if self.is_crowded() { STALLED } else { IDLE };
        self.outcome(context, tried, limit)
    }
}

impl AsyncWrite for Visitor {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let tried = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.outcome(context, tried, STALLED)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let tried = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.outcome(context, tried, STALLED)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn door(scrapes: usize) -> (Door, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (Door::new(listener, scrapes), address)
    }

    #[tokio::test]
    async fn who_finds_no_place_waits_until_there_is_one() {
        let (mut door, address) = door(1).await;
        let (mut outside, mut inside) = (Vec::new(), Vec::new());
        for _ in 0..=OTHERS {
            outside.push(TcpStream::connect(address).await.unwrap());
            inside.push(door.accept().await.0);
        }
        outside.push(TcpStream::connect(address).await.unwrap());
        let soon = Duration::from_millis(50);
        assert!(tokio::time::timeout(soon, door.accept()).await.is_err());
        inside.pop();
        assert!(tokio::time::timeout(soon, door.accept()).await.is_ok());
    }

    #[tokio::test]
    async fn who_does_nothing_is_sent_away_and_sooner_from_a_crowd() {
        let (mut door, address) = door(1).await;
        let mut outside = vec![TcpStream::connect(address).await.unwrap()];
        let mut inside = vec![door.accept().await.0];
        let silent = |visitor: &mut Visitor, seconds| {
            visitor.moved = Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        };
        silent(&mut inside[0], 149);
        let soon = Duration::from_millis(50);
        assert!(tokio::time::timeout(soon, inside[0].read_u8()).await.is_err());
        for _ in 0..OTHERS {
            outside.push(TcpStream::connect(address).await.unwrap());
            inside.push(door.accept().await.0);
        }
        let end = inside[0].read_u8().await.unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::TimedOut);
        // Whoever says something has time again.
        silent(&mut inside[1], 20);
        outside[1].write_all(b"a").await.unwrap();
        assert_eq!(inside[1].read_u8().await.unwrap(), b'a');
        assert!(tokio::time::timeout(soon, inside[1].read_u8()).await.is_err());
    }

    #[tokio::test]
    async fn who_does_not_take_its_page_is_sent_away() {
        let (mut door, address) = door(1).await;
        let _outside = TcpStream::connect(address).await.unwrap();
        let mut visitor = door.accept().await.0;
        let soon = Duration::from_millis(50);
        let page = vec![b'x'; 64 << 20];
        assert!(tokio::time::timeout(soon, visitor.write_all(&page)).await.is_err());
        visitor.moved = Instant::now().checked_sub(STALLED).unwrap();
        let end = visitor.write_all(&page).await.unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::TimedOut);
    }
}
