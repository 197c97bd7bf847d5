//! Snapshots of a whole registry, as frames.

use core::fmt;
use core::time::Duration;

use crate::frame::{self, Header, Kind, MIN_FRAME};
use crate::model::{Instance, Source};
use crate::wire::{Cell, Hello, Identity, Window, put_varint, record, schema};

/// Turns a registry into frames: at boot who the device is and what its numbers mean, then, snapshot after snapshot,
/// all its values and again a little of the former, so that a gateway that comes late, on a line that goes one way
/// only, knows everything after a while.
///
/// One snapshot is a call of [`begin`](Reporter::begin) and as many of [`frame`](Reporter::frame) as it takes; or, with
/// feature `embedded-io`, one `send`. Nothing is kept of what was sent: a lost frame costs resolution, never events.
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
pub struct Reporter<'a, S: Source + ?Sized> {
    source: &'a S,
    identity: Identity<'a>,
    boot: u32,
    uptime: u32,
    families: u16,
    cells: u16,
    sequence: u16,
    stage: Stage,
    /// Whether the first round of records is still under way.
    booting: bool,
    /// Frames of records in each snapshot after the first.
    trickle: u8,
    records: RecordCursor,
    values: ValueCursor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    /// How many frames of records may still go out in this snapshot.
    Records(u8),
    Values,
}

/// Where the round of records stands: at the hello, or in a family.
#[derive(Clone, Copy, Debug, Default)]
struct RecordCursor {
    hello: bool,
    family: u16,
    instance: u16,
    first_cell: u16,
    offset: u16,
}

/// Where the values of this snapshot stand.
#[derive(Clone, Copy, Debug, Default)]
struct ValueCursor {
    instance: u16,
    child: u16,
    cell: u16,
    position: u16,
}

