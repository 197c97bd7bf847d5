//! Snapshots of a whole registry, as frames.

mod inbox;
mod memory;
mod place;
mod records;
mod sparse;
mod values;

#[cfg(test)]
mod tests;

use core::fmt;
use core::time::Duration;

use crate::frame::{self, Header, Kind, MIN_FRAME};
use crate::model::Source;
use crate::wire::Identity;
pub use inbox::{Inbox, Requests};
pub use memory::{LastValues, Memory};
use place::Cursor;

/// Turns a registry into frames: at boot who the device is and what its numbers mean, then, snapshot after snapshot,
/// all its values and again a little of the former, so that a gateway that comes late, on a line that goes one way
/// only, knows everything after a while.
///
/// One snapshot is a call of [`begin`](Reporter::begin) and as many of [`frame`](Reporter::frame) as it takes; or, with
/// feature `embedded-io` one `send`, with `embedded-io-async` one `send_async`. A lost frame costs resolution, never events.
///
/// Two things are for those who want them, and cost nothing else: [`with_memory`](Reporter::with_memory) sends only
/// what has changed, and [`with_requests`](Reporter::with_requests) answers a gateway that asks.
///
/// ```
/// use core::time::Duration;
/// use narthex::transport::Reporter;
/// use narthex::wire::Identity;
/// use narthex::{Counter, Metrics, Registry, registry};
/// #[derive(Metrics)]
/// struct Radio {
///     /// Packets sent.
///     radio_packets_total: Counter,
/// }
/// static RADIO: Radio = Radio::new();
/// static REGISTRY: Registry = registry![RADIO];
///
/// let identity = Identity { device: "node-7", firmware: "1.2.0" };
/// let mut reporter = Reporter::new(&REGISTRY, identity, 0x5eed);
/// let mut buf = [0; 256];
/// reporter.begin(Duration::from_secs(1));
/// let mut frames = 0;
/// while let Some(frame) = reporter.frame(&mut buf)? {
///     assert_eq!(frame.last(), Some(&0)); // hand it to the link
///     frames += 1;
/// }
/// assert_eq!(frames, 2); // hello and schema, then the values
/// # Ok::<(), narthex::transport::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reporter<'a, S: Source + ?Sized, M = (), R = ()> {
    state: State<'a, S>,
    memory: M,
    requests: R,
}

/// What every reporter keeps, whatever it is made to do.
#[derive(Clone, Debug)]
struct State<'a, S: Source + ?Sized> {
    known: Known<'a, S>,
    boot: u32,
    uptime: u32,
    /// The revision of the source that frames of this snapshot are of.
    revision: u32,
    /// The newest birth whose label record has been sent, as have all before.
    told: u32,
    /// While records are due: the newest birth as the snapshot began. While values are: the birth of the slot of which
    /// some cells have been sent.
    birth: u32,
    sequence: u16,
    /// The position of the next cell.
    position: u16,
    /// Where what was asked for, or the values, stand.
    cursor: Cursor,
    stage: Stage,
    trickle: Trickle,
}

/// What there is to be told.
#[derive(Clone, Debug)]
struct Known<'a, S: Source + ?Sized> {
    source: &'a S,
    identity: Identity<'a>,
}

/// What of a snapshot comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    /// Records that this snapshot must have: of births up to the newest, and what was asked for.
    Asked,
    /// Records in turn, so many frames; while they are told anew, as many as it takes.
    Turn(u8),
    Values,
}

/// The round of records that goes on from snapshot to snapshot.
#[derive(Clone, Copy, Debug)]
struct Trickle {
    cursor: Cursor,
    /// Frames since the round began.
    count: u16,
    /// Frames in each snapshot,
    share: u8,
    /// which the caller has said; else they are what fits.
    said: bool,
    /// Whether everything is to be told first: after a boot, and when the schema has changed.
    anew: bool,
    /// Where in its byte string the hello is cut; [`Trickle::SAID`] when this snapshot has it.
    hello: u8,
}

