//! A [`Pl011`] as an asynchronous link: who has nothing to do until there is room, or bytes have come, sleeps.

use core::convert::Infallible;
use core::future::poll_fn;
use core::task::Poll;

use embassy_sync::waitqueue::AtomicWaker;
use embedded_io_async::{ErrorType, Read, Write};

use crate::pl011::Pl011;

/// A UART that one task writes and one reads, by references to it.
#[allow(missing_debug_implementations, reason = "the chip crate's interrupts have none")]
pub struct AsyncUart<const N: usize, const M: usize> {
    uart: Pl011<N, M>,
    writer: AtomicWaker,
    reader: AtomicWaker,
}

impl<const N: usize, const M: usize> AsyncUart<N, M> {
    /// Makes a UART asynchronous.
    pub const fn new(uart: Pl011<N, M>) -> Self {
        Self { uart, writer: AtomicWaker::new(), reader: AtomicWaker::new() }
    }

    /// Starts both directions at `baud`, and the interrupt.
    pub fn start(&self, baud: u32) {
        self.uart.start(baud);
    }

    /// The handler of the UART's interrupt calls this, and nothing else.
    pub fn on_interrupt(&self) {
        self.uart.on_interrupt();
        self.writer.wake();
        self.reader.wake();
    }
}

/// Sleeps until `ready` gives something. It is asked after the waker is known: what comes in between wakes it.
async fn until<T>(waker: &AtomicWaker, mut ready: impl FnMut() -> Option<T>) -> T {
    poll_fn(|context| {
        waker.register(context.waker());
        ready().map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

impl<const N: usize, const M: usize> ErrorType for &AsyncUart<N, M> {
    type Error = Infallible;
}

impl<const N: usize, const M: usize> Write for &AsyncUart<N, M> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let room = until(&self.writer, || Some(self.uart.room()).filter(|room| *room > 0)).await;
        let bytes = bytes.get(..room).unwrap_or(bytes);
        // There is room, as nobody else writes.
        Ok(self.uart.send(bytes).map_or(0, |()| bytes.len()))
    }

    /// Waits until the UART has taken all.
    async fn flush(&mut self) -> Result<(), Infallible> {
        until(&self.writer, || (self.uart.room() == N).then_some(())).await;
        Ok(())
    }
}

impl<const N: usize, const M: usize> Read for &AsyncUart<N, M> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        if buf.is_empty() {
            return Ok(0);
        }
        Ok(until(&self.reader, || Some(self.uart.receive(buf)).filter(|taken| *taken > 0)).await)
    }
}
