//! COBS: bytes without zeros (S. Cheshire and M. Baker, "Consistent Overhead Byte Stuffing", 1999).

use super::DELIMITER;

/// Longest run of a code byte, which counts itself.
const MAX_CODE: u8 = 255;

fn put(buf: &mut [u8], at: usize, byte: u8) {
    if let Some(place) = buf.get_mut(at) {
        *place = byte;
    }
}

/// Moves `len` bytes at `from` towards the front, to `to`; `None` if there are not so many.
// On a device byte by byte: what compilers call for `copy_within` has 1600 bytes there.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub(crate) fn shift(buf: &mut [u8], from: usize, len: usize, to: usize) -> Option<()> {
    if cfg!(target_pointer_width = "64") {
        // All that `copy_within` would panic for.
        let last = buf.len().checked_sub(len)?;
        if from > last || to > last {
            return None;
        }
        buf.copy_within(from..from + len, to);
        return Some(());
    }
    for n in 0..len {
        let byte = buf.get(from.wrapping_add(n)).copied()?;
        put(buf, to.wrapping_add(n), byte);
    }
    Some(())
}

/// Encodes the body at `start..end` of `buf` to the front of `buf`, with a delimiter behind it. Returns the length.
///
/// The output never overtakes the input, because `start` is at least the number of bytes COBS adds.
pub(super) fn encode_in_place(buf: &mut [u8], start: usize, end: usize) -> usize {
    // A zero behind the body ends its last run, and the code of the next, which is none, is the delimiter.
    put(buf, end, DELIMITER);
    let (mut code_at, mut out, mut code) = (0, 1, 1u8);
    for at in start..end.wrapping_add(1) {
        let byte = buf.get(at).copied().unwrap_or(DELIMITER);
        if byte != DELIMITER {
            put(buf, out, byte);
            out += 1;
            code += 1;
        }
        if byte == DELIMITER || (code == MAX_CODE && at + 1 < end) {
            put(buf, code_at, code);
            code_at = out;
            out += 1;
            code = 1;
        }
    }
    put(buf, code_at, DELIMITER);
    out
}

/// Decodes `buf`, a frame without its delimiter, in place. Returns the length of the body; `None` if it is not COBS.
pub(super) fn decode_in_place(buf: &mut [u8]) -> Option<usize> {
    let (mut at, mut out) = (0, 0);
    while let Some(code) = buf.get(at).copied() {
        let run = usize::from(code).checked_sub(1)?;
        let from = at + 1;
        // The source is ahead of the place it goes to, so this moves towards the front.
        shift(buf, from, run, out)?;
        at = from + run;
        out += run;
        if code < MAX_CODE && at < buf.len() {
            put(buf, out, 0);
            out += 1;
        }
    }
    Some(out)
}

/// Decodes `piece`, a frame without its delimiter, into the front of `body`. Returns the length; `None` if it is not
/// COBS, or does not fit.
pub(super) fn decode(piece: &[u8], body: &mut [u8]) -> Option<usize> {
    let (mut at, mut out) = (0, 0);
    // One round, but for runs of the longest: no zero stands behind them, and what follows moves up.
    loop {
        let (code, rest) = piece.get(at..)?.split_first()?;
        let place = body.get_mut(out..)?.get_mut(..rest.len())?;
        // All but the zeros, each of which stood for the code of the run behind it.
        place.copy_from_slice(rest);
        let (mut code, mut next) = (*code, usize::from(*code));
        while code != MAX_CODE
            && let Some(zero) = next.checked_sub(1).and_then(|before| place.get_mut(before))
        {
            code = core::mem::take(zero);
            if code == DELIMITER {
                return None;
            }
            next += usize::from(code);
        }
        if next == rest.len() + 1 {
            return Some(out + rest.len());
        }
        if next > rest.len() || code != MAX_CODE {
            return None;
        }
        (at, out) = (at + next, out + next - 1);
    }
}

/// The bytes of the body of `piece`, a frame without its delimiter; `None` if it is not COBS.
pub(super) fn decoded(piece: &[u8]) -> Option<impl Iterator<Item = u8>> {
    let mut at = 0;
    while let Some(code) = piece.get(at) {
        // A code of zero cannot be: the delimiter is not in the piece.
        at += usize::from(*code).max(1);
    }
    let mut next_code = 0;
    let mut code = MAX_CODE;
    (at == piece.len()).then(|| {
        piece.iter().enumerate().filter_map(move |(i, byte)| {
            if i != next_code {
                return Some(*byte);
            }
            let zero = code < MAX_CODE;
            (next_code, code) = (i + usize::from(*byte).max(1), *byte);
            zero.then_some(DELIMITER)
        })
    })
}
