//! What a receiver makes of frames, by the specification, on a link that loses nothing.

use core::time::Duration;

use narthex::frame::{Decoder, Event, Frame, Kind, crc32};
use narthex::model::{Desc, Instance, Source as _};
use narthex::transport::{Memory, Reporter, Requests};
use narthex::wire::record::{Part, Record, Records};
use narthex::wire::{Cell, Hello, Window, schema, take_varint};
use narthex::{Registry, WithBoth};

use super::snapshot::{BOOT, IDENTITY};
use super::subject::REGISTRY;
use super::{Failure, Made, holds};

/// Bytes of a frame, at most: few, so that snapshots are cut, and families travel in parts.
const MTU: usize = 80;
/// Cells of the registry, at most.
pub(super) const CELLS: usize = 160;
/// Bytes of a family, at most.
const FAMILY: usize = 256;
/// What no cell holds here.
const UNKNOWN: u64 = u64::MAX;

/// What is known.
pub(super) struct Receiver {
    cells: [u64; CELLS],
    /// How many families have come, in order, the hash of them, and the front of the next.
    families: usize,
    hash: u32,
    family: [u8; FAMILY],
    /// Whether they are all.
    complete: bool,
    sequence: u16,
    /// Of the last snapshot.
    pub(super) uptime: u32,
    pub(super) hello: bool,
    /// Slots whose labels have come whole.
    pub(super) labels: usize,
    /// Sparse frames.
    pub(super) sparse: usize,
    /// All frames.
    pub(super) made: Made,
}

impl Receiver {
    pub(super) const fn new() -> Self {
        Self {
            cells: [UNKNOWN; CELLS],
            families: 0,
            hash: schema::HASH_START,
            family: [0; FAMILY],
            complete: false,
            sequence: 0,
            uptime: 0,
            hello: false,
            labels: 0,
            sparse: 0,
            made: Made { bytes: 0, check: 0 },
        }
    }

