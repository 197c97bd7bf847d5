//! Snapshots into any asynchronous byte sink: a UART of Embassy, a TCP connection of embassy-net.

#[cfg(feature = "http")]
mod http;

use core::time::Duration;

use embedded_io_async::Write;

#[cfg(feature = "http")]
pub use http::{HttpStream, ServeError};

use super::{Memory, Reporter, Requests, SendError};
use crate::frame::DELIMITER;
use crate::model::Source;

impl<S: Source + ?Sized, M: Memory, R: Requests> Reporter<'_, S, M, R> {
    /// Sends one snapshot like `send`, and lets other tasks run while the sink has no room.
    ///
    /// The future may be dropped at any time, as by a timeout: then what was not sent is given up, as after an error.
    /// Bytes from the gateway go to [`receive`](Reporter::receive).
    ///
    /// # Errors
    /// [`SendError`]; what was not sent is given up. The next snapshot carries the values, and hello and schema come
    /// round again ([`with_trickle`](Reporter::with_trickle)); the next snapshot is a full one.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use narthex::{Counter, Metrics, Registry, registry, transport::Reporter, wire::Identity};
    /// # #[derive(Metrics)]
    /// # struct Radio {
    /// #     /// Packets sent.
    /// #     radio_packets_total: Counter,
    /// # }
    /// # static RADIO: Radio = Radio::new();
    /// static REGISTRY: Registry = registry![RADIO];
    ///
    /// async fn report(mut uart: impl embedded_io_async::Write, uptime: fn() -> Duration) {
    ///     let identity = Identity { device: "node-7", firmware: "1.2.0" };
    ///     let mut reporter = Reporter::new(&REGISTRY, identity, 0x5eed);
    ///     let mut buf = [0; 256];
    ///     loop {
    ///         // What is lost now, the next snapshot carries.
    ///         let _ = reporter.send_async(uptime(), &mut buf, &mut uart).await;
    ///         // … and wait for the next second.
    ///     }
    /// }
    /// ```
    pub async fn send_async<W: Write>(
        &mut self,
        uptime: Duration,
        buf: &mut [u8],
        sink: &mut W,
    ) -> Result<(), SendError<W::Error>> {
        self.begin(uptime);
        let snapshot = Snapshot { reporter: self, sent: false };
        snapshot.send(buf, sink).await
    }
}

/// A snapshot under way, which may be given up at any `await`.
struct Snapshot<'r, 'a, S: Source + ?Sized, M: Memory, R: Requests> {
    reporter: &'r mut Reporter<'a, S, M, R>,
    sent: bool,
}

impl<S: Source + ?Sized, M: Memory, R: Requests> Snapshot<'_, '_, S, M, R> {
    async fn send<W: Write>(mut self, buf: &mut [u8], sink: &mut W) -> Result<(), SendError<W::Error>> {
        while let Some(frame) = self.reporter.frame(buf).map_err(SendError::Frame)? {
            put(sink, &[DELIMITER]).await?;
            put(sink, frame).await?;
        }
        sink.flush().await.map_err(SendError::Write)?;
        self.sent = true;
        Ok(())
    }
}

impl<S: Source + ?Sized, M: Memory, R: Requests> Drop for Snapshot<'_, '_, S, M, R> {
    fn drop(&mut self) {
        if !self.sent {
            self.reporter.forget();
        }
    }
}

