//! The envelope: delimiting, version, boot id, sequence, check. It knows bytes, not records.
//!
//! # Format
//! All integers are little-endian. On the link, a frame is a body, encoded with COBS so that it holds no zero byte,
//! and the delimiter `00`. Bytes between frames are allowed (log lines on a shared UART): whoever writes them, or
//! writes a frame after them, puts a delimiter in between. Nothing between two delimiters is nothing. A receiver that
//! joins in the middle is in step after the next delimiter. What ends at a delimiter and is no frame is foreign if it
//! is text, or if it came before the first delimiter and so may be the end of a frame; else it is corrupt.
//!
//! ```text
//! link  = { [foreign bytes 00] COBS(body) 00 }
//! body  = header(15) payload(0..) check(4)
//! ```
//!
//! | offset | size | field |
//! |---:|---:|---|
//! | 0 | 1 | version (bits 7–6, this is version 1), keyed (bit 5), numbered (bit 4), kind (bits 3–0) |
//! | 1 | 4 | boot id: differs from boot to boot, 0 if the device cannot tell |
//! | 5 | 4 | schema hash ([`wire::schema`](crate::wire::schema)) |
//! | 9 | 2 | sequence: counts every frame this side has sent in this boot, of whatever kind, modulo 2^16 |
//! | 11 | 4 | uptime in tenths of a second; the same in all frames of a snapshot, greater in each next snapshot |
//! | 15 | … | payload; what it means is told by the kind, to [`wire`](crate::wire) |
//! | end | 4 | CRC-32 (ISO-HDLC: polynomial 04C11DB7 reflected, initial and final FFFFFFFF) over header and payload |
//!
//! *Keyed* is reserved for a message authentication code in place of the CRC, *numbered* for a short device number
//! after the header on shared buses. A receiver that does not know a set bit refuses the frame and counts it. It
//! refuses another version by name. Kinds are [`Kind`]; an unknown one is skipped and counted.
//!
//! A device has booted anew when the boot id differs from that of the frame before, or when the uptime is below it,
//! by more than 10 s or in a frame that is newer by its sequence; or when a frame that is not newer, and whose number
//! is none that is missing, has the number after that of the last such frame and a later time: then a device that
//! cannot tell its boots apart counts anew. All that was known of its values and labels is void; a schema that was
//! proved by its hash holds on.
//!
//! A sequence is newer if it is ahead of the newest by less than half a turn. Within a boot a frame of a greater uptime
//! is newer whatever its sequence, which may have gone round; among the others, one whose sequence was seen already, or
//! is older than the newest by less than half a turn, is discarded whole, so that no value goes back. A number that is
//! missing is lost once a frame has come of the second snapshot behind it, or 64 numbers later; what comes before that
//! is late, and not lost. When the schema hash changes within a boot, values and labels are void as well. All this
//! compares frames of the device; a capture may hold requests, too, which have numbers of their own.
//!
//! [COBS](https://doi.org/10.1109/90.769765): the body is cut at its zero bytes; each piece of up to 254 bytes is
//! preceded by its length + 1, and the zeros are left out; a piece of exactly 254 bytes has no zero behind it, and
//! needs no empty piece behind it if the body ends there. `11 00 22` becomes `02 11 02 22`. The example of the check:
//! CRC-32 of `"123456789"` is `CBF43926`, sent as `26 39 f4 cb`.
//!
//! Sizes: a frame takes [`overhead`] bytes more than its payload, and is at least [`MIN_FRAME`] bytes' worth of
//! buffer, so any link that carries 48 bytes carries narthex. A receiver takes frames of up to [`MAX_FRAME`] bytes.

mod check;
mod cobs;
mod decoder;
mod header;
mod log;
mod stream;
mod whole;

pub use check::crc32;
pub(crate) use cobs::shift;
pub use decoder::{Decoder, Event, Frame, open};
pub use header::{Header, HeaderError, Kind};
pub(crate) use stream::{Step, Stream};
pub use whole::open_whole;

/// The byte that ends a frame and stands nowhere inside one.
pub const DELIMITER: u8 = 0;
/// Bytes of a header.
pub const HEADER_LEN: usize = 15;
/// Bytes of the check.
pub const CHECK_LEN: usize = 4;
/// The smallest buffer for one frame, in bytes, delimiter included.
pub const MIN_FRAME: usize = 48;
/// The largest frame a receiver must accept, in bytes, delimiter included.
pub const MAX_FRAME: usize = 2048;

