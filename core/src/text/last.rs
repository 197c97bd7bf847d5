//! How a host ends a line whose value is a whole number, or a decimal of few digits: most values, for which it has the
//! memory for a way of their own.

use super::Out;
use crate::model::Scale;

/// Most digits of a `u64`.
const DIGITS: usize = 20;
/// A space, as many digits, a line feed, and what makes it a size that is copied in few steps.
const PIECE: usize = 24;

/// What has at most eight digits is below this.
const EIGHT: u64 = 100_000_000;

/// Writes a space, `n` and a line feed.
#[inline]
pub(super) fn whole(out: &mut Out<'_>, n: u64) {
    if n >= EIGHT {
        return long(out, n);
    }
    let (digits, used) = short(n as u32);
    let used = used as usize;
    if let Some(room) = out.room::<10>() {
        let [space, place @ .., _] = room;
        (*space, *place) = (b' ', digits.to_le_bytes());
        if let Some(end) = room.get_mut(used + 1) {
            *end = b'\n';
        }
        out.advance(used + 2);
    } else {
        out.byte(b' ');
        out.bytes(digits.to_le_bytes().get(..used).unwrap_or_default());
        out.byte(b'\n');
    }
}

/// Writes a space, a decimal and a line feed; returns whether it could: no more than eight digits may stand on either
/// side of the point.
pub(super) fn decimal(out: &mut Out<'_>, negative: bool, n: u64, scale: Scale) -> bool {
    let behind = u32::from(scale.exponent().unsigned_abs());
    if scale.exponent() >= 0 || behind > 8 {
        return false;
    }
    let one = 10u64.pow(behind);
    let (whole, part) = (n / one, n % one);
    if whole >= EIGHT {
        return false;
    }
    let (digits, used) = short(whole as u32);
    let (sign, signs) = if negative { (u128::from(b'-'), 1) } else { (0, 0) };
    let text = u128::from(b' ') | sign << 8 | u128::from(digits) << (8 * (1 + signs));
    out.first_of(&text.to_le_bytes(), (1 + signs + used) as usize);
    // Those behind the point, without zeros at the end.
    let digits = eight(part as u32) >> (8 * (8 - behind));
    let used = (64 - digits.leading_zeros()).div_ceil(8);
    if used == 0 {
        out.byte(b'\n');
    } else {
        let digits = (digits | ZEROS) & (u64::MAX >> (64 - 8 * used));
        let text = u128::from(b'.') | u128::from(digits) << 8 | u128::from(b'\n') << (8 * (used + 1));
        out.first_of(&text.to_le_bytes(), used as usize + 2);
    }
    true
}

/// Eight characters 0.
const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

/// The digits of a number below [`EIGHT`] as text, the first in the lowest byte and none behind the last, and how many
/// there are.
#[inline]
fn short(n: u32) -> (u64, u32) {
    let digits = eight(n);
    // The last one is shown even if it is zero.
    let skipped = (digits | 1 << 56).trailing_zeros() / 8;
    ((digits | ZEROS) >> (8 * skipped), 8 - skipped)
}

/// The eight digits of a number below [`EIGHT`], the first in the lowest byte: halves, their halves and theirs side by
/// side in one word (P. Khuong, "How to print integers really fast", 2017).
#[inline]
const fn eight(n: u32) -> u64 {
    let fours = (n / 10_000) as u64 | ((n % 10_000) as u64) << 32;
    // Divides by 100 up to 9 999.
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let twos = hundreds | (fours - hundreds * 100) << 16;
    // Divides by 10 up to 99.
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | (twos - tens * 10) << 8
}

/// Writes a space, a number of any length and a line feed.
#[inline(never)]
fn long(out: &mut Out<'_>, n: u64) {
    // Any part of it can be copied as a piece of one size.
    let mut text = [b'\n'; 1 + DIGITS + PIECE];
    let Some((space_and_digits, _)) = text.split_first_chunk_mut::<{ 1 + DIGITS }>() else { return };
    let Some(digits) = space_and_digits.last_chunk_mut() else { return };
    let used = put(digits, n);
    let start = DIGITS.saturating_sub(used);
    if let Some(space) = space_and_digits.get_mut(start) {
        *space = b' ';
    }
    if let Some(piece) = text.get(start..).and_then(|text| text.first_chunk::<PIECE>()) {
        out.first_of(piece, used.saturating_add(2));
    }
}

/// Puts the digits of `n` at the end of `text`, two at a time, as a 64-bit core divides by a constant in one
/// multiplication. Returns how many there are.
#[inline]
fn put(text: &mut [u8; DIGITS], mut n: u64) -> usize {
    let mut used = 0;
    let (pairs, _) = text.as_chunks_mut::<2>();
    for pair in pairs.iter_mut().rev() {
        let two = (n % 100) as u8;
        *pair = [b'0' + two / 10, b'0' + two % 10];
        if n < 100 {
            return used + if n < 10 { 1 } else { 2 };
        }
        n /= 100;
        used += 2;
    }
    used
}

#[cfg(test)]
mod tests {
    use super::super::number;
    use super::*;

    #[test]
    fn decimals_are_those_of_every_target() {
        let lengths = (0..20).map(|digits| 10u64.pow(digits));
        let edges = [0, 5, 120, 21_500, 12_345_678, 1_234_567_800, 9_999_999_999_999_999, u64::MAX];
        for n in lengths.chain(edges).flat_map(|n| [n.saturating_sub(1), n, n.saturating_add(1)]) {
            for (exponent, negative) in (-12..3).flat_map(|exponent| [(exponent, false), (exponent, true)]) {
                let scale = Scale::new(exponent);
                let (mut buf, mut slow) = ([0; 64], [0; 64]);
                let (mut out, mut want) = (Out::new(&mut buf), Out::new(&mut slow));
                want.str(if negative { " -" } else { " " });
                number::decimal(&mut want, n, scale);
                want.byte(b'\n');
                let can =
                    (-8..0).contains(&exponent) && n / 10u64.pow(exponent.unsigned_abs().into()) < EIGHT;
                assert_eq!(decimal(&mut out, negative, n, scale), can, "{n} {exponent}");
                assert_eq!(out.written(), if can { want.written() } else { b"" });
                // In a room that is exactly as long, and in one that is too small.
                let len = want.len();
                let mut out = Out::new(buf.get_mut(..len).unwrap());
                assert!(!can || decimal(&mut out, negative, n, scale) && !out.is_full());
                assert!(!can || out.written() == want.written());
                let mut out = Out::new(buf.get_mut(1..len).unwrap());
                assert!(!can || decimal(&mut out, negative, n, scale) && out.is_full() && out.len() == len);
            }
        }
    }

    #[test]
    fn any_number_is_written_with_room_behind_it_and_with_none() {
        let lengths = (0..20).map(|digits| 10u64.pow(digits));
        let edges = [0, 655_350_000, u64::from(u32::MAX), 1 << 32, 1 << 48, u64::MAX];
        for n in lengths.chain(edges).flat_map(|n| [n.saturating_sub(1), n]) {
            let want = std::format!(" {n}\n");
            for room in [want.len(), want.len() + 1, 64] {
                let mut buf = std::vec![0; room];
                let mut out = Out::new(&mut buf);
                whole(&mut out, n);
                assert!(!out.is_full());
                assert_eq!(out.written(), want.as_bytes());
            }
            let mut buf = std::vec![0; want.len() - 1];
            let mut out = Out::new(&mut buf);
            whole(&mut out, n);
            assert!(out.is_full() && out.len() == want.len());
        }
    }
}
