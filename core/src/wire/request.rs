//! What a host asks of a device.

use super::Window;
use super::record::{Head, kind, put_request};

/// A request to a device that reads them ([`Hello::READS_REQUESTS`](super::Hello::READS_REQUESTS)).
///
/// ```
/// use narthex::frame::{self, Header, Kind, MIN_FRAME};
/// use narthex::wire::Request;
/// // Requests go in frames of the smallest size, which any link carries.
/// let mut buf = [0; MIN_FRAME];
/// let len = Request::put_all(&[Request::Hello, Request::Snapshot], frame::payload(&mut buf));
/// let header = Header { kind: Kind::REQUESTS, boot: 0x5eed, schema: 0, sequence: 1, uptime: 0 };
/// let frame = frame::seal(&mut buf, &header, len);
/// assert_eq!(frame.len(), 25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Who the device is.
    Hello,
    /// The schema.
    Schema {
        /// From this family on.
        family: usize,
    },
    /// A full snapshot.
    Snapshot,
    /// The label records of live slots.
    Labels {
        /// From this family on.
        family: usize,
        /// And in it from this slot on.
        slot: usize,
    },
}

impl Request {
    /// Writes the record to the front of `buf` and returns its length; `None` if it does not fit.
    pub fn put(self, buf: &mut [u8]) -> Option<usize> {
        let (kind, fields) = match self {
            Self::Hello => (kind::HELLO_REQUEST, &[][..]),
            Self::Schema { family } => (kind::SCHEMA_REQUEST, &[family as u32][..]),
            Self::Snapshot => (kind::SNAPSHOT_REQUEST, &[][..]),
            Self::Labels { family, slot } => (kind::LABEL_REQUEST, &[family as u32, slot as u32][..]),
        };
        let mut page = Window::new(buf, 0);
        put_request(&mut page, &Head { kind, fields }).then_some(page.kept())
    }

    /// Writes the records of as many of these as fit, one behind the other, and returns their length. The payload of
    /// the smallest frame holds one of each kind.
    pub fn put_all(requests: &[Self], payload: &mut [u8]) -> usize {
        let mut at = 0;
        for request in requests {
            let Some(len) = payload.get_mut(at..).and_then(|room| request.put(room)) else { break };
            at += len;
        }
        at
    }
}

/// What requests ask for, however many: of each kind, from where on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants([u32; 4]);

impl Wants {
    /// Nothing: as if asked for what is behind all there is.
    pub const NOTHING: Self = Self([u32::MAX; 4]);
    /// All there is.
    pub const ALL: Self = Self([0; 4]);

    const fn of(&self, kind: u8) -> u32 {
        let [hello, schema, snapshot, labels] = self.0;
        match kind {
            kind::HELLO_REQUEST => hello,
            kind::SCHEMA_REQUEST => schema,
            kind::SNAPSHOT_REQUEST => snapshot,
            _ => labels,
        }
    }

    /// Whether a hello is asked for.
    pub const fn hello(&self) -> bool {
        self.of(kind::HELLO_REQUEST) < u32::MAX
    }

    /// Whether the description of this family is.
    pub const fn schema(&self, family: usize) -> bool {
        self.of(kind::SCHEMA_REQUEST) >> 16 <= family as u32
    }

    /// Whether a full snapshot is.
    pub const fn snapshot(&self) -> bool {
        self.of(kind::SNAPSHOT_REQUEST) < u32::MAX
    }

    /// Whether the labels of this slot are.
    pub const fn labels(&self, family: usize, slot: usize) -> bool {
        self.of(kind::LABEL_REQUEST) <= (family as u32) << 16 | slot as u32
    }

    /// Whether any records are.
    pub const fn records(&self) -> bool {
        let [hello, schema, _, labels] = self.0;
        hello & schema & labels < u32::MAX
    }

    /// Asks for all that another does, too.
    pub fn add(&mut self, other: &Self) {
        for (from, other) in self.0.iter_mut().zip(&other.0) {
            *from = (*from).min(*other);
        }
    }
}

/// Finds the requests in a payload that is handed to it byte after byte: a device has no room for one.
///
/// ```
/// use narthex::wire::RequestReader;
/// let mut reader = RequestReader::new();
/// // Schema from family 300 on, something of a kind that is not known, hello.
/// for byte in [66, 2, 0xac, 0x02, 90, 1, 7, 65, 0] {
///     reader.take(byte);
/// }
/// let wants = reader.wants();
/// assert!(wants.hello() && wants.schema(300));
/// assert!(!wants.schema(299) && !wants.snapshot());
/// ```
#[derive(Clone, Debug)]
pub struct RequestReader {
    wants: Wants,
    next: Next,
    kind: u8,
    /// How far the varint has come, and that far what it is.
    shift: u8,
    number: u32,
    /// Bytes of the body that are still to come.
    left: u32,
    /// Up to two fields, one in each half, and where the next goes.
    from: u32,
    place: u8,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Nothing,
    Kind,
    Length,
    Body,
}

impl RequestReader {
    /// A reader at the beginning of a payload.
    #[must_use]
    pub const fn new() -> Self {
        let wants = Wants::NOTHING;
        Self { wants, next: Next::Kind, kind: 0, shift: 0, number: 0, left: 0, from: 0, place: 0 }
    }

    /// Begins anew, with a payload of requests or something else, of which it takes nothing.
    #[inline]
    pub(crate) fn begin(&mut self, requests: bool) {
        (self.wants, self.next) = (Wants::NOTHING, if requests { Next::Kind } else { Next::Nothing });
    }