impl Trickle {
    /// The hello is said: no offset in one, which is shorter.
    const SAID: u8 = u8::MAX;

    const fn new() -> Self {
        Self { cursor: Cursor::START, count: 0, share: 1, said: false, anew: true, hello: 0 }
    }

    /// Ends a round: the next has as many frames in a snapshot as would have brought this one in 32.
    const fn end(&mut self) {
        if !self.said {
            // The first says hello once, the others in each snapshot: up to as many frames again.
            let frames = self.count / if self.anew { 16 } else { 32 };
            self.share = if frames < 255 { frames as u8 + 1 } else { 255 };
        }
        (self.cursor, self.count, self.anew) = (Cursor::START, 0, false);
    }
}

/// Why a frame cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// The buffer is shorter than [`MIN_FRAME`].
    BufferTooSmall {
        /// Bytes it has.
        has: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::BufferTooSmall { has } = self;
        write!(f, "a frame needs a buffer of {MIN_FRAME} bytes, this one has {has}")
    }
}

impl core::error::Error for Error {}

impl<'a, S: Source + ?Sized> Reporter<'a, S> {
    /// A reporter for this boot of the device.
    ///
    /// `boot` tells this boot from others: a random number, else a counter in retained memory, else 0. With 0 the
    /// gateway sees a new boot only by the uptime having fallen.
    pub fn new(source: &'a S, identity: Identity<'a>, boot: u32) -> Self {
        let state = State {
            known: Known { source, identity },
            boot,
            uptime: 0,
            revision: source.revision(),
            told: 0,
            birth: 0,
            sequence: 0,
            position: 0,
            cursor: Cursor::START,
            stage: Stage::Idle,
            trickle: Trickle::new(),
        };
        Self { state, memory: (), requests: () }
    }
}

impl<'a, S: Source + ?Sized, M: Memory, R: Requests> Reporter<'a, S, M, R> {
    /// How many frames of each snapshot repeat hello, schema and labels, after the first snapshot has sent them whole.
    ///
    /// Unless said, as many as it takes for all of them to come round within 32 snapshots, one at least. 0 suits
    /// links that lose nothing, to a gateway that was there before the device: any other would never learn what the
    /// values mean. Nor does it ask ([`with_requests`](Self::with_requests)), until a hello has said that the device
    /// reads requests.
    #[must_use]
    pub fn with_trickle(mut self, frames: u8) -> Self {
        (self.state.trickle.share, self.state.trickle.said) = (frames, true);
        self
    }

