//! What goes back: heads and chunks.

use super::Status;
use super::request::Asked;
use crate::text::Out;

/// What no line of a page can begin with.
pub(super) const NO_LINE: u8 = b'!';

/// Of a chunk: four digits for its size and the end of their line in front, the end of its data behind.
const AROUND: (usize, usize) = (6, 2);
/// What four digits can tell.
const MAX_CHUNK: usize = 0xffff;

/// Writes the head of an answer.
pub(super) fn head(out: &mut Out<'_>, asked: Asked) {
    let page = asked.status == Status::Ok;
    out.str("HTTP/1.1 ");
    out.str(asked.status.line());
    if page {
        out.str("\r\nContent-Type: ");
        out.str(asked.format.content_type());
    }
    if asked.status == Status::MethodNotAllowed {
        out.str("\r\nAllow: GET, HEAD");
    }
    if !page {
        out.str("\r\nContent-Length: 0");
    } else if asked.chunked {
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
        let digit = |shift: u32| {
            let value = (len >> shift) as u8 & 15;
            value + if value < 10 { b'0' } else { b'a' - 10 }
        };
        *size = [digit(12), digit(8), digit(4), digit(0), b'\r', b'\n'];
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
