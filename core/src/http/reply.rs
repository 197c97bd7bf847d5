//! What goes back: heads and chunks.

use super::Status;
use super::request::Asked;
use crate::text::Out;

/// What no line of a page can begin with.
pub(super) const NO_LINE: u8 = b'!';

/// Of a chunk: four digits for its size and the end of their line in front, the end of its data behind.
const AROUND: (usize, usize) = (6, 2);
/// For an answer without a body.
const NOTHING: &str = "\r\nContent-Length: 0";
/// What four digits can tell.
const MAX_CHUNK: usize = 0xffff;

/// Writes the head of an answer.
pub(super) fn head(out: &mut Out<'_>, asked: Asked) {
    out.str("HTTP/1.1 ");
    out.str(asked.status.line());
    let (field, value) = match asked.status {
        Status::Ok => ("\r\nContent-Type: ", asked.format.content_type()),
        Status::MethodNotAllowed => ("\r\nAllow: GET, HEAD", NOTHING),
        _ => ("", NOTHING),
    };
    out.str(field);
    out.str(value);
    if asked.status == Status::Ok && asked.chunked {
        out.str("\r\nTransfer-Encoding: chunked");
    }
    if asked.close {
        out.str("\r\nConnection: close");
    }
    out.str("\r\n\r\n");
}

/// What of `room` a chunk may have for its data.
pub(super) fn inside(room: &mut [u8]) -> &mut [u8] {
    let (front, behind) = AROUND;
    let end = room.len().saturating_sub(behind).min(front + MAX_CHUNK);
    room.get_mut(front..end).unwrap_or_default()
}

/// Makes a chunk of so many bytes, which are there. Returns its length.
pub(super) fn chunk(room: &mut [u8], len: usize) -> usize {
    let (front, behind) = AROUND;
    if let Some((size, rest)) = room.split_first_chunk_mut::<6>() {
        *size = *b"0000\r\n";
        let mut left = len;
        for digit in size.iter_mut().take(4).rev() {
            let value = (left & 15) as u8;
            *digit = value + if value < 10 { b'0' } else { b'a' - 10 };
            left >>= 4;
        }
        if let Some(end) = rest.get_mut(len..).and_then(<[u8]>::first_chunk_mut) {
            *end = *b"\r\n";
        }
    }
    len.saturating_add(front + behind)
}

/// Writes the chunk behind the last. Returns its length; 0 if there is no room for it.
pub(super) fn last_chunk(room: &mut [u8]) -> usize {
    room.first_chunk_mut().map_or(0, |place| {
        *place = *b"0\r\n\r\n";
        place.len()
    })
}
