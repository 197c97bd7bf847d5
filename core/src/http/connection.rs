//! One client.

use core::time::Duration;

use super::endpoint::{Endpoint, Limits, Observe};
use super::request::Asked;
use super::{Status, reply};
use crate::model::Source;
use crate::text::{Encoder, Error, Format, Out};

/// One client, from request to request: bytes in, bytes out.
///
/// Its buffer holds the head of one request: 512 bytes are enough for Prometheus, 1 KiB for most browsers. What it keeps
/// beside that is less than 96 bytes on a device. Times are those of any clock that does not go back. See the
/// [module](super) for an example.
#[derive(Debug)]
pub struct Connection<'b> {
    buf: &'b mut [u8],
    /// Bytes of a head so far.
    len: usize,
    page: Encoder,
    /// When what is waited for began, in milliseconds that wrap.
    since: u32,
    /// When a part of the answer was taken last.
    moved: u32,
    asked: Asked,
    stage: Stage,
    /// Whether nothing is in the line yet whose end may be that of the head.
    blank: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A head: the first.
    First,
    /// A head, behind an answer.
    Next,
    Reply,
    Page,
    Close,
    Abort,
}

/// What a [`Connection`] waits for, or wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Bytes of a request: [`receive`](Connection::receive).
    Bytes,
    /// Room for an answer: [`send`](Connection::send).
    Room,
    /// The end, behind all that was sent; what still comes is to be read and forgotten, else the client may lose the
    /// answer ([RFC 9112, 9.6](https://www.rfc-editor.org/rfc/rfc9112#section-9.6)).
    Close,
    /// The end at once, such that the client sees it was none: with TCP, a reset.
    Abort,
}

impl<'b> Connection<'b> {
    /// A connection whose heads must fit in `buf`; nobody is there yet.
    pub const fn new(buf: &'b mut [u8]) -> Self {
        let asked = Asked::refused(Status::BadRequest);
        let page = Encoder::new(Format::Text);
        Self { buf, len: 0, page, since: 0, moved: 0, asked, stage: Stage::Abort, blank: false }
    }

    /// A new client is there.
    pub fn open(&mut self, now: Duration) {
        self.wait(Stage::First, millis(now));
    }

    /// The client is gone, and what was under way with it.
    pub fn lost<S: Source + ?Sized, O: Observe + ?Sized>(&mut self, endpoint: &Endpoint<'_, S, O>) {
        if self.wants() == Wants::Room {
            endpoint.observer.aborted();
        }
        self.stage = Stage::Abort;
    }

    /// Lets a client go that has asked for nothing: it then [wants](Self::wants) the end.
    pub fn dismiss(&mut self, now: Duration) {
        self.wait(Stage::Close, millis(now));
    }

    /// What it waits for.
    pub const fn wants(&self) -> Wants {
        match self.stage {
            Stage::First | Stage::Next => Wants::Bytes,
            Stage::Reply | Stage::Page => Wants::Room,
            Stage::Close => Wants::Close,
            Stage::Abort => Wants::Abort,
        }
    }

    /// For how long nothing has come behind an answer, if so: of all connections the one that nobody would miss.
    pub fn idle(&self, now: Duration) -> Option<Duration> {
        let idle = millis(now).wrapping_sub(self.since);
        (self.stage == Stage::Next && self.len == 0).then(|| Duration::from_millis(idle.into()))
    }

    /// How long it may go on like this: until then, [`check`](Self::check) has nothing to do.
    pub fn left<S: Source + ?Sized, O: ?Sized>(
        &self,
        endpoint: &Endpoint<'_, S, O>,
        now: Duration,
    ) -> Duration {
        Duration::from_millis(self.millis_left(&endpoint.limits, millis(now)).into())
    }

    fn millis_left(&self, limits: &Limits, now: u32) -> u32 {
        let left = |since: u32, limit: u32| limit.saturating_sub(now.wrapping_sub(since));
        let limit = match self.stage {
            Stage::Next if self.len == 0 => limits.idle,
            Stage::First | Stage::Next => limits.head,
            Stage::Reply | Stage::Page => {
                return left(self.since, limits.answer).min(left(self.moved, limits.stall));
            }
            Stage::Close => limits.stall,
            Stage::Abort => 0,
        };
        left(self.since, limit)
    }

    /// Looks at the clock; call it now and then, and before asking what it [wants](Self::wants). Who is late with a head
    /// is told so, who is late to take an answer is cut off, and who has said nothing is let go.
    pub fn check<S: Source + ?Sized, O: Observe + ?Sized>(
        &mut self,
        endpoint: &Endpoint<'_, S, O>,
        now: Duration,
    ) {
        let now = millis(now);
        if self.millis_left(&endpoint.limits, now) > 0 {
            return;
        }
        match self.wants() {
            Wants::Bytes if self.len > 0 => self.answer(Asked::refused(Status::RequestTimeout), now),
            Wants::Bytes => self.wait(Stage::Close, now),
            _ => self.lost(endpoint),
        }
    }

    /// Takes bytes that have come, and returns how many: up to the end of a head. What comes behind it is to be kept until
    /// the answer is sent. Behind the last answer all is taken, and forgotten.
    pub fn receive<S: Source + ?Sized, O: ?Sized>(
        &mut self,
        endpoint: &Endpoint<'_, S, O>,
        bytes: &[u8],
        now: Duration,
    ) -> usize {
        match self.wants() {
            Wants::Bytes => {}
            Wants::Room => return 0,
            Wants::Close | Wants::Abort => return bytes.len(),
        }
        let now = millis(now);
        let mut taken = 0usize;
        for byte in bytes {
            taken += 1;
            if self.len == 0 {
                // Empty lines in front of a request are passed over.
                if matches!(byte, b'\r' | b'\n') {
                    continue;
                }
                (self.since, self.blank) = (now, false);
            }
            if let Some(asked) = self.push(*byte, endpoint.path) {
                self.answer(asked, now);
                break;
            }
        }
        taken
    }

