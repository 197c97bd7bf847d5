//! What a host asks of a device.

use super::Window;
use super::bytes::{take_byte, take_len};
use super::record::{Head, kind, put_request};

/// A request to a device that reads them ([`Hello::READS_REQUESTS`](super::Hello::READS_REQUESTS)).
///
/// ```
/// use narthex::frame::{self, Header, Kind, MIN_FRAME};
/// use narthex::wire::Request;
/// // Requests go in frames of the smallest size: a device has no room for more.
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

    /// Takes the next record off the front of a payload of requests: what it asks for, or nothing if its kind is not
    /// known. `None` at the end, and when what is there is malformed.
    pub fn take(payload: &mut &[u8]) -> Option<Option<Self>> {
        let number = take_byte(payload).ok()?;
        let len = take_len(payload).ok()?;
        let (mut body, rest) = payload.split_at_checked(len)?;
        *payload = rest;
        let mut field = || take_len(&mut body).ok();
        Some(Some(match number {
            kind::HELLO_REQUEST => Self::Hello,
            kind::SNAPSHOT_REQUEST => Self::Snapshot,
            kind::SCHEMA_REQUEST => Self::Schema { family: field()? },
            kind::LABEL_REQUEST => Self::Labels { family: field()?, slot: field()? },
            _ => return Some(None),
        }))
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
        let mut rest = &payload[..len];
        assert!(core::iter::from_fn(|| Request::take(&mut rest)).eq(all.map(Some)));
        assert_eq!(Request::take(&mut &[90, 1, 7, 65, 0][..]), Some(None));
        assert_eq!(Request::take(&mut &[66, 0][..]), None);
        assert_eq!(Request::put_all(&all, &mut payload[..5]), 2);
    }
}
