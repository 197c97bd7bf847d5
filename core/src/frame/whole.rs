//! Frames that need not be put together: for a host, to which most come whole.

use super::decoder::{cut, open_body};
use super::{DELIMITER, Header, HeaderError, MAX_FRAME, cobs};

/// Opens the frame at the front of `input`, and delimiters in front of it, if it lies there to its end and has no more
/// than [`MAX_FRAME`] bytes. Returns its header, and how many bytes of payload stand in `room` behind those of the
/// header. What else is in `room` is of no use.
///
/// `None` leaves `input` as it was: what is there is for a [`Decoder`](super::Decoder), which tells what it is. So a host
/// with many devices needs one for none of which it has all that came; it must be
/// [in step](super::Decoder::is_in_step) before this is called.
///
/// ```
/// use narthex::frame::{self, HEADER_LEN, Header, Kind};
/// let mut buf = [0; 48];
/// frame::payload(&mut buf)[..2].copy_from_slice(b"hi");
/// let header = Header { kind: Kind::VALUES, boot: 0x5eed, schema: 0, sequence: 1, uptime: 0 };
/// let mut input = frame::seal(&mut buf, &header, 2);
/// let mut room = [0; 256];
/// assert_eq!(frame::open_whole(&mut input, &mut room), Some((Ok(header), 2)));
/// assert_eq!(room[HEADER_LEN..][..2], *b"hi");
/// assert!(input.is_empty());
/// ```
pub fn open_whole(input: &mut &[u8], room: &mut [u8]) -> Option<(Result<Header, HeaderError>, usize)> {
    let mut at = *input;
    while let [DELIMITER, rest @ ..] = at {
        at = rest;
    }
    let (piece, rest) = cut(at, MAX_FRAME)?;
    let len = cobs::decode(piece, room)?;
    let opened = open_body(room.get(..len)?)?;
    *input = rest;
    let payload = opened.map_or(0, |frame| frame.payload.len());
    Some((opened.map(|frame| frame.header), payload))
}
