//! One connection: bytes from a reader into an intake.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;

use super::{Intake, LinkStatus};

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
    _place: OwnedSemaphorePermit,
}

impl Connection {
    pub(super) fn new(intake: Box<dyn Intake>, status: Arc<LinkStatus>, place: OwnedSemaphorePermit) -> Self {
        status.opened();
        Self { intake, status, _place: place }
    }

    /// Feeds all that `stream` brings to the intake, until its end, and writes back what the intake answers. Reading
    /// never waits for that: what the stream does not take at once is dropped, and asked for again by who needs it.
    ///
    /// # Errors
    /// Those of reading, after everything before them was fed.
    pub async fn pump(&mut self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
        let mut stream = Pin::new(stream);
        loop {
            let bytes = poll_fn(|context| {
                BUFFERS.with_borrow_mut(|Buffers { read, reply }| {
                    let mut read = ReadBuf::new(read);
                    ready!(stream.as_mut().poll_read(context, &mut read))?;
                    let bytes = read.filled();
                    if !bytes.is_empty() {
                        self.status.received(bytes.len());
                        reply.clear();
                        self.intake.feed(bytes, reply);
                        if !reply.is_empty() {
                            // A stream that fails here fails to be read as well, and that is told.
                            let _ = stream.as_mut().poll_write(context, reply);
                        }
                    }
                    Poll::Ready(io::Result::Ok(bytes.len()))
                })
            });
            match bytes.await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.status.closed();
    }
}
