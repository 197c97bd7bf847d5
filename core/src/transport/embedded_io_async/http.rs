//! `GET /metrics` over any asynchronous stream.

use core::fmt;
use core::ops::Range;
use core::time::Duration;

use embedded_io_async::{Read, Write};

use crate::http::{Connection, Endpoint, Observe, Wants};
use crate::model::Source;

/// Bytes of a request that are read at once.
const READ: usize = 64;

/// One HTTP client on an asynchronous stream, such as a `TcpSocket` of embassy-net.
///
/// Time is the executor's: the [deadlines](crate::http::Deadlines) of an endpoint do nothing here. Put a timeout around
/// [`answer`](Self::answer), which then covers the time between two requests too, and end the connection when it has
/// passed.
///
/// ```
/// use narthex::http::Endpoint;
/// use narthex::transport::HttpStream;
/// # use narthex::{Counter, Metrics, Registry, registry};
/// # /// A radio.
/// # #[derive(Metrics)]
/// # struct Radio {
/// #     /// Packets sent.
/// #     radio_packets_total: Counter,
/// # }
/// # static RADIO: Radio = Radio::new();
/// static REGISTRY: Registry = registry![RADIO];
/// # trait Socket: embedded_io_async::Read + embedded_io_async::Write { fn close(&mut self) {} fn abort(&mut self) {} }
/// # async fn with_timeout<F: Future>(seconds: u64, future: F) -> Result<F::Output, ()> { Ok(future.await) }
///
/// /// What a task does with each connection that it has accepted.
/// async fn serve(mut socket: impl Socket) {
///     let (mut request, mut page) = ([0; 512], [0; 1024]);
///     let mut stream = HttpStream::new(&mut socket, &mut request, &mut page);
///     let endpoint = Endpoint::new(&REGISTRY);
///     loop {
///         match with_timeout(90, stream.answer(&endpoint)).await {
///             Ok(Ok(true)) => {} // and the next
///             Ok(Ok(false)) => return socket.close(),
///             Ok(Err(_)) | Err(_) => return socket.abort(),
///         }
///     }
/// }
/// ```
#[derive(Debug)]
pub struct HttpStream<'b, T> {
    stream: T,
    connection: Connection<'b>,
    page: &'b mut [u8],
    read: [u8; READ],
    /// What of `read` was not taken yet.
    left: Range<usize>,
    /// Whether bytes are on their way out.
    writing: bool,
}

/// Why an answer was not sent whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ServeError<E> {
    /// The stream failed.
    Stream(E),
    /// The stream takes no more bytes.
    Closed,
    /// The page was given up: the set of families has changed, or a line is longer than the buffer.
    Aborted,
    /// A future was dropped while it wrote.
    Dropped,
}

