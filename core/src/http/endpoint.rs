//! What all clients are served from.

use core::time::Duration;

use super::Status;
use crate::model::Source;

/// What is served, where, until when, and who is told.
///
/// ```
/// use core::time::Duration;
/// use narthex::http::{Deadlines, Endpoint};
/// # use narthex::{Counter, Metrics, Registry, registry};
/// # /// A radio.
/// # #[derive(Metrics)]
/// # struct Radio {
/// #     /// Packets sent.
/// #     radio_packets_total: Counter,
/// # }
/// # static RADIO: Radio = Radio::new();
/// # static REGISTRY: Registry = registry![RADIO];
/// let endpoint = Endpoint::new(&REGISTRY)
///     .with_path("/device")
///     .with_deadlines(Deadlines { idle: Duration::from_secs(20), ..Deadlines::DEFAULT });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a, S: Source + ?Sized, O: ?Sized = ()> {
    pub(super) source: &'a S,
    pub(super) observer: &'a O,
    pub(super) path: &'a str,
    pub(super) limits: Limits,
}

/// How long a client may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// For the head of a request, from its first byte to its last; of the first, from the moment the client is there.
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// To take another part of an answer.
    pub stall: Duration,
    /// To take the whole of it.
    pub answer: Duration,
}

impl Deadlines {
    /// 10 s for a head and 90 s between requests, which is more than the minute between scrapes; 10 s for the next part
    /// of an answer, 60 s for all of it.
    pub const DEFAULT: Self = Self {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(90),
        stall: Duration::from_secs(10),
        answer: Duration::from_secs(60),
    };
}

/// Deadlines in milliseconds. What is longer than these can tell is for ever.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) head: u32,
    pub(super) idle: u32,
    pub(super) stall: u32,
    pub(super) answer: u32,
}

impl Limits {
    const fn new(deadlines: Deadlines) -> Self {
        let Deadlines { head, idle, stall, answer } = deadlines;
        Self { head: millis(head), idle: millis(idle), stall: millis(stall), answer: millis(answer) }
    }
}

const fn millis(limit: Duration) -> u32 {
    let millis = limit.as_millis();
    if millis < u32::MAX as u128 { millis as u32 } else { u32::MAX }
}

/// Is told what became of requests: `()` does nothing and costs nothing, and
/// [`runtime::HttpServer`](crate::runtime::HttpServer) counts.
pub trait Observe {
    /// An answer has begun.
    fn answered(&self, status: Status) {
        let _ = status;
    }

    /// A page was given up before its end.
    fn aborted(&self) {}

    /// So many bytes of answers were handed to the transport.
    fn sent(&self, bytes: usize) {
        let _ = bytes;
    }
}

impl Observe for () {}

impl<'a, S: Source + ?Sized> Endpoint<'a, S> {
    /// Serves `source` at `/metrics`.
    pub const fn new(source: &'a S) -> Self {
        Self { source, observer: &(), path: "/metrics", limits: Limits::new(Deadlines::DEFAULT) }
    }
}

impl<'a, S: Source + ?Sized, O: ?Sized> Endpoint<'a, S, O> {
    /// Serves at another path. It is compared byte by byte: `%` in a request is not decoded.
    #[must_use]
    pub const fn with_path(self, path: &'a str) -> Self {
        Self { path, ..self }
    }

    /// Gives clients another time.
    #[must_use]
    pub const fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { limits: Limits::new(deadlines), ..self }
    }

    /// Tells `observer` what is answered.
    #[must_use]
    pub const fn with_observer<N: Observe + ?Sized>(self, observer: &'a N) -> Endpoint<'a, S, N> {
        let Self { source, path, limits, .. } = self;
        Endpoint { source, observer, path, limits }
    }
}
