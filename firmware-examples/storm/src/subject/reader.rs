//! The readers of a whole registry: a page of text, and a snapshot in frames.

use core::time::Duration;

use narthex::frame::{self, Kind};
use narthex::model::{Instance, LabelValue, Slots, Source, Value};
use narthex::text::{Encoder, Error, Format};
use narthex::transport::Reporter;
use narthex::wire::record::{Record, Records};
use narthex::wire::{Identity, take_varint};

use super::table::{from_reset, since_reset};
use super::{ALL, REGISTRY, SUBJECTS};
use crate::operation::Nature::Steps;
use crate::operation::{Digest, Operation, Seen, Subject};

static WHOLE: Subject = Subject {
    reset: || SUBJECTS.iter().for_each(|subject| (subject.reset)()),
    view: |view| SUBJECTS.iter().for_each(|subject| (subject.view)(view)),
};

/// Bytes of a page that are written at a time, and the longest frame.
const PIECE: usize = 128;
/// Cells of a snapshot, and where those of the table begin: a birth and a value for each slot.
const CELLS: usize = 17;
const TABLE: usize = 11;

/// What tells a problem from what was read.
const FAILED: u64 = u64::MAX;

extern "C" fn page(seen: &mut Seen) {
    write_page(&REGISTRY, seen);
}

/// Writes a page in pieces; anew when the set of families has changed.
pub(super) fn write_page<S: Source>(source: &S, seen: &mut Seen) {
    let mut encoder = Encoder::new(Format::Text);
    for _ in 0..256 {
        match encoder.fill(source, seen.room().get_mut(..PIECE).unwrap_or_default()) {
            Ok(0) => return,
            Ok(len) => seen.advance(len),
            Err(Error::Changed) => {
                seen.clear();
                encoder = Encoder::new(Format::Text);
            }
            Err(_) => break,
        }
    }
    seen.clear().push(FAILED);
}

/// Takes a page apart into lines. Each bucket of the histogram has what the one before has, or more, and `_count` has
/// what `+Inf` has.
pub(super) fn lines(seen: &mut Seen) {
    let (page, mut found) = seen.split();
    let (mut bucket, mut count, mut rises) = (0, 0, true);
    for line in page.split_inclusive(|byte| *byte == b'\n') {
        let mut hash = Digest::EMPTY;
        hash.bytes(line);
        found.push(hash.value());
        if line.starts_with(b"length_bucket") {
            rises &= bucket <= value(line);
            bucket = value(line);
        } else if line.starts_with(b"length_count") {
            count = value(line);
        }
    }
    found.push(u64::from(rises && bucket == count));
}

/// The whole number at the end of a line.
fn value(line: &[u8]) -> u64 {
    let digits = line.trim_ascii().rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit.wrapping_sub(b'0')))
}

/// The registry, with births that begin anew with each reset: so a snapshot is the same bytes each time, and the same
/// instructions.
struct Young;

impl Slots for Young {
    fn birth(&self, slot: usize) -> u32 {
        since_reset(ALL.packets_total.birth(slot))
    }

    fn label(&self, slot: usize, birth: u32, dimension: usize) -> Option<LabelValue> {
        ALL.packets_total.label(slot, from_reset(birth), dimension)
    }
}

impl Source for Young {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        REGISTRY.instance(index)
    }

    fn read(&self, index: usize, child: usize, cell: usize) -> Option<Value> {
        REGISTRY.read(index, child, cell)
    }

    fn slots(&self, index: usize) -> Option<&dyn Slots> {
        REGISTRY.slots(index).map(|_| self as &dyn Slots)
    }

    fn schema_hash(&self) -> u32 {
        REGISTRY.schema_hash()
    }
}

/// The first snapshot of a boot: who it is, what its numbers mean, labels and values.
extern "C" fn snapshot(seen: &mut Seen) {
    let mut reporter = Reporter::new(&Young, Identity { device: "storm", firmware: "1" }, 7);
    reporter.begin(Duration::from_secs(1));
    for _ in 0..64 {
        match reporter.frame(seen.room().get_mut(..PIECE).unwrap_or_default()) {
            Ok(Some(frame)) => {
                let len = frame.len();
                seen.advance(len);
            }
            Ok(None) => return,
            Err(_) => break,
        }
    }
    seen.clear().push(FAILED);
}

/// Takes a snapshot apart into cells, slots and labels.
fn cells(seen: &mut Seen) {
    let (frames, mut found) = seen.split();
    let mut cells = [None; CELLS];
    for frame in frames.split_mut(|byte| *byte == 0).filter(|frame| !frame.is_empty()) {
        let Some(Ok(frame)) = frame::open(frame) else {
            found.push(FAILED);
            continue;
        };
        let mut payload = frame.payload;
        let mut at = match frame.header.kind {
            Kind::VALUES => 0,
            Kind::PART => take_varint(&mut payload).unwrap_or(FAILED) as usize,
            Kind::RECORDS => {
                for record in Records::new(payload) {
                    if let Record::Label { family, slot, birth, part } = record {
                        let mut label = Digest::EMPTY;
                        label.put(family as u64);
                        label.put(slot as u64);
                        label.put(birth);
                        label.bytes(part.bytes);
                        found.push(label.value());
                    }
                }
                continue;
            }
            _ => {
                found.push(FAILED);
                continue;
            }
        };
        while !payload.is_empty() {
            let (Some(cell), Some(number)) = (cells.get_mut(at), take_varint(&mut payload)) else {
                found.push(FAILED);
                break;
            };
            *cell = Some(number);
            at += 1;
        }
    }
    let (single, table) = cells.split_at(TABLE);
    for (at, cell) in single.iter().enumerate() {
        let mut hash = Digest::EMPTY;
        hash.put(at as u64);
        hash.put(cell.unwrap_or(FAILED));
        found.push(hash.value());
    }
    for (at, slot) in table.chunks_exact(2).enumerate() {
        // A slot that has changed hands within a snapshot may be left out.
        if let [Some(birth), Some(value)] = slot {
            let mut hash = Digest::EMPTY;
            hash.put(at as u64);
            hash.put(*birth);
            hash.put(*value);
            found.push(hash.value());
        }
    }
}

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::new("page", &WHOLE, Steps, page).long().digest(lines),
    Operation::new("snapshot", &WHOLE, Steps, snapshot).long().digest(cells),
];
