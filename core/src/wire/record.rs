//! Records: what frames of kind *records* and *requests* are made of.

use super::Window;
use super::bytes::{Truncated, take_byte, take_len};
use super::varint::varint_len;

/// Longest byte string that travels in parts.
pub const MAX_TOTAL: usize = 1024;

/// Numbers of the kinds of records.
pub mod kind {
    /// Part of an identity.
    pub const HELLO: u8 = 1;
    /// Part of a family of the schema.
    pub const SCHEMA: u8 = 2;
    /// Part of the label values of a table slot.
    pub const LABEL: u8 = 3;
    /// The host wants a hello.
    pub const HELLO_REQUEST: u8 = 65;
    /// The host wants the schema, from a family on.
    pub const SCHEMA_REQUEST: u8 = 66;
    /// The host wants a full snapshot.
    pub const SNAPSHOT_REQUEST: u8 = 67;
    /// The host wants label records, from a slot of a family on.
    pub const LABEL_REQUEST: u8 = 68;
}

/// A part of a byte string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Where it begins.
    pub offset: usize,
    /// How long the whole is, at most [`MAX_TOTAL`].
    pub total: usize,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record<'a> {
    /// Part of the identity of a device.
    Hello(Part<'a>),
    /// Part of a family.
    Schema {
        /// Which family.
        family: usize,
        /// How many there are.
        families: usize,
        /// Position of its first cell.
        first: usize,
        /// The part.
        part: Part<'a>,
    },
    /// Part of the label values of a table slot.
    Label {
        /// Which family.
        family: usize,
        /// Which slot of it.
        slot: usize,
        /// Which assignment of the slot.
        birth: u64,
        /// The part.
        part: Part<'a>,
    },
    /// The host wants a hello.
    HelloRequest,
    /// The host wants the schema.
    SchemaRequest {
        /// From this family on.
        family: usize,
    },
    /// The host wants a full snapshot.
    SnapshotRequest,
    /// The host wants label records.
    LabelRequest {
        /// Of this family.
        family: usize,
        /// From this slot on.
        slot: usize,
    },
    /// A kind of record this crate does not know; skipped.
    Unknown {
        /// Its number.
        kind: u8,
    },
}

/// The fields of a record in front of its byte string: what [`put`] writes.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Number of the kind.
    pub kind: u8,
    /// Varints in front, in order.
    pub fields: &'a [u64],
}

/// What [`put`] has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Length of the record.
    pub len: usize,
    /// Where in the byte string the next part begins.
    pub end: usize,
    /// Length of the whole byte string.
    pub total: usize,
}

/// Writes a record whose body is `head.fields` and a part of a byte string that begins at `offset`; at its front, if
/// the string has become shorter than that. `write` writes the string into a window. `None`, with nothing to keep, when
/// not even one byte of the string fits.
pub fn put(
    buf: &mut [u8],
    head: &Head<'_>,
    offset: usize,
    write: impl Fn(&mut Window<'_>),
) -> Option<Written> {
    let total = length(&write);
    let offset = if offset > total { 0 } else { offset };
    let fields = |window: &mut Window<'_>| {
        head.put(window);
        window.varint(offset as u64);
        window.varint(total as u64);
    };
    let front = length(fields);
    // The length of the body must be known before the body is: take what the largest body would need.
    let room = buf.len().checked_sub(1 + front)?;
    let wanted = total - offset;
    let length_len = varint_len((front + wanted.min(room)) as u64);
    let take = wanted.min(room.checked_sub(length_len)?);
    if take == 0 && wanted > 0 {
        return None;
    }
    let mut window = Window::new(buf, 0);
    // The length is measured anew for what is taken: a padded one would be no canonical varint.
    head.begin(&mut window, front + take);
    fields(&mut window);
    let at = window.total();
    write(&mut Window::new(buf.get_mut(at..at + take)?, offset));
    Some(Written { len: at + take, end: offset + take, total })
}

/// Writes a record without a byte string: a request. Returns its length; `None` when it does not fit.
pub fn put_request(buf: &mut [u8], head: &Head<'_>) -> Option<usize> {
    let has = buf.len();
    let mut window = Window::new(buf, 0);
    head.begin(&mut window, length(|window| head.put(window)));
    head.put(&mut window);
    Some(window.total()).filter(|len| *len <= has)
}

