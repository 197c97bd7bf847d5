//! Records: what frames of kind *records* and *requests* are made of.

use super::Window;
use super::bytes::{Truncated, take_byte, take_len};

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

/// What stands in front of the byte string of a record: what [`put`] writes.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Number of the kind.
    pub kind: u8,
    /// Varints in front, in order.
    pub fields: &'a [u32],
}

/// Longest body that is written: its length takes one byte then, and is known last.
const MAX_BODY: usize = 127;

/// Writes a record behind what is in `page`: `head`, and the byte string that `write` writes, from `part` on as far as
/// it fits. Moves `part` behind what was written; to the front first, if the string has become shorter than that.
/// Returns whether it is complete. Nothing is kept when not even one byte of the string fits.
#[inline(never)] // However many kinds of records there are.
pub fn put(page: &mut Window<'_>, head: &Head<'_>, part: &mut u16, write: &dyn Fn(&mut Window<'_>)) -> bool {
    let begin = page.kept();
    page.next(usize::MAX);
    write(page);
    let total = page.total();
    let offset = if usize::from(*part) > total { 0 } else { (*part).into() };
    head.begin(page);
    page.varint(offset as u32);
    page.varint(total as u32);
    let body = page.total().wrapping_add(begin);
    page.next(offset);
    write(page);
    page.cut(begin + 2 + MAX_BODY);
    let kept = page.kept();
    if kept <= body {
        page.cut(begin);
        return false;
    }
    let end = kept.wrapping_sub(body).wrapping_add(offset);
    *part = end as u16;
    page.replace(begin.wrapping_add(1), kept.wrapping_sub(begin).wrapping_sub(2) as u8);
    end == total
}

/// Writes a record without a byte string, a request, behind what is in `page`. Returns whether it fits; else nothing is
/// kept.
pub fn put_request(page: &mut Window<'_>, head: &Head<'_>) -> bool {
    let begin = page.kept();
    head.begin(page);
    let len = page.total();
    if page.kept() < begin.wrapping_add(len) {
        page.cut(begin);
        return false;
    }
    page.replace(begin.wrapping_add(1), len.wrapping_sub(2) as u8);
    true
}

impl Head<'_> {
    /// Begins a record: writes all but the length of its body, for which there is one byte.
    fn begin(&self, page: &mut Window<'_>) {
        page.next(0);
        page.byte(self.kind);
        page.byte(0);
        for n in self.fields {
            page.varint(*n);
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
        let fields = [7, 300, u32::MAX];
        for room in 20..400 {
            let (mut made, mut part) = (Vec::<u8>::new(), 0);
            while made.len() < whole.len() {
                let mut buf = vec![0; room];
                let mut page = Window::new(&mut buf, 0);
                let write = |window: &mut Window<'_>| window.bytes(&whole);
                let head = Head { kind: kind::LABEL, fields: &fields };
                let complete = put(&mut page, &head, &mut part, &write);
                let len = page.kept();
                let mut records = Records::new(&buf[..len]);
                let Some(Record::Label { family: 7, slot: 300, birth: 0xffff_ffff, part: got }) =
                    records.next()
                else {
                    panic!("{room}: {buf:?}")
                };
                assert_eq!((got.offset, got.total, records.next()), (made.len(), whole.len(), None));
                made.extend(got.bytes);
                assert_eq!((made.len(), made.len() == whole.len()), (part.into(), complete));
            }
            assert_eq!(made, whole);
        }
    }

    #[test]
    fn the_kind_is_one_byte_whatever_it_is() {
        let (mut buf, mut part) = ([0; 16], 0);
        let head = Head { kind: 200, fields: &[] };
        let mut page = Window::new(&mut buf, 0);
        assert!(put(&mut page, &head, &mut part, &|window| window.bytes(&[0; 5])));
        assert!(put_request(&mut page, &head));
        let len = page.kept();
        assert!(Records::new(&buf[..len]).eq([Record::Unknown { kind: 200 }; 2]));
    }

    #[test]
    fn what_does_not_fit_is_not_there() {
        let head = Head { kind: kind::LABEL, fields: &[1, 2, 3] };
        for room in 0..20 {
            let (mut buf, mut part) = ([0; 20], 0);
            let mut page = Window::new(&mut buf[..room], 0);
            // Seven bytes in front of the string, five without one.
            let complete = put(&mut page, &head, &mut part, &|window| window.bytes(&[9; 4]));
            let len = if room < 8 { 0 } else { room.min(11) };
            assert_eq!((complete, page.kept(), usize::from(part)), (room >= 11, len, len.saturating_sub(7)));
            page.cut(0);
            assert_eq!(
                (put_request(&mut page, &head), page.kept()),
                (room >= 5, if room < 5 { 0 } else { 5 })
            );
        }
    }
}