/// Bytes that COBS adds to a body of at most `len` bytes.
const fn stuffing(len: usize) -> usize {
    1 + len / 254
}

/// How many bytes longer than its payload a frame is at most, in a buffer of `buffer` bytes.
pub const fn overhead(buffer: usize) -> usize {
    HEADER_LEN + CHECK_LEN + stuffing(buffer) + 1
}

/// The part of `buf` where the payload of a frame goes before [`seal`]. Empty when `buf` is shorter than
/// [`MIN_FRAME`].
pub fn payload(buf: &mut [u8]) -> &mut [u8] {
    let len = buf.len();
    if len < MIN_FRAME {
        return &mut [];
    }
    let start = stuffing(len) + HEADER_LEN;
    buf.get_mut(start..len - CHECK_LEN - 1).unwrap_or(&mut [])
}

/// Makes a frame out of `len` bytes that were written to [`payload`] of the same `buf`, or of all that fit there.
/// Returns the whole frame, delimiter included.
pub fn seal<'a>(buf: &'a mut [u8], header: &Header, len: usize) -> &'a [u8] {
    let len = len.min(payload(buf).len());
    let gap = stuffing(buf.len());
    let end = gap + HEADER_LEN + len;
    if let Some(place) = buf.get_mut(gap..gap + HEADER_LEN) {
        place.copy_from_slice(&header.to_bytes());
    }
    let check = crc32(buf.get(gap..end).unwrap_or_default().iter().copied());
    if let Some(place) = buf.get_mut(end..end + CHECK_LEN) {
        place.copy_from_slice(&check.to_le_bytes());
    }
    let len = cobs::encode_in_place(buf, gap, end + CHECK_LEN);
    buf.get(..len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    fn header(sequence: u16) -> Header {
        Header { kind: Kind::VALUES, boot: 0x0102_0304, schema: 0xa0b0_c0d0, sequence, uptime: 600 }
    }

    fn sealed(payload_bytes: &[u8], size: usize) -> Vec<u8> {
        let mut buf = vec![0xaa; size];
        payload(&mut buf)[..payload_bytes.len()].copy_from_slice(payload_bytes);
        seal(&mut buf, &header(7), payload_bytes.len()).to_vec()
    }

    fn frames(mut input: &[u8]) -> Vec<Vec<u8>> {
        let mut decoder = Decoder::<MAX_FRAME>::new();
        let mut seen = Vec::new();
        while let Some(event) = decoder.feed(&mut input) {
            match event {
                Event::Frame(frame) => {
                    assert_eq!(frame.header, header(7));
                    seen.push(frame.payload.to_vec());
                }
                other => panic!("{other:?}"),
            }
        }
        seen
    }

    #[test]
    fn what_is_sealed_is_opened() {
        for len in [0, 1, 27, 233, 234, 235, 236, 253, 254, 255, 489, 490, 491, 1000, 2000] {
            for fill in [0u8, 1, 0xff] {
                let payload_bytes: Vec<u8> = (0..len).map(|i| if i % 7 == 3 { 0 } else { fill }).collect();
                let frame = sealed(&payload_bytes, (len + overhead(len + 40)).max(MIN_FRAME));
                assert!(frame.len() <= len + overhead(frame.len()));
                assert_eq!(frame.iter().position(|byte| *byte == DELIMITER), Some(frame.len() - 1));
                assert_eq!(frames(&frame), [payload_bytes]);
            }
        }
    }

    #[test]
    fn a_frame_of_exactly_the_buffer_fits() {
        for size in [MIN_FRAME, 64, 255, 300, 600, MAX_FRAME] {
            let mut buf = vec![0; size];
            let room = payload(&mut buf);
            let len = room.len();
            room.fill(0xff);
            let frame = seal(&mut buf, &header(7), len).to_vec();
            assert!(frame.len() <= size, "{} in {size}", frame.len());
            assert_eq!(frames(&frame), [vec![0xff; len]]);
        }
    }

    #[test]
    fn the_heartbeat_has_44_bytes() {
        // 23 bytes of values: the 13 metrics of a Bluetooth heartbeat.
        assert_eq!(sealed(&[1; 23], 64).len(), 44);
    }

    #[test]
    fn a_buffer_too_small_holds_nothing() {
        assert!(payload(&mut [0; MIN_FRAME - 1]).is_empty());
        assert!(!payload(&mut [0; MIN_FRAME]).is_empty());
    }
}
