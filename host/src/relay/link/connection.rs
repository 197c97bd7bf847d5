//! One connection: bytes from a reader into an intake.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

use super::{Bucket, Intake, LinkStatus};

/// Bytes taken by one read.
const READ_BYTES: usize = 16 * 1024;

thread_local! {
    /// Bytes are read, fed and answered within one poll, so one pair of buffers a thread is enough: ten thousand idle
    /// connections own no buffer at all.
    static BUFFERS: RefCell<Buffers> = RefCell::new(Buffers { read: vec![0; READ_BYTES].into(), reply: Vec::new() });
}

struct Buffers {
    read: Box<[u8]>,
    reply: Vec<u8>,
}

/// One open connection. When it is dropped, its place is free again and its intake is gone.
#[must_use = "a connection that is dropped is closed"]
#[allow(missing_debug_implementations, reason = "a trait object; nothing to show")]
pub struct Connection {
    intake: Box<dyn Intake>,
    status: Arc<LinkStatus>,
    rate: Option<Arc<Bucket>>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    pub(super) fn new(
        intake: Box<dyn Intake>,
        status: Arc<LinkStatus>,
        rate: Option<Arc<Bucket>>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        status.opened();
        Self { intake, status, rate, _place: place }
    }

    /// Feeds bytes to the intake. Its answer is left in `reply`, in place of what was there.
    pub(super) fn feed(&mut self, bytes: &[u8], reply: &mut Vec<u8>) {
        self.status.received(bytes.len());
        reply.clear();
        self.intake.feed(bytes, reply);
    }

    /// Feeds all that `stream` brings to the intake, until its end, and writes back what the intake answers. Reading
    /// never waits for that: what the stream does not take at once is dropped, and asked for again by who needs it.
    ///
    /// # Errors
    /// Those of reading, after everything before them was fed.
    pub async fn pump(&mut self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
        let mut stream = Pin::new(stream);
        loop {
            match poll_fn(|context| self.poll_pump(context, stream.as_mut())).await {
                Ok(Pumped::Bytes) => {}
                Ok(Pumped::TooFast(wait)) => {
                    self.status.paused();
                    sleep(wait).await;
                }
                Ok(Pumped::End) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// One read and what follows from it.
    fn poll_pump(
        &mut self,
        context: &mut Context<'_>,
        mut stream: Pin<&mut (impl AsyncRead + AsyncWrite)>,
    ) -> Poll<io::Result<Pumped>> {
        let now = Instant::now();
        let most = self.rate.as_ref().map_or(READ_BYTES, |rate| rate.allows(now));
        if let Some(rate) = self.rate.as_ref().filter(|_| most == 0) {
            return Poll::Ready(Ok(Pumped::TooFast(rate.wait(now))));
        }
        BUFFERS.with_borrow_mut(|Buffers { read, reply }| {
            let most = most.min(read.len());
            let mut read = ReadBuf::new(read.get_mut(..most).unwrap_or_default());
            ready!(stream.as_mut().poll_read(context, &mut read))?;
            let bytes = read.filled();
            if bytes.is_empty() {
                return Poll::Ready(Ok(Pumped::End));
            }
            if let Some(rate) = &self.rate {
                rate.take(bytes.len(), now);
            }
            self.feed(bytes, reply);
            if !reply.is_empty() {
                let sent = match stream.as_mut().poll_write(context, reply) {
                    Poll::Ready(Ok(sent)) => sent,
                    // A stream that fails here fails to be read as well, and that is told.
                    Poll::Ready(Err(_)) | Poll::Pending => 0,
                };
                self.status.sent(sent, reply.len());
            }
            Poll::Ready(Ok(Pumped::Bytes))
        })
    }
}

/// What one read has brought.
enum Pumped {
    Bytes,
    /// Nothing may come before this time has passed.
    TooFast(Duration),
    End,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.status.closed();
    }
}
