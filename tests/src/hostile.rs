//! Sources that lie: frames whose check is good, made by hand, with anything in them.

use narthex::frame::{Header, Kind, payload, seal};
use narthex::wire::record::{self, Head};
use narthex::wire::{Hello, Identity, Window, put_varint};

/// A device made up frame by frame.
#[derive(Clone, Copy, Debug)]
pub struct Liar {
    /// What it calls this boot.
    pub boot: u32,
    /// What it calls its schema.
    pub schema: u32,
    /// Its clock, in tenths of a second.
    pub uptime: u32,
    /// How many frames it has sent.
    pub sequence: u16,
}

impl Liar {
    /// One that says nothing yet.
    pub fn new(boot: u32) -> Self {
        Self { boot, schema: 0x5eed, uptime: 10, sequence: 0 }
    }

    /// A frame of any kind and payload.
    pub fn frame(&mut self, kind: Kind, body: &[u8]) -> Vec<u8> {
        let mut buf = vec![0; body.len() + 64];
        payload(&mut buf)[..body.len()].copy_from_slice(body);
        self.sequence = self.sequence.wrapping_add(1);
        let Self { boot, schema, uptime, sequence } = *self;
        seal(&mut buf, &Header { kind, boot, schema, sequence, uptime }, body.len()).to_vec()
    }

    /// A frame that says this name and firmware, and how much is to come.
    pub fn hello(&mut self, device: &str, firmware: &str, families: usize, cells: usize) -> Vec<u8> {
        let (mut buf, mut part) = ([0; 256], 0);
        let hello = Hello { identity: Identity { device, firmware }, families, cells, flags: 0 };
        let head = Head { kind: record::kind::HELLO, fields: &[] };
        let mut page = Window::new(&mut buf, 0);
        assert!(record::put(&mut page, &head, &mut part, &|window| hello.write(window)), "a hello is short");
        let len = page.kept();
        self.frame(Kind::RECORDS, &buf[..len])
    }

    /// A frame with part of the description of a family, whatever that is: of so many families, with its first cell
    /// there, and so many bytes in all.
    pub fn family(&mut self, numbers: [u64; 3], offset: u64, total: u64, bytes: &[u8]) -> Vec<u8> {
        let [family, families, first] = numbers;
        let mut body = Vec::new();
        for number in [family, families, first, offset, total] {
            put(&mut body, number);
        }
        body.extend(bytes);
        let mut record = vec![record::kind::SCHEMA];
        put(&mut record, body.len() as u64);
        record.extend(body);
        self.frame(Kind::RECORDS, &record)
    }

    /// A frame of values.
    pub fn values(&mut self, cells: &[u64]) -> Vec<u8> {
        let mut body = Vec::new();
        for cell in cells {
            put(&mut body, *cell);
        }
        self.frame(Kind::VALUES, &body)
    }
}

pub(crate) fn put(bytes: &mut Vec<u8>, number: u64) {
    let mut buf = [0; 10];
    let len = put_varint(&mut buf, number).unwrap_or(0);
    bytes.extend(&buf[..len]);
}

/// The description of a family, as a device would send it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Claim<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its help.
    pub help: &'a str,
    /// Its kind: 0 is a counter, 2 a histogram.
    pub kind: u8,
    /// Slots of a table; 0 if it is none.
    pub capacity: u64,
    /// Cells of one child.
    pub cells: u64,
    /// Bounds of a histogram.
    pub bounds: &'a [u64],
    /// How many labels it has, and how many values each.
    pub labels: (usize, usize),
}

impl Claim<'_> {
    /// The bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for text in [self.name, self.help, ""] {
            string(&mut bytes, text);
        }
        // Of unsigned numbers, scale 0.
        bytes.extend([self.kind, 0, 0]);
        for number in [self.capacity, self.cells, self.bounds.len() as u64].iter().chain(self.bounds) {
            put(&mut bytes, *number);
        }
        let (labels, values) = self.labels;
        put(&mut bytes, labels as u64);
        for label in 0..labels {
            string(&mut bytes, &format!("l{label}"));
            put(&mut bytes, values as u64);
            for value in 0..values {
                string(&mut bytes, &value.to_string());
            }
        }
        // One instance without labels.
        bytes.extend([1, 0]);
        bytes
    }
}

fn string(bytes: &mut Vec<u8>, text: &str) {
    put(bytes, text.len() as u64);
    bytes.extend(text.as_bytes());
}

/// The description of a counter, with this name and help.
pub fn counter(name: &str, help: &str) -> Vec<u8> {
    Claim { name, help, cells: 1, ..Claim::default() }.bytes()
}

/// The description of a histogram of so many buckets.
pub fn histogram(name: &str, buckets: u64) -> Vec<u8> {
    let bounds: Vec<u64> = (1..=buckets).collect();
    Claim { name, help: "Help.", kind: 2, cells: buckets + 2, bounds: &bounds, ..Claim::default() }.bytes()
}

/// The description of a counter with so many labels of so many values.
pub fn product(name: &str, labels: usize, values: usize) -> Vec<u8> {
    Claim { name, help: "Help.", cells: 1, labels: (labels, values), ..Claim::default() }.bytes()
}

/// The description of a table of counters with one label, and so many slots.
pub fn table(name: &str, capacity: u64) -> Vec<u8> {
    Claim { name, help: "Help.", capacity, cells: 1, labels: (1, 0), ..Claim::default() }.bytes()
}

/// A body as it travels, whatever it is: COBS and the delimiter.
pub fn stuffed(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in body.split(|byte| *byte == 0) {
        let mut chunks = piece.chunks(254).peekable();
        if chunks.peek().is_none() {
            bytes.push(1);
        }
        for chunk in chunks {
            bytes.push(1 + chunk.len() as u8);
            bytes.extend(chunk);
        }
    }
    bytes.push(0);
    bytes
}

/// The hash of a schema of these families.
pub fn hash(families: &[Vec<u8>]) -> u32 {
    let fnv = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    families.iter().fold(0x811c_9dc5, |hash, family| {
        let len = (family.len() as u16).to_le_bytes();
        len.iter().chain(family).fold(hash, fnv)
    })
}

/// Names that would do harm where they are shown raw.
pub const NAMES: [&str; 8] = [
    "<script>alert(1)</script>",
    "\" onload=\"x",
    "\u{1b}[31mred\u{1b}[0m",
    "two\nlines",
    "cr\rover",
    "bell\u{7}\u{8}\u{7f}",
    "\u{202e}sdrawkcab\u{9b}2J",
    "\0null",
];