/// Like `Write::write_all`, which may panic on a sink that is closed.
async fn put<W: Write>(sink: &mut W, mut bytes: &[u8]) -> Result<(), SendError<W::Error>> {
    while !bytes.is_empty() {
        let n = sink.write(bytes).await.map_err(SendError::Write)?;
        bytes = bytes.get(n..).filter(|_| n > 0).ok_or(SendError::Closed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Decoder, Event, Kind, MAX_FRAME};
    use crate::model::{Desc, Instance, Value};
    use crate::wire::Identity;
    use core::convert::Infallible;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::vec::Vec;

    const CELLS: usize = 20;
    const DESC: Desc<'static> = Desc::counter("events_total", "Events.");

    /// Counters, of which the first moves on each time it is read.
    struct Events(AtomicU32);

    impl Source for Events {
        fn instance(&self, index: usize) -> Option<Instance<'_>> {
            (index < CELLS).then_some(Instance { desc: &DESC, labels: &[], first: index == 0 })
        }

        fn read(&self, index: usize, _: usize, _: usize) -> Option<Value> {
            let count = self.0.fetch_add(u32::from(index == 0), Ordering::Relaxed);
            Some(Value::Unsigned(if index == 0 { count.into() } else { 1 }))
        }

        fn schema_hash(&self) -> u32 {
            7
        }
    }

    /// A link that takes a few bytes at a time, and every other time makes its writer wait.
    #[derive(Default)]
    struct Slow {
        bytes: Vec<u8>,
        ready: bool,
        closed: bool,
    }

    impl embedded_io_async::ErrorType for Slow {
        type Error = Infallible;
    }

    impl Write for Slow {
        async fn write(&mut self, buf: &[u8]) -> Result<usize, Infallible> {
            core::future::poll_fn(|_| {
                self.ready = !self.ready;
                if self.ready { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            let n = if self.closed { 0 } else { buf.len().min(7) };
            self.bytes.extend_from_slice(&buf[..n]);
            Ok(n)
        }

        async fn flush(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
    }

    type Sent = Option<Result<(), SendError<Infallible>>>;

    /// Polls so many times at most, and gives up then.
    fn send<M: Memory>(reporter: &mut Reporter<'_, Events, M>, link: &mut Slow, polls: usize) -> Sent {
        let mut buf = [0; 64];
        let mut sending = pin!(reporter.send_async(Duration::ZERO, &mut buf, link));
        let mut context = Context::from_waker(Waker::noop());
        (0..polls).find_map(|_| match sending.as_mut().poll(&mut context) {
            Poll::Ready(sent) => Some(sent),
            Poll::Pending => None,
        })
    }

    /// The kinds of the frames that went out.
    fn kinds(link: &mut Slow) -> Vec<Kind> {
        let bytes = core::mem::take(&mut link.bytes);
        let (mut rest, mut decoder, mut kinds) = (&bytes[..], Decoder::<MAX_FRAME>::new(), Vec::new());
        while let Some(event) = decoder.feed(&mut rest) {
            let Event::Frame(frame) = event else { panic!("{event:?}") };
            kinds.push(frame.header.kind);
        }
        kinds
    }

    #[test]
    fn what_was_given_up_is_sent_in_full() {
        let (events, mut memory) = (Events(AtomicU32::new(0)), [0; CELLS]);
        let reporter = Reporter::new(&events, Identity { device: "d", firmware: "" }, 1);
        let mut reporter = reporter.with_trickle(0).with_memory(&mut memory);
        let mut link = Slow::default();
        assert_eq!(send(&mut reporter, &mut link, 100), Some(Ok(())));
        assert_eq!(kinds(&mut link), [Kind::RECORDS, Kind::RECORDS, Kind::VALUES]);
        assert_eq!(send(&mut reporter, &mut link, 100), Some(Ok(())));
        assert_eq!(kinds(&mut link), [Kind::SPARSE]);
        // Dropped at each of its waits, the last but one included.
        for polls in 1..6 {
            assert_eq!(send(&mut reporter, &mut link, polls), None);
            link.bytes.clear();
            assert_eq!(send(&mut reporter, &mut link, 100), Some(Ok(())));
            assert_eq!(kinds(&mut link), [Kind::VALUES], "dropped after {polls}");
        }
        link.closed = true;
        assert_eq!(send(&mut reporter, &mut link, 100), Some(Err(SendError::Closed)));
        link.closed = false;
        assert_eq!(send(&mut reporter, &mut link, 100), Some(Ok(())));
        assert_eq!(kinds(&mut link), [Kind::VALUES]);
    }
}