/// The length of what is written.
fn length(write: impl Fn(&mut Window<'_>)) -> usize {
    let mut window = Window::new(&mut [], 0);
    write(&mut window);
    window.total()
}

impl Head<'_> {
    /// Writes the kind, and the length of the body.
    fn begin(&self, window: &mut Window<'_>, body: usize) {
        window.byte(self.kind);
        window.varint(body as u64);
    }

    #[inline(never)]
    fn put(&self, window: &mut Window<'_>) {
        for n in self.fields {
            window.varint(*n);
        }
    }
}

/// The records of a payload, in order. Ends at the first that is cut off, which [`Records::is_truncated`] tells.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    truncated: bool,
}

impl<'a> Records<'a> {
    /// The records of `payload`.
    pub const fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload, truncated: false }
    }

    /// Whether the last record was cut off or malformed.
    pub const fn is_truncated(&self) -> bool {
        self.truncated
    }

    fn take(&mut self) -> Result<Record<'a>, Truncated> {
        let rest = &mut self.rest;
        let number = take_byte(rest)?;
        let len = take_len(rest)?;
        let (mut body, tail) = rest.split_at_checked(len).ok_or(Truncated)?;
        *rest = tail;
        let b = &mut body;
        Ok(match number {
            kind::HELLO => Record::Hello(take_part(b)?),
            kind::SCHEMA => Record::Schema {
                family: take_len(b)?,
                families: take_len(b)?,
                first: take_len(b)?,
                part: take_part(b)?,
            },
            kind::LABEL => Record::Label {
                family: take_len(b)?,
                slot: take_len(b)?,
                birth: super::take_varint(b).ok_or(Truncated)?,
                part: take_part(b)?,
            },
            kind::HELLO_REQUEST => Record::HelloRequest,
            kind::SCHEMA_REQUEST => Record::SchemaRequest { family: take_len(b)? },
            kind::SNAPSHOT_REQUEST => Record::SnapshotRequest,
            kind::LABEL_REQUEST => Record::LabelRequest { family: take_len(b)?, slot: take_len(b)? },
            kind => Record::Unknown { kind },
        })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let record = self.take();
        if record.is_err() {
            self.truncated = true;
            self.rest = &[];
        }
        record.ok()
    }
}

fn take_part<'a>(body: &mut &'a [u8]) -> Result<Part<'a>, Truncated> {
    let (offset, total) = (take_len(body)?, take_len(body)?);
    let end = offset.checked_add(body.len()).ok_or(Truncated)?;
    if total > MAX_TOTAL || end > total {
        return Err(Truncated);
    }
    Ok(Part { offset, total, bytes: core::mem::take(body) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn parts_of_any_room_make_the_whole() {
        let whole: Vec<u8> = (0..300u16).map(|i| i as u8).collect();
        let fields = [7, 300, u64::MAX];
        for room in 20..400 {
            let mut made: Vec<u8> = Vec::new();
            while made.len() < whole.len() {
                let mut buf = vec![0; room];
                let write = |window: &mut Window<'_>| window.bytes(&whole);
                let written =
                    put(&mut buf, &Head { kind: kind::LABEL, fields: &fields }, made.len(), write).unwrap();
                let mut records = Records::new(&buf[..written.len]);
                let Some(Record::Label { family: 7, slot: 300, birth: u64::MAX, part }) = records.next()
                else {
                    panic!("{room}: {buf:?}")
                };
                assert_eq!((part.offset, part.total, records.next()), (made.len(), whole.len(), None));
                made.extend(part.bytes);
                assert_eq!(made.len(), written.end);
            }
            assert_eq!(made, whole);
        }
    }

    #[test]
    fn the_kind_is_one_byte_whatever_it_is() {
        let mut buf = [0; 16];
        let head = Head { kind: 200, fields: &[] };
        let written = put(&mut buf, &head, 0, |window| window.bytes(&[0; 5])).unwrap();
        assert!(Records::new(&buf[..written.len]).eq([Record::Unknown { kind: 200 }]));
        let len = put_request(&mut buf, &head).unwrap();
        assert!(Records::new(&buf[..len]).eq([Record::Unknown { kind: 200 }]));
    }
}
