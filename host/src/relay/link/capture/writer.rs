//! Entries, as bytes.

use super::header::{HEADER, Header, Kind, crc};
use super::{KEYS, MAGIC};

/// Longest text of an open entry, in bytes; longer ones are cut.
const MAX_TEXT: usize = 255;

/// Makes the bytes of a capture.
///
/// ```
/// use narthex_host::relay::link::capture::{Event, Reader, Writer};
/// let (writer, mut file) = (Writer::new([1, 2, 3, 4]), Vec::new());
/// writer.preamble(&mut file);
/// writer.start(1000, &mut file);
/// writer.open(7, 1000, ["tcp 127.0.0.1:9100", "127.0.0.1:5", ""], &mut file);
/// writer.bytes(7, 1001, b"frame", &mut file);
/// writer.close(7, 1002, &mut file);
///
/// let mut read = Vec::new();
/// let mut reader = Reader::new();
/// reader.feed(&file, &mut |event| {
///     if let Event::Bytes { connection: 7, time_ms: 1001, bytes } = event {
///         read.extend_from_slice(bytes);
///     }
/// });
/// reader.finish(&mut |_| {});
/// assert_eq!((&*read, reader.unreadable()), (&b"frame"[..], 0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Writer {
    key: [u8; 4],
}

impl Writer {
    /// For a capture with this key, which should be random and known to no device.
    pub const fn new(key: [u8; 4]) -> Self {
        Self { key }
    }

    /// The beginning of a file.
    pub fn preamble(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(MAGIC);
        into.extend_from_slice(self.key.repeat(KEYS).as_slice());
    }

    /// Recording begins.
    pub fn start(&self, time_ms: u64, into: &mut Vec<u8>) {
        self.entry(Kind::Start, 0, time_ms, &[], into);
        self.entry(Kind::Start, 0, time_ms, &[], into);
    }

    /// A connection was opened: its link, its peer, and its device's name, if the user gave one.
    pub fn open(&self, connection: u32, time_ms: u64, names: [&str; 3], into: &mut Vec<u8>) {
        let texts = names.map(|name| cut(name).replace('\0', "")).join("\0");
        let payload = [&crc(texts.as_bytes()).to_le_bytes(), texts.as_bytes()].concat();
        self.entry(Kind::Open, connection, time_ms, &payload, into);
        self.entry(Kind::Open, connection, time_ms, &payload, into);
    }

    /// Bytes came.
    pub fn bytes(&self, connection: u32, time_ms: u64, bytes: &[u8], into: &mut Vec<u8>) {
        for bytes in bytes.chunks(u16::MAX.into()) {
            self.entry(Kind::Bytes, connection, time_ms, bytes, into);
        }
    }

    /// A connection has ended.
    pub fn close(&self, connection: u32, time_ms: u64, into: &mut Vec<u8>) {
        self.entry(Kind::Close, connection, time_ms, &[], into);
    }

    /// How long the entries for so many bytes are; the one of a close is as long as that of no bytes.
    pub fn length(bytes: usize) -> usize {
        bytes + bytes.div_ceil(u16::MAX.into()).max(1) * HEADER
    }

    fn entry(self, kind: Kind, connection: u32, time_ms: u64, payload: &[u8], into: &mut Vec<u8>) {
        Header { kind, length: payload.len() as u16, connection, time_ms }.write(self.key, into);
        into.extend_from_slice(payload);
    }
}

fn cut(text: &str) -> &str {
    let end = (0..=MAX_TEXT.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}