/// Why a frame cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        let (mut families, mut cells, mut index) = (0u16, 0u16, 0);
        while let Some(Instance { desc, first, .. }) = source.instance(index) {
            families = families.saturating_add(u16::from(first));
            cells = cells.saturating_add(desc.all_cells() as u16);
            index += 1;
        }
        Self {
            source,
            identity,
            boot,
            uptime: 0,
            families,
            cells,
            sequence: 0,
            stage: Stage::Idle,
            booting: true,
            trickle: 1,
            records: RecordCursor { hello: true, ..RecordCursor::default() },
            values: ValueCursor::default(),
        }
    }

    /// How many frames of each snapshot repeat the hello and the schema, after the first has sent them whole. One
    /// unless said; 0 suits links that lose nothing, to a gateway that was there before the device: any other would
    /// never learn what the values mean.
    #[must_use]
    pub const fn with_trickle(self, frames: u8) -> Self {
        Self { trickle: frames, ..self }
    }

    /// Begins a snapshot at this time since boot. What is left of the last one is given up.
    ///
    /// The time is frozen for the snapshot, in tenths of a second, and made to rise from snapshot to snapshot. After
    /// 13 years it starts again, which a gateway takes for a boot.
    pub fn begin(&mut self, uptime: Duration) {
        let tenths = (uptime.as_secs() as u32).wrapping_mul(10).wrapping_add(uptime.subsec_millis() / 100);
        self.uptime = tenths.max(self.uptime.wrapping_add(1));
        self.values = ValueCursor::default();
        self.stage = Stage::Records(self.trickle);
    }

    /// Makes the next frame of the snapshot in `buf`, delimiter included. `None` when the snapshot is complete.
    ///
    /// The length of `buf` is the MTU of the link: 48 bytes at least, 256 is plenty.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] when `buf` is shorter than [`MIN_FRAME`].
    pub fn frame<'b>(&mut self, buf: &'b mut [u8]) -> Result<Option<&'b [u8]>, Error> {
        if buf.len() < MIN_FRAME {
            return Err(Error::BufferTooSmall { has: buf.len() });
        }
        if let Stage::Records(left) = self.stage {
            if self.booting || left > 0 {
                self.stage = Stage::Records(left.saturating_sub(1));
                let len = self.fill_records(frame::payload(buf));
                return Ok(Some(self.seal(buf, Kind::RECORDS, len)));
            }
            self.stage = Stage::Values;
        }
        if self.stage == Stage::Values {
            let kind = if self.values.position == 0 { Kind::VALUES } else { Kind::PART };
            if let Some(len) = self.fill_values(frame::payload(buf)) {
                return Ok(Some(self.seal(buf, kind, len)));
            }
            self.stage = Stage::Idle;
        }
        Ok(None)
    }

    fn seal<'b>(&mut self, buf: &'b mut [u8], kind: Kind, len: usize) -> &'b [u8] {
        // Advanced before the frame goes anywhere, so that every frame that is lost leaves a gap.
        self.sequence = self.sequence.wrapping_add(1);
        let header = Header {
            kind,
            boot: self.boot,
            schema: self.source.schema_hash(),
            sequence: self.sequence,
            uptime: self.uptime,
        };
        frame::seal(buf, &header, len)
    }

    /// Fills `payload` with as many records as fit, and goes on with the round. Returns the length.
    fn fill_records(&mut self, payload: &mut [u8]) -> usize {
        let mut at = 0;
        loop {
            let room = payload.get_mut(at..).unwrap_or_default();
            let Some((len, done)) = self.put_record(room) else { return at };
            at = at.saturating_add(len);
            if done && self.advance() {
                // One round has gone out; a second one in the same frame would only repeat it.
                self.booting = false;
                return at;
            }
        }
    }

    /// Writes one record, or as much of it as fits. Returns its length and whether the byte string is complete.
    fn put_record(&mut self, room: &mut [u8]) -> Option<(usize, bool)> {
        let cursor = self.records;
        let offset = usize::from(cursor.offset);
        let (source, hello) = (self.source, self.hello());
        let write = |part: &mut [u8]| {
            let mut window = Window::new(part, offset);
            if cursor.hello {
                hello.write(&mut window);
            } else {
                schema::write(&mut window, source, usize::from(cursor.instance));
            }
            window.total()
        };
        let fields = [u64::from(cursor.family), u64::from(self.families), u64::from(cursor.first_cell)];
        let head = if cursor.hello {
            record::Head { kind: record::kind::HELLO, fields: &[] }
        } else {
            record::Head { kind: record::kind::SCHEMA, fields: &fields }
        };
        let written = record::put(room, &head, offset, write)?;
        self.records.offset = written.end as u16;
        Some((written.len, written.end >= written.total))
    }

    fn hello(&self) -> Hello<'a> {
        let (families, cells) = (usize::from(self.families), usize::from(self.cells));
        Hello { identity: self.identity, families, cells }
    }

    /// Goes on to the next byte string of the round. Returns whether the round is complete.
    fn advance(&mut self) -> bool {
        let RecordCursor { hello, family, instance, first_cell, .. } = self.records;
        let next = if hello {
            RecordCursor::default()
        } else {
            let (mut index, mut first_cell) = (instance, first_cell);
            while let Some(Instance { desc, first, .. }) = self.source.instance(usize::from(index)) {
                if first && index != instance {
                    break;
                }
                first_cell = first_cell.wrapping_add(desc.all_cells() as u16);
                index = index.saturating_add(1);
            }
            RecordCursor {
                hello: false,
                family: family.saturating_add(1),
                instance: index,
                first_cell,
                offset: 0,
            }
        };
        let complete = next.family >= self.families;
        self.records = if complete { RecordCursor { hello: true, ..RecordCursor::default() } } else { next };
        complete
    }

    /// Fills `payload` with as many cells as fit. Returns the length; `None` when there was none left.
    fn fill_values(&mut self, payload: &mut [u8]) -> Option<usize> {
        let mut cursor = self.values;
        let mut at = 0;
        if cursor.position > 0 {
            at = put_varint(payload, u64::from(cursor.position))?;
        }
        let start = cursor.position;
        while let Some(Instance { desc, .. }) = self.source.instance(usize::from(cursor.instance)) {
            let (children, cells) = (desc.children(), desc.cells());
            while usize::from(cursor.child) < children {
                while usize::from(cursor.cell) < cells {
                    let (instance, child, cell) =
                        (usize::from(cursor.instance), usize::from(cursor.child), usize::from(cursor.cell));
                    let number = Cell::of(self.source.read(instance, child, cell), desc).0;
                    let Some(len) = payload.get_mut(at..).and_then(|room| put_varint(room, number)) else {
                        self.values = cursor;
                        return Some(at);
                    };
                    at = at.saturating_add(len);
                    cursor.cell = cursor.cell.saturating_add(1);
                    cursor.position = cursor.position.saturating_add(1);
                }
                cursor.cell = 0;
                cursor.child = cursor.child.saturating_add(1);
            }
            cursor.child = 0;
            cursor.instance = cursor.instance.saturating_add(1);
        }
        self.values = cursor;
        (cursor.position > start).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;
    use std::vec::Vec;

    struct Nothing;

    impl Source for Nothing {
        fn instance(&self, _: usize) -> Option<Instance<'_>> {
            None
        }

        fn read(&self, _: usize, _: usize, _: usize) -> Option<Value> {
            None
        }

        fn schema_hash(&self) -> u32 {
            0
        }
    }

    #[test]
    fn the_time_of_two_snapshots_is_never_the_same() {
        let mut reporter = Reporter::new(&Nothing, Identity { device: "", firmware: "" }, 0);
        let mut times = |seconds: &[u64]| {
            let times = seconds.iter().map(|seconds| {
                reporter.begin(Duration::from_secs(*seconds));
                reporter.uptime
            });
            times.collect::<Vec<_>>()
        };
        // A clock that stands, or goes back.
        assert_eq!(times(&[0, 0, 7, 3]), [1, 2, 70, 71]);
        // The last six tenths of what 32 bits hold, and what comes after.
        let end = u32::MAX - 5;
        let want = [end, end + 1, end + 2, end + 3, end + 4, end + 5, 4, 14];
        let last = u64::from(end / 10);
        assert_eq!(times(&[last, last + 1, last, last, last, last + 1, last + 1, last + 2]), want);
    }

    #[test]
    fn a_source_of_nothing_says_who_it_is() {
        let mut reporter = Reporter::new(&Nothing, Identity { device: "a", firmware: "" }, 0);
        let mut buf = [0; MIN_FRAME];
        for _ in 0..3 {
            reporter.begin(Duration::ZERO);
            assert!(reporter.frame(&mut buf).unwrap().is_some());
            assert_eq!(reporter.frame(&mut buf), Ok(None));
        }
        assert_eq!(reporter.frame(&mut buf[1..]), Err(Error::BufferTooSmall { has: MIN_FRAME - 1 }));
    }
}