    /// Takes a snapshot.
    pub(super) fn take<M: Memory, R: Requests>(
        &mut self,
        reporter: &mut Reporter<'_, Registry<WithBoth>, M, R>,
        uptime: Duration,
    ) -> Result<(), Failure> {
        let (mut decoder, mut buf) = (Decoder::<MTU>::new(), [0; MTU]);
        reporter.begin(uptime);
        loop {
            let frame = reporter.frame(&mut buf);
            holds!(frame.is_ok());
            let Ok(Some(mut bytes)) = frame else { return Ok(()) };
            let before = self.made.check.to_le_bytes();
            self.made.bytes += bytes.len();
            self.made.check = crc32(before.into_iter().chain(bytes.iter().copied()));
            let Some(Event::Frame(frame)) = decoder.feed(&mut bytes) else {
                return Err(Failure { what: "a frame is one", file: file!(), line: line!() });
            };
            self.frame(&frame)?;
            holds!(decoder.feed(&mut bytes).is_none());
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), Failure> {
        let (header, mut payload) = (frame.header, frame.payload);
        holds!((header.boot, header.schema) == (BOOT, REGISTRY.schema_hash()));
        holds!(self.sequence == 0 || header.sequence == self.sequence + 1);
        (self.sequence, self.uptime) = (header.sequence, header.uptime);
        match header.kind {
            Kind::RECORDS => {
                let mut records = Records::new(payload);
                for record in &mut records {
                    self.record(&record)?;
                }
                holds!(!records.is_truncated());
            }
            Kind::SPARSE => {
                self.sparse += 1;
                let (first, count) = (varint(&mut payload)?, varint(&mut payload)?);
                let Some((bitmap, mut cells)) = payload.split_at_checked(count.div_ceil(8)) else {
                    return Err(CUT);
                };
                let has = |at: usize| bitmap.get(at / 8).is_some_and(|bits| bits >> (at % 8) & 1 == 1);
                for at in (0..count).filter(|at| has(*at)) {
                    self.cell(first + at, &mut cells)?;
                }
                holds!(cells.is_empty());
            }
            kind => {
                holds!(matches!(kind, Kind::VALUES | Kind::PART));
                let mut at = if kind == Kind::PART { varint(&mut payload)? } else { 0 };
                while !payload.is_empty() {
                    self.cell(at, &mut payload)?;
                    at += 1;
                }
            }
        }
        Ok(())
    }

    fn cell(&mut self, at: usize, payload: &mut &[u8]) -> Result<(), Failure> {
        let (Some(cell), Some(number)) = (self.cells.get_mut(at), take_varint(payload)) else {
            return Err(CUT);
        };
        *cell = number;
        Ok(())
    }

    fn record(&mut self, record: &Record<'_>) -> Result<(), Failure> {
        match record {
            Record::Hello(part) => {
                holds!(part.offset == 0 && part.total == part.bytes.len());
                let hello = Hello::read(part.bytes);
                holds!(hello.is_ok_and(|hello| hello.identity == IDENTITY));
                holds!(hello.is_ok_and(|hello| hello.cells == each_cell(|_, _| true).0));
                self.hello = true;
            }
            Record::Schema { family, families, part, .. } if *family == self.families => {
                let Some(place) = self.family.get_mut(part.offset..part.offset + part.bytes.len()) else {
                    return Err(CUT);
                };
                place.copy_from_slice(part.bytes);
                if part.offset + part.bytes.len() == part.total {
                    self.hash =
                        schema::hash_family(self.hash, self.family.get(..part.total).unwrap_or_default());
                    self.families += 1;
                    self.complete = self.families == *families;
                }
            }
            Record::Schema { .. } => {}
            Record::Label { family, slot, birth, part } => {
                self.labels += usize::from(part.offset + part.bytes.len() == part.total);
                holds!(is_label(*family, *slot, *birth, part));
            }
            _ => return Err(Failure { what: "a device sends no such record", file: file!(), line: line!() }),
        }
        Ok(())
    }

    /// The hash of all families; `None` while they have not come.
    pub(super) fn schema(&self) -> Option<u32> {
        self.complete.then_some(self.hash)
    }

    /// Whether all cells are what the registry has.
    pub(super) fn knows_all_cells(&self) -> bool {
        each_cell(|at, cell| self.cells.get(at) == Some(&cell)).1
    }
}

const CUT: Failure = Failure { what: "there is as much as it says", file: file!(), line: line!() };

fn varint(payload: &mut &[u8]) -> Result<usize, Failure> {
    take_varint(payload).map(|n| n as usize).ok_or(CUT)
}

/// How many cells the registry has, and whether something holds for each, by position.
fn each_cell(is: impl Fn(usize, u64) -> bool) -> (usize, bool) {
    let (mut at, mut all) = (0, true);
    let mut next = |cell| {
        all &= is(at, cell);
        at += 1;
    };
    for index in 0.. {
        let Some(Instance { desc, .. }) = REGISTRY.instance(index) else { break };
        for child in 0..desc.children() {
            if let Some(slots) = REGISTRY.slots(index) {
                next(slots.birth(child).into());
            }
            for cell in 0..desc.cells() {
                next(Cell::of(REGISTRY.read(index, child, cell), desc).0);
            }
        }
    }
    (at, all)
}

/// Whether that is of the labels that the slot has. Families with slots have one instance here.
fn is_label(family: usize, slot: usize, birth: u64, part: &Part<'_>) -> bool {
    let first = |index: &usize| REGISTRY.instance(*index).is_some_and(|instance| instance.first);
    let Some(index) = (0..).take_while(|index| REGISTRY.instance(*index).is_some()).filter(first).nth(family)
    else {
        return false;
    };
    let (Some(slots), Some(Instance { desc: Desc { details, .. }, .. })) =
        (REGISTRY.slots(index), REGISTRY.instance(index))
    else {
        return false;
    };
    let mut buf = [0; 32];
    let mut window = Window::new(&mut buf, 0);
    slots.each_label(slot, birth as u32, details.dimensions.len(), &mut |value| {
        window.string(core::str::from_utf8(value).unwrap_or_default());
    });
    let total = window.total();
    part.total == total && buf.get(part.offset..part.offset + part.bytes.len()) == Some(part.bytes)
}
