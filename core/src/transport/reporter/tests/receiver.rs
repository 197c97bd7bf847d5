//! What a receiver makes of frames, by the specification, with the crate's own readers.

use super::source::{Child, Fake, labels};
use crate::frame::{Decoder, Event, Header, Kind, MAX_FRAME};
use crate::wire::record::{Part, Record, Records};
use crate::wire::{Hello, Request, Window, schema, take_varint};
use std::collections::{BTreeMap, BTreeSet};
use std::string::String;
use std::vec::Vec;

/// A byte string that comes in parts.
#[derive(Debug, Default)]
struct Whole {
    bytes: Vec<Option<u8>>,
}

impl Whole {
    fn take(&mut self, part: &Part<'_>) -> Option<Vec<u8>> {
        self.bytes.resize(part.total, None);
        for (into, byte) in self.bytes[part.offset..].iter_mut().zip(part.bytes) {
            *into = Some(*byte);
        }
        self.bytes.iter().copied().collect()
    }
}

/// Everything that a receiver knows.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    pub(super) headers: Vec<Header>,
    pub(super) device: Option<String>,
    pub(super) reads_requests: bool,
    hello: Whole,
    partial: BTreeMap<usize, Whole>,
    /// Families whose record is complete, with the position of their first cell.
    pub(super) families: BTreeMap<usize, usize>,
    texts: BTreeMap<(usize, usize, u64), Whole>,
    /// Label records that are complete: family, slot, birth.
    pub(super) labels: BTreeSet<(usize, usize, u64)>,
    /// Cells by position, with the snapshot they are of.
    pub(super) cells: BTreeMap<usize, (u32, u64)>,
}

impl Receiver {
    pub(super) fn take(&mut self, source: &Fake, frames: &[Vec<u8>]) {
        let mut decoder = Decoder::<MAX_FRAME>::new();
        for frame in frames {
            let mut bytes = &frame[..];
            let Some(Event::Frame(frame)) = decoder.feed(&mut bytes) else { panic!("{frame:?} is no frame") };
            assert!(bytes.is_empty());
            self.headers.push(frame.header);
            let mut payload = frame.payload;
            let time = frame.header.uptime;
            match frame.header.kind {
                Kind::RECORDS => self.records(source, payload),
                Kind::SPARSE => {
                    let first = take_varint(&mut payload).unwrap() as usize;
                    let count = take_varint(&mut payload).unwrap() as usize;
                    let (bitmap, mut cells) = payload.split_at(count.div_ceil(8));
                    for at in (0..count).filter(|at| bitmap[at / 8] >> (at % 8) & 1 == 1) {
                        self.cells.insert(first + at, (time, take_varint(&mut cells).unwrap()));
                    }
                    assert!(cells.is_empty());
                    assert!(first + count <= source.cells());
                    whole_slots(source, first, count, bitmap);
                    // What it does not have of a child has not changed: all is of this time.
                    let mut touched = false;
                    for at in first..first + count {
                        touched &= !source.begins_child(at);
                        let end = (at + 1..first + count).find(|at| source.begins_child(*at));
                        let child = at..end.unwrap_or(first + count);
                        touched |= child.into_iter().any(|at| {
                            let bit = at - first;
                            bitmap[bit / 8] >> (bit % 8) & 1 == 1
                        });
                        if touched && let Some(cell) = self.cells.get_mut(&at) {
                            cell.0 = time;
                        }
                    }
                }
                kind => {
                    let first =
                        if kind == Kind::PART { take_varint(&mut payload).unwrap() as usize } else { 0 };
                    assert!(!payload.is_empty());
                    for at in first.. {
                        let Some(cell) = take_varint(&mut payload) else { break };
                        self.cells.insert(at, (time, cell));
                        assert!(at < source.cells());
                    }
                    assert!(payload.is_empty());
                }
            }
        }
    }

    fn records(&mut self, source: &Fake, payload: &[u8]) {
        let mut records = Records::new(payload);
        for record in &mut records {
            match record {
                Record::Hello(part) => {
                    if let Some(bytes) = self.hello.take(&part) {
                        let hello = Hello::read(&bytes).unwrap();
                        assert_eq!(hello.cells, source.cells());
                        self.reads_requests = hello.flags & Hello::READS_REQUESTS != 0;
                        self.device = Some(hello.identity.device.into());
                    }
                }
                Record::Schema { family, families, first, part } => {
                    let index = source.first_instance(family);
                    if let Some(bytes) = self.partial.entry(family).or_default().take(&part) {
                        let mut want = std::vec![0; part.total];
                        let mut window = Window::new(&mut want, 0);
                        schema::write(&mut window, source, index);
                        assert_eq!((window.total(), &want), (bytes.len(), &bytes));
                        self.families.insert(family, first);
                    }
                    assert!(family < families);
                    assert_eq!(first, source.position_of(index));
                }
                Record::Label { family, slot, birth, part } => {
                    if let Some(bytes) = self.texts.entry((family, slot, birth)).or_default().take(&part) {
                        let mut want = std::vec![0; 80];
                        let mut window = Window::new(&mut want, 0);
                        for value in labels(birth as u32) {
                            window.string(&value);
                        }
                        let len = window.total();
                        assert_eq!(bytes, want[..len], "labels of {birth}");
                        self.labels.insert((family, slot, birth));
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(!records.is_truncated());
    }

    /// The children as this receiver has them, if all of their cells are of one snapshot.
    pub(super) fn children(&self, source: &Fake) -> BTreeMap<usize, Child> {
        let mut children = BTreeMap::new();
        for (position, child) in source.children() {
            let table = source.is_table(position);
            let stride = child.cells.len() + usize::from(table);
            let cells: Vec<(u32, u64)> =
                (position..position + stride).map_while(|at| self.cells.get(&at).copied()).collect();
            if cells.len() == stride && cells.iter().all(|cell| cell.0 == cells[0].0) {
                let cells: Vec<u64> = cells.iter().map(|cell| cell.1).collect();
                let child = if table {
                    Child { birth: cells[0] as u32, cells: cells[1..].to_vec() }
                } else {
                    Child { birth: 1, cells }
                };
                children.insert(position, child);
            }
        }
        children
    }

    /// Live slots of which no label record has come: family and slot.
    pub(super) fn unlabelled(&self, source: &Fake) -> Vec<(usize, usize)> {
        let live = source.live();
        live.into_iter()
            .filter(|live| !self.labels.contains(live))
            .map(|(family, slot, _)| (family, slot))
            .collect()
    }
}

/// A sparse frame covers whole children, and of each slot has all cells or none.
fn whole_slots(source: &Fake, first: usize, count: usize, bitmap: &[u8]) {
    let bit = |at: usize| bitmap[at / 8] >> (at % 8) & 1;
    let begins = |at: usize| source.begins_child(at);
    for at in 1..count {
        let free = begins(first + at) || !source.is_table(first + at);
        assert!(free || bit(at) == bit(at - 1), "a slot is cut");
    }
    assert!(count == 0 || (begins(first) && (first + count == source.cells() || begins(first + count))));
}

/// A frame of requests.
pub(super) fn ask(requests: &[Request]) -> Vec<u8> {
    let mut buf = [0; crate::frame::MIN_FRAME];
    let len = Request::put_all(requests, crate::frame::payload(&mut buf));
    let header = Header { kind: Kind::REQUESTS, boot: 0, schema: 0, sequence: 1, uptime: 0 };
    crate::frame::seal(&mut buf, &header, len).to_vec()
}
