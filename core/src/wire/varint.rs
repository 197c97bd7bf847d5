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
#[inline]
pub fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let (mut n, mut rest) = (0u64, *bytes);
    for shift in (0..70).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        rest = tail;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte holds the last bit only.
        if shift == 63 && bits > 1 {
            return None;
        }
        n |= bits << shift;
        if byte & 0x80 == 0 {
            *bytes = rest;
            return Some(n);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn more_than_64_bits_are_refused() {
        assert_eq!(take_varint(&mut &[0xff; 10][..]), None);
        let mut bytes: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(take_varint(&mut bytes), Some(u64::MAX));
        let mut bytes: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(take_varint(&mut bytes), None);
    }
}
