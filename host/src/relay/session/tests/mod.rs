//! The session, frame by frame: devices are made by hand, so that they can do what no device should.

mod boots;
mod hostile;
mod labels;
mod requests;
mod schemas;
mod sparse;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use narthex::frame::{self, Header, Kind};
use narthex::model::{Desc, Details, Dimension, Instance, Label, Source, Value};
use narthex::wire::record::kind;
use narthex::wire::{Identity, MAX_VARINT, Window, put_varint, schema};

use super::super::Now;
use super::super::status::FrameCounts;
use super::*;

/// Families to describe; they have no values.
pub(super) struct Families(pub(super) Vec<(Desc<'static>, &'static [Label<'static>])>);

impl Source for Families {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        let (desc, labels) = self.0.get(index)?;
        let first = index == 0 || self.0[index - 1].0.name != desc.name;
        Some(Instance { desc, labels, first })
    }

    fn read(&self, _: usize, _: usize, _: usize) -> Option<Value> {
        None
    }

    fn schema_hash(&self) -> u32 {
        let instances: Vec<_> = (0..self.0.len()).filter_map(|index| self.instance(index)).collect();
        schema::hash(&instances).unwrap()
    }
}

impl Families {
    /// Of each family its record and the position of its first cell.
    pub(super) fn records(&self) -> Vec<(usize, Vec<u8>)> {
        let (mut records, mut first) = (Vec::new(), 0);
        for index in 0..self.0.len() {
            let instance = self.instance(index).unwrap();
            if instance.first {
                records.push((first, record(|window| schema::write(window, self, index))));
            }
            first += instance.desc.all_cells();
        }
        records
    }

    /// What the schema hash is computed over.
    pub(super) fn preimage(&self) -> Vec<u8> {
        let record =
            |(_, bytes): (usize, Vec<u8>)| [&(bytes.len() as u16).to_le_bytes()[..], &bytes].concat();
        self.records().into_iter().flat_map(record).collect()
    }
}

pub(super) fn record(write: impl Fn(&mut Window<'_>)) -> Vec<u8> {
    let mut buf = vec![0; 1024];
    let mut window = Window::new(&mut buf, 0);
    write(&mut window);
    let len = window.total();
    buf.truncate(len);
    buf
}

/// What a session has reported.
#[derive(Default)]
pub(super) struct Recorder {
    pub(super) resets: Vec<(u32, u32, bool)>,
    pub(super) names: Vec<String>,
    pub(super) families: Vec<Arc<FamilySchema>>,
    pub(super) next: usize,
    pub(super) cells: BTreeMap<usize, u64>,
    pub(super) labels: Vec<(usize, usize, u32, Vec<String>)>,
    pub(super) refused: Vec<String>,
    pub(super) progress: (usize, usize),
    pub(super) stored: BTreeMap<u32, Vec<u8>>,
    pub(super) saved: Vec<(u32, Vec<u8>)>,
    pub(super) unlabelled: Option<(usize, usize)>,
    pub(super) counts: FrameCounts,
    pub(super) foreign: Vec<u8>,
}

impl Sink for Recorder {
    fn reset(&mut self, boot: u32, schema: u32, booted: bool) {
        self.resets.push((boot, schema, booted));
        (self.next, self.progress) = (0, (0, 0));
        self.families.clear();
        self.cells.clear();
        self.labels.clear();
    }

    fn alive(&mut self, _: u32, _: u16) {}

    fn hello(&mut self, hello: &Hello<'_>) -> bool {
        self.names.push(hello.identity.device.into());
        true
    }

    fn stored(&mut self, schema: u32) -> Option<Box<[u8]>> {
        // It is stored by the name of the device.
        let stored = self.stored.get(&schema).filter(|_| !self.names.is_empty())?;
        Some(stored.as_slice().into())
    }

    fn save(&mut self, schema: u32, families: &[u8]) {
        self.saved.push((schema, families.to_vec()));
    }

    fn known(&mut self, _: &[u8]) -> Option<Arc<FamilySchema>> {
        None
    }

    fn family(&mut self, family: &Arc<FamilySchema>) -> Option<usize> {
        let place = self.next;
        self.next += family.total_cells();
        self.families.push(Arc::clone(family));
        Some(place)
    }

    fn refused(&mut self, Refused { family, why, .. }: Refused) {
        self.refused.push(if family.is_empty() { why } else { format!("{family}: {why}") });
    }

    fn progress(&mut self, known: usize, total: usize) {
        self.progress = (known, total);
    }

    fn cells(&mut self, stretches: &[Stretch], values: &[u64]) {
        for stretch in stretches {
            for (at, value) in stretch.each(values) {
                assert!(stretch.place + at < self.next, "{} + {at}", stretch.place);
                self.cells.insert(stretch.place + at, value);
            }
        }
    }

    fn label(&mut self, place: usize, slot: usize, birth: u32, values: &mut dyn Iterator<Item = &str>) {
        self.labels.push((place, slot, birth, values.map(str::to_owned).collect()));
    }

    fn unlabelled(&mut self) -> Option<(usize, usize)> {
        self.unlabelled
    }

    fn counts(&mut self) -> &mut FrameCounts {
        &mut self.counts
    }

    fn foreign(&mut self, bytes: &[u8]) {
        self.foreign.extend_from_slice(bytes);
    }

    fn joined(&mut self, _: usize) {}
}

/// A session, and a device that can be made to say anything.
pub(super) struct Line {
    pub(super) session: Session,
    pub(super) sink: Recorder,
    pub(super) now: Now,
    pub(super) boot: u32,
    pub(super) schema: u32,
    pub(super) sequence: u16,
    pub(super) uptime: u32,
    pub(super) reply: Vec<u8>,
}

impl Line {
    pub(super) fn new(families: &Families) -> Self {
        let bounds = Bounds { labels: Added::new("device", []), max_series: 500, max_schema_bytes: 4096 };
        Self {
            session: Session::new(bounds),
            sink: Recorder::default(),
            now: Now::read(),
            boot: 7,
            schema: families.schema_hash(),
            sequence: 0,
            uptime: 0,
            reply: Vec::new(),
        }
    }

    /// A device whose families are known.
    pub(super) fn known(families: &Families) -> Self {
        let mut line = Self::new(families);
        line.tick();
        line.hello("pump", 0);
        line.families(families);
        line
    }

    /// A second passes, and a snapshot begins.
    pub(super) fn tick(&mut self) {
        self.uptime += 10;
        self.now = self.now.after(Duration::from_secs(1));
    }

    pub(super) fn frame(&mut self, kind: Kind, payload: &[u8]) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        let Self { boot, schema, sequence, uptime, .. } = *self;
        let mut buf = [0; 2048];
        frame::payload(&mut buf)[..payload.len()].copy_from_slice(payload);
        frame::seal(&mut buf, &Header { kind, boot, schema, sequence, uptime }, payload.len()).to_vec()
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.session.feed(bytes, self.now, &mut self.sink, &mut self.reply);
    }

    pub(super) fn send(&mut self, kind: Kind, payload: &[u8]) {
        let frame = self.frame(kind, payload);
        self.feed(&frame);
    }

    /// Values from `first` on.
    pub(super) fn values(&mut self, first: u64, cells: &[u64]) {
        let kind = if first == 0 { Kind::VALUES } else { Kind::PART };
        let head = if first == 0 { Vec::new() } else { varints(&[first]) };
        self.send(kind, &[head, varints(cells)].concat());
    }

    pub(super) fn sparse(&mut self, first: u64, covered: u64, bitmap: &[u8], cells: &[u64]) {
        self.send(Kind::SPARSE, &[varints(&[first, covered]), bitmap.to_vec(), varints(cells)].concat());
    }

    pub(super) fn hello(&mut self, device: &str, flags: u32) {
        let hello = Hello { identity: Identity { device, firmware: "1" }, families: 1, cells: 1, flags };
        self.record(kind::HELLO, &[], &record(|window| hello.write(window)));
    }

    pub(super) fn families(&mut self, families: &Families) {
        for index in 0..families.records().len() {
            self.family(families, index);
        }
    }

    pub(super) fn family(&mut self, families: &Families, index: usize) {
        let records = families.records();
        let (first, bytes) = &records[index];
        self.record(kind::SCHEMA, &[index as u64, records.len() as u64, *first as u64], bytes);
    }

    pub(super) fn label(&mut self, family: u64, slot: u64, birth: u64, values: &[&str]) {
        let bytes = record(|window| values.iter().for_each(|value| window.string(value)));
        self.record(kind::LABEL, &[family, slot, birth], &bytes);
    }

    /// A record in a frame of its own.
    pub(super) fn record(&mut self, kind: u8, fields: &[u64], bytes: &[u8]) {
        self.part(kind, fields, bytes, 0, bytes.len());
    }

    /// Part of a record in a frame of its own.
    pub(super) fn part(&mut self, kind: u8, fields: &[u64], bytes: &[u8], from: usize, to: usize) {
        let parts = varints(&[from as u64, bytes.len() as u64]);
        let body = [varints(fields), parts, bytes[from..to].to_vec()].concat();
        self.send(Kind::RECORDS, &[vec![kind], varints(&[body.len() as u64]), body].concat());
    }
}

pub(super) fn varints(numbers: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for n in numbers {
        let mut buf = [0; MAX_VARINT];
        let len = put_varint(&mut buf, *n).unwrap();
        bytes.extend_from_slice(&buf[..len]);
    }
    bytes
}

/// A counter, a table of two labels and three slots (and one more), a histogram of two buckets.
pub(super) fn usual() -> Families {
    const LABELS: &[Dimension<'static>] =
        &[Dimension { name: "peer", values: &[] }, Dimension { name: "zone", values: &[] }];
    const NONE: &[Label<'static>] = &[];
    Families(vec![
        (Desc::counter("boots_total", "Boots."), NONE),
        (
            Desc {
                details: &Details { capacity: 3, dimensions: LABELS, ..Details::NONE },
                ..Desc::gauge("signal", "Signal.")
            },
            NONE,
        ),
        (Desc::histogram("wait", "Waits.", &Details { bounds: &[1, 2], ..Details::NONE }), NONE),
    ])
}