impl<E: fmt::Display> fmt::Display for ServeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => write!(f, "the stream failed: {error}"),
            Self::Closed => f.write_str("the stream takes no more bytes"),
            Self::Aborted => f.write_str("the page was given up before its end"),
            Self::Dropped => f.write_str("an answer was dropped while it was written"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for ServeError<E> {}

impl<'b, T: Read + Write> HttpStream<'b, T> {
    /// A client that has just come. Requests must fit in `request`: 512 bytes are enough for Prometheus, 1 KiB for most
    /// browsers. `page` must hold the longest line of the page and eight bytes more, and the head of an answer, 160 bytes;
    /// the longer, the fewer writes.
    pub fn new(stream: T, request: &'b mut [u8], page: &'b mut [u8]) -> Self {
        let mut connection = Connection::new(request);
        connection.open(Duration::ZERO);
        Self { stream, connection, page, read: [0; READ], left: 0..0, writing: false }
    }

    /// Answers the next request. Returns whether there may be another; if not, close the stream.
    ///
    /// The future may be dropped, as by a timeout; behind an answer that was under way nothing more can be sent then.
    ///
    /// # Errors
    /// [`ServeError`]: the answer was cut off. End the connection such that the client sees it, with TCP by a reset: in
    /// HTTP/1.0 a page has no other mark of its end.
    pub async fn answer<S: Source + ?Sized, O: Observe + ?Sized>(
        &mut self,
        endpoint: &Endpoint<'_, S, O>,
    ) -> Result<bool, ServeError<T::Error>> {
        if self.writing {
            return Err(ServeError::Dropped);
        }
        while self.connection.wants() == Wants::Bytes {
            if self.left.is_empty() {
                let read = self.stream.read(&mut self.read).await.map_err(ServeError::Stream)?;
                if read == 0 {
                    return Ok(false);
                }
                self.left = 0..read;
            }
            let bytes = self.read.get(self.left.clone()).unwrap_or_default();
            self.left.start += self.connection.receive(endpoint, bytes, Duration::ZERO);
        }
        self.writing = true;
        while self.connection.wants() == Wants::Room {
            let len = self.connection.send(endpoint, self.page, true, Duration::ZERO);
            let mut bytes = self.page.get(..len).unwrap_or_default();
            while !bytes.is_empty() {
                let n = self.stream.write(bytes).await.map_err(ServeError::Stream)?;
                bytes = bytes.get(n..).filter(|_| n > 0).ok_or(ServeError::Closed)?;
            }
        }
        self.stream.flush().await.map_err(ServeError::Stream)?;
        self.writing = false;
        match self.connection.wants() {
            Wants::Abort => Err(ServeError::Aborted),
            wants => Ok(wants == Wants::Bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Desc, Instance, Value};
    use crate::text::{Encoder, Format};
    use core::convert::Infallible;
    use core::future::poll_fn;
    use core::pin::pin;
    use core::sync::atomic::{AtomicU32, Ordering};
    use core::task::{Context, Poll, Waker};
    use std::string::String;
    use std::vec::Vec;

    struct Tanks(AtomicU32);

    impl Source for Tanks {
        fn instance(&self, index: usize) -> Option<Instance<'_>> {
            const NAMES: [&str; 3] = ["first_tank", "second_tank", "third_tank"];
            const DESCS: [Desc<'static>; 3] = [
                Desc::gauge(NAMES[0], "Level."),
                Desc::gauge(NAMES[1], "Level."),
                Desc::gauge(NAMES[2], "Level."),
            ];
            Some(Instance { desc: DESCS.get(index)?, labels: &[], first: true })
        }

        fn read(&self, index: usize, _: usize, _: usize) -> Option<Value> {
            Some(Value::Signed(index as i64))
        }

        fn schema_hash(&self) -> u32 {
            self.0.load(Ordering::Relaxed)
        }
    }

    /// A stream that gives and takes a few bytes at a time, and makes who uses it wait each time.
    struct Slow<'a> {
        requests: &'a [u8],
        answers: Vec<u8>,
        /// How many bytes it takes before it is closed.
        room: usize,
        ready: bool,
        /// Whose families change when the first of them has been taken.
        changes: Option<&'a Tanks>,
    }

    impl<'a> Slow<'a> {
        fn new(requests: &'a [u8]) -> Self {
            Self { requests, answers: Vec::new(), room: usize::MAX, ready: false, changes: None }
        }

        async fn wait(&mut self) {
            poll_fn(|_| {
                self.ready = !self.ready;
                if self.ready { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
    }

    impl embedded_io_async::ErrorType for Slow<'_> {
        type Error = Infallible;
    }

    impl Read for Slow<'_> {
        async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
            self.wait().await;
            let (now, later) = self.requests.split_at(self.requests.len().min(buf.len()).min(50));
            buf[..now.len()].copy_from_slice(now);
            self.requests = later;
            Ok(now.len())
        }
    }

    impl Write for Slow<'_> {
        async fn write(&mut self, buf: &[u8]) -> Result<usize, Infallible> {
            self.wait().await;
            let n = buf.len().min(7).min(self.room);
            self.room -= n;
            self.answers.extend_from_slice(&buf[..n]);
            if let Some(source) = self.changes
                && self.answers.windows(FIRST.len()).any(|line| line == FIRST)
            {
                source.0.store(2, Ordering::Relaxed);
            }
            Ok(n)
        }

        async fn flush(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
    }

    type Answered = Option<Result<bool, ServeError<Infallible>>>;

    /// Polls so many times at most, and drops it then.
    fn answer(stream: &mut HttpStream<'_, &mut Slow<'_>>, source: &Tanks, polls: usize) -> Answered {
        let endpoint = Endpoint::new(source);
        let mut answering = pin!(stream.answer(&endpoint));
        let mut context = Context::from_waker(Waker::noop());
        (0..polls).find_map(|_| match answering.as_mut().poll(&mut context) {
            Poll::Ready(answered) => Some(answered),
            Poll::Pending => None,
        })
    }

    const ALL: usize = 10_000;
    const FIRST: &[u8] = b"first_tank 0\n";
    const GET: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n";
    const OLD: &[u8] = b"GET /metrics HTTP/1.0\r\n\r\n";

    #[test]
    fn requests_are_answered_in_turn_until_there_are_no_more() {
        let source = Tanks(AtomicU32::new(1));
        let requests = [GET, GET, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", OLD, GET].concat();
        let (mut slow, mut request, mut page) = (Slow::new(&requests), [0; 128], [0; 160]);
        let mut stream = HttpStream::new(&mut slow, &mut request, &mut page);
        let all: Vec<_> = (0..5).map(|_| answer(&mut stream, &source, ALL)).collect();
        assert_eq!(all, [true, true, true, false, false].map(|more| Some(Ok(more))));
        let answers = String::from_utf8(slow.answers).unwrap();
        let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
        assert_eq!(statuses, ["200", "200", "404", "200"]);
        let (mut buf, mut encoder) = ([0; 512], Encoder::new(Format::Text));
        let n = encoder.fill(&source, &mut buf).unwrap();
        assert!(answers.as_bytes().ends_with(&buf[..n]));
        // Half a request is none.
        let mut slow = Slow::new(&GET[..30]);
        let mut stream = HttpStream::new(&mut slow, &mut request, &mut page);
        assert_eq!(answer(&mut stream, &source, ALL), Some(Ok(false)));
        assert!(slow.answers.is_empty());
    }

    #[test]
    fn an_answer_that_is_cut_off_is_an_error() {
        let (source, mut request, mut page) = (Tanks(AtomicU32::new(1)), [0; 128], [0; 160]);
        let mut slow = Slow { room: 100, ..Slow::new(GET) };
        let mut stream = HttpStream::new(&mut slow, &mut request, &mut page);
        assert_eq!(answer(&mut stream, &source, ALL), Some(Err(ServeError::Closed)));

        let mut slow = Slow::new(OLD);
        let mut stream = HttpStream::new(&mut slow, &mut request, &mut page);
        assert_eq!(answer(&mut stream, &source, 30), None);
        source.0.store(2, Ordering::Relaxed);
        // Where it was dropped, bytes are lost: it does not go on there.
        assert_eq!(answer(&mut stream, &source, ALL), Some(Err(ServeError::Dropped)));

        for (requests, tail) in [(GET, "\r\n"), (OLD, "!")] {
            source.0.store(1, Ordering::Relaxed);
            let (mut short, mut slow) = ([0; 128], Slow { changes: Some(&source), ..Slow::new(requests) });
            let mut stream = HttpStream::new(&mut slow, &mut request, &mut short);
            assert_eq!(answer(&mut stream, &source, ALL), Some(Err(ServeError::Aborted)));
            let answers = String::from_utf8(slow.answers).unwrap();
            assert!(answers.contains("first_tank 0\n") && !answers.contains("third_tank 2"), "{answers}");
            assert!(answers.ends_with(tail) && !answers.contains("\r\n0\r\n"), "{answers}");
        }
    }
}
