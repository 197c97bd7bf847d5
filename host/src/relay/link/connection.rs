//! One connection: bytes from a reader into an intake.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;

use super::{Intake, LinkStatus};

/// Bytes taken by one read.
const READ_BYTES: usize = 16 * 1024;

thread_local! {
    /// Bytes are read and fed within one poll, so one buffer a thread is enough: ten thousand idle connections own
    /// no buffer at all.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
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

    /// Feeds all that `reader` brings to the intake, until its end.
    ///
    /// # Errors
    /// Those of the reader, after everything before them was fed.
    pub async fn pump(&mut self, reader: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
        let mut reader = Pin::new(reader);
        loop {
            let bytes = poll_fn(|context| {
                BUFFER.with_borrow_mut(|buffer| {
                    let mut buffer = ReadBuf::new(buffer);
                    ready!(reader.as_mut().poll_read(context, &mut buffer))?;
                    let bytes = buffer.filled();
                    if !bytes.is_empty() {
                        self.status.received(bytes.len());
                        self.intake.feed(bytes);
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
