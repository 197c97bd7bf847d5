//! A schema of any families, under its right hash, and values by it.

use std::time::Duration;

use narthex::frame::{Header, Kind};
use narthex::wire::record::{self, Head};
use narthex::wire::schema::{self, MAX_FAMILY};
use narthex::wire::{Hello, Identity, Window, put_varint};
use narthex_host::relay::fleet::Limits;
use narthex_tests::hostile::hash;
use narthex_tests::hub::Hub;

use crate::bytes::Bytes;
use crate::frames::{sealed, shown};

/// Families as byte strings, values, and label records: what is shown stands by the letter, is no more than may be
/// shown, and is the same when the schema comes once more, or its parts in another order.
///
/// The input is a number of families, each with its length; then the length of the values, and the values; then label
/// records up to the end, as the payload of frames.
pub fn family(data: &[u8]) {
    let mut input = Bytes(data);
    let count = input.byte() % 16;
    let families: Vec<Vec<u8>> = (0..count)
        .map(|_| input.piece())
        .map(|family| family[..family.len().min(MAX_FAMILY)].to_vec())
        .collect();
    let values = input.piece();
    let labels = input.0;
    let limits = Limits { max_series: 500, max_schema_bytes: 8192, ..Limits::default() };
    let mut device = Sender::new(&families, limits.clone());
    device.hello();
    device.schema(&families, 0..families.len(), MAX_FAMILY);
    device.values(values, labels);
    let once = device.hub.page();
    assert!(device.hub.totals().series <= limits.max_series);
    let shown_once = shown(&device.hub);
    device.schema(&families, 0..families.len(), 100);
    device.hub.page();
    let (before, after) = (shown_once.split("Totals").next(), shown(&device.hub));
    assert_eq!(before, after.split("Totals").next(), "the schema came again");

    let mut other = Sender::new(&families, limits);
    other.hello();
    other.schema(&families, (0..families.len()).rev(), 37);
    other.values(values, labels);
    // Where families are refused depends on what came before, so only what is whole is compared.
    let all = |sender: &Sender| sender.hub.devices().iter().all(|device| device.refused.is_empty());
    if all(&device) && all(&other) {
        assert_eq!(
            once.samples().count(),
            other.hub.page().samples().count(),
            "families came in another order"
        );
    } else {
        other.hub.page();
    }
}

/// A device that says what it is given.
struct Sender {
    hub: Hub,
    connection: usize,
    header: Header,
}

impl Sender {
    fn new(families: &[Vec<u8>], limits: Limits) -> Self {
        let mut hub = Hub::new(limits);
        let connection = hub.connect("peer");
        let header = Header { kind: Kind::RECORDS, boot: 1, schema: hash(families), sequence: 0, uptime: 1 };
        Self { hub, connection, header }
    }

    fn send(&mut self, kind: Kind, body: &[u8]) {
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.kind = kind;
        drop(self.hub.feed(self.connection, &sealed(&self.header, body)));
    }

    fn hello(&mut self) {
        let identity = Identity { device: "device", firmware: "1" };
        let hello = Hello { identity, families: 1, cells: 1, flags: 0 };
        let mut buf = [0; 128];
        let mut page = Window::new(&mut buf, 0);
        let head = Head { kind: record::kind::HELLO, fields: &[] };
        assert!(record::put(&mut page, &head, &mut 0, &|window| hello.write(window)), "it fits");
        let len = page.kept();
        self.send(Kind::RECORDS, &buf[..len]);
    }

    /// Sends families in this order, in parts of so many bytes.
    fn schema(&mut self, families: &[Vec<u8>], order: impl Iterator<Item = usize>, part: usize) {
        for index in order {
            let first: usize = families[..index].iter().map(|family| cells(family)).sum();
            let bytes = &families[index];
            // One part at least, of an empty one, too.
            for offset in (0..bytes.len().max(1)).step_by(part) {
                let mut body = Vec::new();
                for number in [index, families.len(), first, offset, bytes.len()] {
                    put(&mut body, number as u64);
                }
                body.extend(&bytes[offset..bytes.len().min(offset + part)]);
                let mut record = vec![record::kind::SCHEMA];
                put(&mut record, body.len() as u64);
                record.extend(body);
                self.send(Kind::RECORDS, &record);
            }
        }
    }

    /// Sends values and label records, twice: labels may come before or behind.
    fn values(&mut self, values: &[u8], labels: &[u8]) {
        for _ in 0..2 {
            self.header.uptime += 1;
            for part in labels.chunks(1900) {
                self.send(Kind::RECORDS, part);
            }
            self.send(Kind::VALUES, &values[..values.len().min(1900)]);
        }
        self.hub.at(Duration::from_secs(1));
    }
}

/// How many cells a family has, as far as it can be read: what is refused may stand anywhere.
fn cells(family: &[u8]) -> usize {
    let Ok((read, mut fields)) = schema::Family::read(family) else { return 0 };
    let mut children = || {
        for _ in 0..fields.count().ok()? {
            fields.bound().ok()?;
        }
        let mut children = 1usize;
        for _ in 0..fields.count().ok()? {
            fields.string().ok()?;
            let values = fields.count().ok()?;
            for _ in 0..values {
                fields.string().ok()?;
            }
            children = children.saturating_mul(values.max(1));
        }
        // A state set's states share a cell, a table's slots have a birth each: what is wrong here is refused there.
        let instances = fields.count().ok()?;
        Some(children.saturating_mul(instances))
    };
    let children = children().unwrap_or(1);
    match read.capacity {
        0 => children.saturating_mul(read.cells).min(1 << 16),
        slots => slots.saturating_add(1).saturating_mul(read.cells.saturating_add(1)).min(1 << 16),
    }
}

fn put(bytes: &mut Vec<u8>, number: u64) {
    let mut buf = [0; 10];
    let len = put_varint(&mut buf, number).expect("it fits");
    bytes.extend(&buf[..len]);
}