    /// What the requests ask for that have come whole.
    pub const fn wants(&self) -> &Wants {
        &self.wants
    }

    /// Takes the next byte.
    ///
    /// A field that is left out is 0; one of 2^16 or more, or of more than four bytes, is 65 535, which is behind all
    /// there is.
    #[inline(never)]
    pub fn take(&mut self, byte: u8) {
        match self.next {
            Next::Nothing => return,
            Next::Kind => {
                (self.next, self.kind) = (Next::Length, byte);
                (self.shift, self.number, self.from, self.place) = (0, 0, 0, 16);
                return;
            }
            Next::Length | Next::Body => {}
        }
        self.number |= if self.shift < 28 { u32::from(byte & 0x7f) << self.shift } else { u32::MAX };
        self.shift = self.shift.wrapping_add(7);
        self.left = self.left.wrapping_sub(1);
        if byte < 0x80 {
            let number = core::mem::take(&mut self.number);
            self.shift = 0;
            if self.next == Next::Length {
                (self.next, self.left) = (Next::Body, number);
            } else if self.place <= 16 {
                self.from |= number.min(0xffff) << self.place;
                self.place = self.place.wrapping_sub(16);
            }
        }
        if self.next == Next::Body && self.left == 0 {
            self.next = Next::Kind;
            if let Some(from) = self.wants.0.get_mut(usize::from(self.kind.wrapping_sub(kind::HELLO_REQUEST)))
            {
                *from = self.from.min(*from);
            }
        }
    }
}

impl Default for RequestReader {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame;
    use crate::wire::record::{Record, Records};

    #[test]
    fn the_smallest_frame_holds_one_of_each() {
        let most = usize::from(u16::MAX);
        let all = [
            Request::Hello,
            Request::Schema { family: most },
            Request::Snapshot,
            Request::Labels { family: most, slot: most },
        ];
        let mut buf = [0; frame::MIN_FRAME];
        let payload = frame::payload(&mut buf);
        let len = Request::put_all(&all, payload);
        let want = [
            Record::HelloRequest,
            Record::SchemaRequest { family: most },
            Record::SnapshotRequest,
            Record::LabelRequest { family: most, slot: most },
        ];
        assert!(Records::new(&payload[..len]).eq(want));
        assert_eq!(read(&payload[..len]), Wants([0, 0xffff_0000, 0, 0xffff_ffff]));
        assert_eq!(Request::put_all(&all, &mut payload[..5]), 2);
    }

    fn read(payload: &[u8]) -> Wants {
        let mut reader = RequestReader::new();
        for byte in payload {
            reader.take(*byte);
        }
        *reader.wants()
    }

    #[test]
    fn what_is_not_known_is_passed() {
        let hello = Wants([0, u32::MAX, u32::MAX, u32::MAX]);
        assert_eq!(read(&[90, 3, 7, 0xff, 0xff, 64, 0, 69, 0, 65, 0]), hello);
        // Fields behind the known ones, whatever they are, and lengths longer than need be.
        assert_eq!(read(&[90, 0x80, 0, 65, 0x81, 0x80, 0, 0]), hello);
        let fields = [66, 9, 6, 1, 2, 3, 4, 5, 6, 7, 0x88];
        assert_eq!(read(&[&fields[..], &[65, 0]].concat()), Wants([0, 6 << 16 | 1, u32::MAX, u32::MAX]));
        // What is cut off is none.
        assert_eq!(read(&[65, 0, 68, 3, 1, 2]), hello);
        assert_eq!(read(&[65, 0, 67, 0x80]), hello);
        assert_eq!(read(&[65, 0, 67, 0xff, 0xff, 0xff, 0xff, 0x1f, 67, 0]), hello);
    }

    #[test]
    fn fields_are_held_within_what_there_can_be() {
        for (bytes, number) in [
            (&[][..], 0),
            (&[0x81, 0x80, 0x80, 0], 1),
            (&[0xff, 0xff, 3], 65_535),
            (&[0x80, 0x80, 4], 65_535),
            (&[0x81, 0x80, 0x80, 0x80, 0x10], 65_535),
            (&[0xff; 40], 0),
        ] {
            let wants = read(&[&[66, bytes.len() as u8], bytes].concat());
            assert_eq!(wants.of(kind::SCHEMA_REQUEST), number << 16, "{bytes:x?}");
        }
    }

    #[test]
    fn all_that_is_asked_for_is_covered() {
        let wants = read(&[68, 2, 2, 9, 68, 2, 1, 10, 66, 1, 3, 66, 1, 4]);
        assert!(wants.records() && !wants.snapshot() && !wants.hello());
        assert_eq!(
            [(1, 9), (1, 10), (2, 0)].map(|(family, slot)| wants.labels(family, slot)),
            [false, true, true]
        );
        assert_eq!([2, 3, 65_534].map(|family| wants.schema(family)), [false, true, true]);
        let mut both = read(&[67, 0]);
        assert!(both.snapshot() && !both.records());
        both.add(&wants);
        assert_eq!(both.0, [u32::MAX, 3 << 16, 0, (1 << 16) + 10]);
        assert!(
            !Wants::NOTHING.records()
                && !Wants::NOTHING.schema(65_534)
                && !Wants::NOTHING.labels(65_534, 65_535)
        );
        assert!(Wants::ALL.hello() && Wants::ALL.schema(0) && Wants::ALL.labels(0, 0));
    }
}