    /// Takes a byte of a head. Returns what is asked, when this was the last one, or when no more can be understood.
    fn push(&mut self, byte: u8, path: &str) -> Option<Asked> {
        let Some(place) = self.buf.get_mut(self.len) else {
            #[expect(
                clippy::manual_contains,
                reason = "`contains` links a search by words, which takes 216 bytes of flash more"
            )]
            let line = self.buf.iter().any(|byte| *byte == b'\n');
            return Some(Asked::refused(if line { Status::FieldsTooLarge } else { Status::UriTooLong }));
        };
        *place = byte;
        self.len += 1;
        match byte {
            b'\n' if self.blank => Some(Asked::read(self.buf.get(..self.len).unwrap_or_default(), path)),
            b'\n' => {
                self.blank = true;
                None
            }
            b'\r' => None,
            // Whoever speaks TLS, or none of this at all.
            _ if self.len == 1 && !byte.is_ascii_graphic() => Some(Asked::refused(Status::BadRequest)),
            _ => {
                self.blank = false;
                None
            }
        }
    }

    /// Begins an answer.
    fn answer(&mut self, asked: Asked, now: u32) {
        self.wait(Stage::Reply, now);
        (self.asked, self.page) = (asked, Encoder::new(asked.format));
    }

    /// Begins to wait for something.
    fn wait(&mut self, stage: Stage, now: u32) {
        (self.since, self.moved, self.stage, self.len) = (now, now, stage, 0);
    }

    /// Fills `buf` with what comes next of an answer, and returns how many bytes; call it whenever there is room, as long
    /// as it [wants](Self::wants) some.
    ///
    /// `is_all` says that there will never be more room than this: then a line that does not fit ends the page. Without,
    /// it waits.
    pub fn send<S: Source + ?Sized, O: Observe + ?Sized>(
        &mut self,
        endpoint: &Endpoint<'_, S, O>,
        buf: &mut [u8],
        is_all: bool,
        now: Duration,
    ) -> usize {
        let now = millis(now);
        let mut sent = 0usize;
        while let Some(room) = buf.get_mut(sent..) {
            let page = self.stage == Stage::Page;
            let n = match self.stage {
                Stage::Reply => self.reply(endpoint, room, now),
                Stage::Page => self.fill(endpoint, room, now),
                _ => break,
            };
            sent = sent.saturating_add(n);
            // Behind a part of a page there is more of it than fits, but at its end.
            if n == 0 || (page && !self.page.has_written_all(endpoint.source)) {
                break;
            }
        }
        if sent > 0 {
            self.moved = now;
        } else if is_all && self.wants() == Wants::Room {
            sent = self.give_up(endpoint, buf);
        }
        endpoint.observer.sent(sent);
        sent
    }

    fn reply<S: Source + ?Sized, O: Observe + ?Sized>(
        &mut self,
        endpoint: &Endpoint<'_, S, O>,
        room: &mut [u8],
        now: u32,
    ) -> usize {
        let mut out = Out::new(room);
        reply::head(&mut out, self.asked);
        if out.is_full() {
            return 0;
        }
        endpoint.observer.answered(self.asked.status);
        if self.asked.status == Status::Ok && !self.asked.head_only {
            self.stage = Stage::Page;
        } else {
            self.end(now);
        }
        out.len()
    }

    fn fill<S: Source + ?Sized, O: Observe + ?Sized>(
        &mut self,
        endpoint: &Endpoint<'_, S, O>,
        room: &mut [u8],
        now: u32,
    ) -> usize {
        let chunked = self.asked.chunked;
        let inside = if chunked { reply::inside(room) } else { &mut *room };
        match self.page.fill(endpoint.source, inside) {
            Ok(0) if chunked => {
                let last = reply::last_chunk(room);
                if last > 0 {
                    self.end(now);
                }
                last
            }
            Ok(0) => {
                self.end(now);
                0
            }
            Ok(len) if chunked => reply::chunk(room, len),
            Ok(len) => len,
            // It waits.
            Err(Error::BufferTooSmall { .. }) => 0,
            Err(Error::Changed) => self.give_up(endpoint, room),
        }
    }

    /// The answer is written.
    fn end(&mut self, now: u32) {
        self.wait(if self.asked.close { Stage::Close } else { Stage::Next }, now);
    }

    /// Ends an answer so that nobody takes it for whole. Returns how many bytes that takes.
    fn give_up<S: Source + ?Sized, O: Observe + ?Sized>(
        &mut self,
        endpoint: &Endpoint<'_, S, O>,
        room: &mut [u8],
    ) -> usize {
        self.lost(endpoint);
        match room.first_mut() {
            Some(place) if !self.asked.chunked => {
                *place = reply::NO_LINE;
                1
            }
            _ => 0,
        }
    }
}

/// Milliseconds, of which the upper bits are lost: enough to tell what is less than 49 days apart.
#[inline(never)]
fn millis(time: Duration) -> u32 {
    (time.as_secs() as u32).wrapping_mul(1_000).wrapping_add(time.subsec_millis())
}

#[cfg(test)]
mod tests;
