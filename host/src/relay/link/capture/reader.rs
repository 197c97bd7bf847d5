//! Entries, from bytes.

use std::collections::BTreeSet;

use super::header::{HEADER, Header, Kind, crc};
use super::{MAGIC, PREAMBLE, is_magic, key};

/// Connections that may be open at once; what comes over others is not read.
const MAX_OPEN: usize = 1 << 17;
/// Bytes looked at together, so that the buffer never grows beyond an entry and these.
const PIECE: usize = 64 * 1024;

/// What a capture tells, in the order it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A connection was opened.
    Open {
        /// Its number.
        connection: u32,
        /// When, in milliseconds since the Unix epoch; 0 if unknown.
        time_ms: u64,
        /// The name of the link; empty if unknown.
        link: &'a str,
        /// The other end; empty if unknown.
        peer: &'a str,
        /// What the user called the device at the other end.
        device: Option<&'a str>,
    },
    /// Bytes came over a connection that is open.
    Bytes {
        /// Its number.
        connection: u32,
        /// When, in milliseconds since the Unix epoch; 0 if unknown.
        time_ms: u64,
        /// What came, cut anywhere.
        bytes: &'a [u8],
    },
    /// A connection has ended.
    Close {
        /// Its number.
        connection: u32,
    },
}

/// Reads a capture, or a file of plain bytes, which is one connection with number 0.
///
/// It holds one entry (64 KiB) and the numbers of the connections that are open, however large the file. Each
/// connection is opened before its bytes come and closed at last, whatever is missing in the file.
#[derive(Debug, Default)]
pub struct Reader {
    form: Form,
    /// What is not read yet.
    pub(super) buffer: Vec<u8>,
    /// In order, so that a file is told in the same words each time.
    open: BTreeSet<u32>,
    /// Whether the buffer begins where a header must be.
    in_step: bool,
    unreadable: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// Too little has come to tell.
    #[default]
    Unknown,
    Plain,
    Capture([u8; 4]),
}

impl Reader {
    /// Nothing is read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes that belong to no entry that could be read.
    pub const fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Whether this is a capture; false as well while too little has come to tell.
    pub const fn is_capture(&self) -> bool {
        matches!(self.form, Form::Capture(_))
    }