    /// Sends, between full snapshots, what has changed since the one before; `memory` holds what that is, one word
    /// for each cell ([`Desc::all_cells`](crate::model::Desc::all_cells) of all instances). Where it is too short for
    /// all, the rest is always sent.
    ///
    /// Every 10th snapshot is full, unless [`with_full_every`](Reporter::with_full_every) says otherwise, and so are the
    /// first, the first of another schema, and any that was asked for.
    #[must_use]
    pub fn with_memory<'m>(self, memory: &'m mut [u32]) -> Reporter<'a, S, LastValues<'m>, R> {
        let Self { state, requests, .. } = self;
        Reporter { state, memory: LastValues::new(memory), requests }
    }

    /// Reads requests of the gateway, and tells it so: for links that go both ways.
    ///
    /// Bytes from the link go to [`receive`](Reporter::receive), or with feature `embedded-io` from it by `poll`. What
    /// is asked for goes out with the next snapshot. However much is asked: it costs one round of records at most in
    /// each snapshot.
    #[must_use]
    pub fn with_requests(self) -> Reporter<'a, S, M, Inbox> {
        let Self { state, memory, .. } = self;
        Reporter { state, memory, requests: Inbox::new() }
    }

    /// Begins a snapshot at this time since boot. What is left of the last one is given up.
    ///
    /// The time is frozen for the snapshot, in tenths of a second, and made to rise from snapshot to snapshot. After
    /// 13 years it starts again, which a gateway takes for a boot.
    pub fn begin(&mut self, uptime: Duration) {
        let full = self.state.begin(uptime, &mut self.requests);
        self.memory.begin(full);
    }

    /// Makes the next frame of the snapshot in `buf`, delimiter included. `None` when the snapshot is complete, or
    /// when it cannot go on because the set of families has changed: the next one tells everything anew.
    ///
    /// The length of `buf` is the MTU of the link: 48 bytes at least, 256 is plenty.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] when `buf` is shorter than [`MIN_FRAME`].
    pub fn frame<'b>(&mut self, buf: &'b mut [u8]) -> Result<Option<&'b [u8]>, Error> {
        if buf.len() < MIN_FRAME {
            return Err(Error::BufferTooSmall { has: buf.len() });
        }
        let Some((kind, len)) = self.fill(frame::payload(buf)) else {
            self.state.stage = Stage::Idle;
            return Ok(None);
        };
        let frame = self.state.seal(buf, kind, len);
        if frame.is_none() {
            self.memory.forget();
        }
        Ok(frame)
    }

    /// Makes the next snapshot a full one, as part of this one was not sent.
    #[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
    pub(super) fn forget(&mut self) {
        self.memory.forget();
    }

    /// Fills a payload with what comes next. `None` when the snapshot is complete.
    fn fill(&mut self, payload: &mut [u8]) -> Option<(Kind, usize)> {
        let Self { state, memory, requests } = self;
        let len = state.fill_records(requests.wants(), payload);
        if len > 0 {
            return Some((Kind::RECORDS, len));
        }
        if state.stage == Stage::Values { state.fill_values(memory, payload) } else { None }
    }
}

impl<S: Source + ?Sized> State<'_, S> {
    /// Begins a snapshot. Returns whether it must be full.
    fn begin<R: Requests>(&mut self, uptime: Duration, requests: &mut R) -> bool {
        let tenths =
            (uptime.as_secs() as u32).wrapping_mul(10).wrapping_add(uptime.subsec_nanos() / 100_000_000);
        self.uptime = tenths.max(self.uptime.wrapping_add(1));
        let Self { known: Known { source, .. }, trickle, stage, .. } = self;
        if source.has_changed(self.revision) {
            self.revision = source.revision();
            *trickle = Trickle { share: trickle.share, said: trickle.said, ..Trickle::new() };
            *stage = Stage::Idle;
        }
        if trickle.hello == Trickle::SAID {
            trickle.hello = 0;
        }
        // What was begun goes on, so that it comes to an end however often a snapshot is given up.
        if *stage == Stage::Asked {
            return false;
        }
        if trickle.anew {
            if source.has_tables() && trickle.cursor == Cursor::START {
                self.birth = records::newest_birth(*source);
            }
            *stage = Stage::Turn(1);
            return true;
        }
        *stage = Stage::Turn(trickle.share);
        let wants = requests.take();
        let mut asked = wants.records();
        if source.has_tables() {
            self.birth = records::newest_birth(*source).max(self.told);
            asked |= self.birth > self.told;
        }
        if asked {
            (*stage, self.cursor) = (Stage::Asked, Cursor::START);
        }
        wants.snapshot()
    }

    /// Makes a frame of a payload. `None`, and the snapshot ends, if the set of families has changed: what was read
    /// of two sets is no frame.
    fn seal<'b>(&mut self, buf: &'b mut [u8], kind: Kind, len: usize) -> Option<&'b [u8]> {
        // Read in front of the last look at the revision: it is that of the set that was read.
        let Known { source, .. } = &self.known;
        let schema = source.schema_hash();
        if source.has_changed(self.revision) {
            self.stage = Stage::Idle;
            return None;
        }
        // Advanced before the frame goes anywhere, so that every frame that is lost leaves a gap.
        self.sequence = self.sequence.wrapping_add(1);
        let Self { boot, sequence, uptime, .. } = *self;
        Some(frame::seal(buf, &Header { kind, boot, schema, sequence, uptime }, len))
    }
}
