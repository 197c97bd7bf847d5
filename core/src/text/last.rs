//! How a host ends a line whose value is a whole number: most values, for which it has the memory for a way of their
//! own.

use super::Out;

/// Most digits of a `u64`.
const DIGITS: usize = 20;
/// A space, as many digits, a line feed, and what makes it a size that is copied in few steps.
const PIECE: usize = 24;

/// Writes a space, `n` and a line feed.
#[inline]
pub(super) fn whole(out: &mut Out<'_>, n: u64) {
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
    use super::*;

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
