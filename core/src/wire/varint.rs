//! Variable-length integers (LEB128), the same in constant evaluation and at run time.

/// Longest varint, in bytes.
pub const MAX_VARINT: usize = 10;

/// How many bytes `n` takes.
#[inline(never)]
pub const fn varint_len(mut n: u64) -> usize {
    let mut len = 1;
    while n >= 0x80 {
        n >>= 7;
        len += 1;
    }
    len
}

/// Writes `n` to the front of `buf` and returns how many bytes it took; `None` if it does not fit, and `buf` holds
/// nothing of use then.
///
/// ```
/// use narthex::wire::put_varint;
/// let mut buf = [0; 4];
/// assert_eq!(put_varint(&mut buf, 300), Some(2));
/// assert_eq!(buf[..2], [0xac, 0x02]);
/// assert_eq!(put_varint(&mut buf[..1], 300), None);
/// ```
#[inline(never)] // A device calls it from five places, and has flash for one.
pub const fn put_varint(buf: &mut [u8], mut n: u64) -> Option<usize> {
    let (mut rest, mut len) = (buf, 1);
    while let [byte, tail @ ..] = rest {
        if n < 0x80 {
            *byte = n as u8;
            return Some(len);
        }
        *byte = n as u8 | 0x80;
        n >>= 7;
        len += 1;
        rest = tail;
    }
    None
}

/// Takes a varint off the front of `bytes`; `None`, with `bytes` as they were, if it is cut off or holds more than
/// a `u64`.
///
/// ```
/// use narthex::wire::take_varint;
/// let mut bytes: &[u8] = &[0xac, 0x02, 0x07];
/// assert_eq!(take_varint(&mut bytes), Some(300));
/// assert_eq!(bytes, [0x07]);
/// assert_eq!(take_varint(&mut &[0x80][..]), None);
/// ```
#[cfg_attr(target_pointer_width = "64", inline)] // A device has flash for one.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
pub fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let (mut n, mut shift, mut rest) = (0u64, 0u32, *bytes);
    while let [byte, tail @ ..] = rest {
        let bits = u64::from(byte & 0x7f);
        // The tenth byte holds the last bit only.
        if shift == 63 && bits > 1 {
            break;
        }
        n |= bits << shift;
        if *byte < 0x80 {
            *bytes = tail;
            return Some(n);
        }
        (rest, shift) = (tail, shift + 7);
        if shift > 63 {
            break;
        }
    }
    None
}

/// Takes all varints of `bytes`, and hands them to `each` one by one. `None` if the last is cut off, or one holds more
/// than a `u64`; some may have been handed on by then.
///
/// For hosts: much faster than one [`take_varint`] after another, as lengths that nobody can foresee are no branches.
///
/// ```
/// let mut sum = 0;
/// assert_eq!(narthex::wire::take_varints(&[0xac, 0x02, 0x07], |n| sum += n), Some(()));
/// assert_eq!(sum, 307);
/// ```
#[inline]
pub fn take_varints(bytes: &[u8], mut each: impl FnMut(u64)) -> Option<()> {
    // The top bits of eight bytes: a number ends where one is clear.
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let mut rest = bytes;
    while let Some(eight) = rest.first_chunk() {
        let eight = u64::from_le_bytes(*eight);
        let (mut ends, mut begin) = (!eight & TOPS, 0);
        if ends == 0 {
            each(take_varint(&mut rest)?);
            continue;
        }
        while ends != 0 {
            let end = ends.trailing_zeros() + 1;
            each(join(eight << (u64::BITS - end) >> (u64::BITS - end + begin)));
            (begin, ends) = (end, ends & (ends - 1));
        }
        rest = rest.get(begin as usize / 8..)?;
    }
    while !rest.is_empty() {
        each(take_varint(&mut rest)?);
    }
    Some(())
}

/// Puts the seven low bits of each byte side by side: pairs of bytes, then pairs of these, then both halves.
const fn join(n: u64) -> u64 {
    let n = (n & 0x007f_007f_007f_007f) | ((n & 0x7f00_7f00_7f00_7f00) >> 1);
    let n = (n & 0x0000_3fff_0000_3fff) | ((n & 0x3fff_0000_3fff_0000) >> 2);
    (n & 0x0fff_ffff) | ((n & 0x0fff_ffff_0000_0000) >> 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn every_length_makes_the_round_trip() {
        for n in (0..64).flat_map(|bit| [(1u64 << bit) - 1, 1 << bit, (1 << bit) + 1]).chain([u64::MAX]) {
            let mut buf = [0xaa; MAX_VARINT];
            let len = put_varint(&mut buf, n).unwrap();
            assert_eq!(len, varint_len(n));
            let mut bytes = &buf[..len];
            assert_eq!(take_varint(&mut bytes), Some(n));
            assert!(bytes.is_empty());
            assert_eq!(put_varint(&mut buf[..len - 1], n), None);
            assert_eq!(take_varint(&mut &buf[..len - 1]), None);
        }
    }

    #[test]
    fn all_at_once_are_the_same_as_one_by_one() {
        let mut random = 1u64;
        for round in 0..4000 {
            let mut bytes = [0; 100];
            let len = round % bytes.len();
            for byte in &mut bytes[..len] {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // Numbers of all lengths, too long ones among them.
                let goes_on = (random >> 40) & 15 < (round as u64 / 100) & 15;
                *byte = (random >> 56) as u8 | if goes_on { 0x80 } else { 0 };
            }
            let mut rest = &bytes[..len];
            let (mut one_by_one, mut at_once) = (Vec::new(), Vec::new());
            while let Some(n) = take_varint(&mut rest) {
                one_by_one.push(n);
            }
            let whole = take_varints(&bytes[..len], |n| at_once.push(n));
            assert_eq!((at_once, whole.is_some()), (one_by_one, rest.is_empty()), "{:x?}", &bytes[..len]);
        }
    }

    #[test]
    fn more_than_64_bits_are_refused() {
        assert_eq!(take_varint(&mut &[0xff; 10][..]), None);
        let mut bytes: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(take_varint(&mut bytes), Some(u64::MAX));
        let mut bytes: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(take_varint(&mut bytes), None);
    }
}