    /// Takes the next bytes of the file and tells what they say.
    pub fn feed(&mut self, bytes: &[u8], tell: &mut impl FnMut(Event<'_>)) {
        for piece in bytes.chunks(PIECE) {
            self.buffer.extend_from_slice(piece);
            self.read(false, tell);
        }
    }

    /// The file has ended: tells the rest, and closes what is still open.
    pub fn finish(&mut self, tell: &mut impl FnMut(Event<'_>)) {
        self.read(true, tell);
        self.close_all(tell);
    }

    fn read(&mut self, end: bool, tell: &mut impl FnMut(Event<'_>)) {
        if self.form == Form::Unknown {
            self.form = self.look(end);
            if self.is_capture() {
                self.buffer.drain(..PREAMBLE.min(self.buffer.len()));
                self.in_step = true;
            }
        }
        match self.form {
            Form::Unknown => {}
            Form::Plain => self.plain(tell),
            Form::Capture(key) => self.entries(key, end, tell),
        }
    }

    /// What the first bytes say this is.
    fn look(&self, end: bool) -> Form {
        let magic = self.buffer.get(..MAGIC.len());
        match (magic, key(&self.buffer)) {
            (_, Some(key)) => Form::Capture(key),
            (Some(magic), None) if !is_magic(magic) => Form::Plain,
            // A capture that ends within its preamble holds nothing.
            (Some(_), None) if end => Form::Capture([0; 4]),
            (None, None) if end => Form::Plain,
            _ => Form::Unknown,
        }
    }

    fn plain(&mut self, tell: &mut impl FnMut(Event<'_>)) {
        if self.buffer.is_empty() {
            return;
        }
        if self.open.insert(0) {
            tell(Event::Open { connection: 0, time_ms: 0, link: "", peer: "", device: None });
        }
        tell(Event::Bytes { connection: 0, time_ms: 0, bytes: &self.buffer });
        self.buffer.clear();
    }

    fn entries(&mut self, key: [u8; 4], end: bool, tell: &mut impl FnMut(Event<'_>)) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut rest = &*buffer;
        while rest.len() >= HEADER {
            let Some(header) = self.header(rest, key) else {
                self.in_step = false;
                self.unreadable += 1;
                rest = rest.get(1..).unwrap_or_default();
                continue;
            };
            let body = rest.get(HEADER..).unwrap_or_default();
            let length = usize::from(header.length);
            // An entry that was cut short ends where the next header begins, the last of which may begin with the
            // last byte.
            if body.len() < length + HEADER && !end {
                break;
            }
            let length = next_header(body, length, key).unwrap_or(length);
            let (payload, behind) = body.split_at_checked(length).unwrap_or((body, &[]));
            self.entry(&header, payload, tell);
            rest = behind;
            self.in_step = true;
        }
        if end {
            self.unreadable += rest.len() as u64;
            rest = &[];
        }
        let read = buffer.len() - rest.len();
        self.buffer = buffer;
        self.buffer.drain(..read);
    }

    /// The header that bytes begin with, if they do.
    fn header(&self, bytes: &[u8], key: [u8; 4]) -> Option<Header> {
        Header::read(bytes, key).or_else(|| {
            // What was put right must make sense, too.
            let header = self.in_step.then(|| Header::repair(bytes, key))??;
            match header.kind {
                Kind::Open => true,
                Kind::Start => header.connection == 0 && header.length == 0,
                Kind::Bytes => self.open.contains(&header.connection),
                Kind::Close => self.open.contains(&header.connection) && header.length == 0,
            }
            .then_some(header)
        })
    }

    fn entry(&mut self, header: &Header, payload: &[u8], tell: &mut impl FnMut(Event<'_>)) {
        let Header { kind, connection, time_ms, .. } = *header;
        match kind {
            Kind::Start => self.close_all(tell),
            Kind::Open => match names(payload) {
                // The second copy says nothing new.
                Some(_) if self.open.contains(&connection) => {}
                Some([link, peer, device]) if self.open.len() < MAX_OPEN => {
                    self.open.insert(connection);
                    let device = Some(device).filter(|device| !device.is_empty());
                    tell(Event::Open { connection, time_ms, link, peer, device });
                }
                _ => self.unreadable += (HEADER + payload.len()) as u64,
            },
            Kind::Bytes => {
                if !self.open.contains(&connection) {
                    if self.open.len() >= MAX_OPEN {
                        self.unreadable += (HEADER + payload.len()) as u64;
                        return;
                    }
                    // How it was opened is lost; its bytes are not.
                    self.open.insert(connection);
                    tell(Event::Open { connection, time_ms, link: "", peer: "", device: None });
                }
                if !payload.is_empty() {
                    tell(Event::Bytes { connection, time_ms, bytes: payload });
                }
            }
            Kind::Close => {
                if self.open.remove(&connection) {
                    tell(Event::Close { connection });
                }
            }
        }
    }

    fn close_all(&mut self, tell: &mut impl FnMut(Event<'_>)) {
        for connection in std::mem::take(&mut self.open) {
            tell(Event::Close { connection });
        }
    }
}

/// Where in the first `length` bytes of `body` a header begins.
fn next_header(body: &[u8], length: usize, key: [u8; 4]) -> Option<usize> {
    body.windows(HEADER).take(length).position(|bytes| Header::read(bytes, key).is_some())
}

/// Link, peer and device of an open entry, if they are as they were written.
fn names(payload: &[u8]) -> Option<[&str; 3]> {
    let (check, texts) = payload.split_first_chunk()?;
    if crc(texts) != u32::from_le_bytes(*check) {
        return None;
    }
    let mut texts = str::from_utf8(texts).ok()?.split('\0');
    Some([texts.next()?, texts.next()?, texts.next()?])
}
