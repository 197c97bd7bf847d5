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

/// How many bytes are looked at together, for where numbers end; and how many may stand behind them, so that eight can
/// be read wherever a number begins.
const WINDOW: usize = 64;
const SLACK: usize = 8;
/// Of eight bytes, those of a number of one, of two, …
const BYTES: [u64; 8] = [
    0xff,
    0xffff,
    0x00ff_ffff,
    0xffff_ffff,
    0x00ff_ffff_ffff,
    0xffff_ffff_ffff,
    0x00ff_ffff_ffff_ffff,
    u64::MAX,
];

/// Takes the varints that the first `len` of `bytes` are to the front of `numbers`, and returns how many there are.
/// `None` if there are not so many bytes, the last varint is cut off, one holds more than a `u64`, or there is no room
/// for all; what is in `numbers` is of no use then.
///
/// For hosts: much faster than one [`take_varint`] after another, as lengths that nobody can foresee are no branches;
/// fastest where 72 bytes stand behind the last, whatever they are.
///
/// ```
/// use narthex::wire::take_varints;
/// let mut numbers = [0; 4];
/// assert_eq!(take_varints(&[0xac, 0x02, 0x07, 0xff], 3, &mut numbers), Some(2));
/// assert_eq!(numbers[..2], [300, 7]);
/// assert_eq!(take_varints(&[0xac, 0x02, 0x07, 0xff], 4, &mut numbers), None);
/// ```
pub fn take_varints(bytes: &[u8], len: usize, numbers: &mut [u64]) -> Option<usize> {
    let all = bytes.get(..len)?;
    let (mut at, mut count) = (0, 0);
    while at < len {
        let (mut copy, rest) = ([0; WINDOW + SLACK], bytes.get(at..)?);
        let window = rest.first_chunk().unwrap_or_else(|| {
            copy.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            &copy
        });
        let ends = ends(window) & (u64::MAX >> (WINDOW - (len - at).min(WINDOW)));
        let room = numbers.get_mut(count..)?;
        let (taken, more) = gather(window, ends, room);
        if more == 0 {
            // It is longer, or cut off.
            let mut rest = all.get(at..)?;
            *room.first_mut()? = take_varint(&mut rest)?;
            (at, count) = (len - rest.len(), count + 1);
        } else {
            (at, count) = (at + taken, count + more);
        }
    }
    Some(count)
}

/// Takes numbers of up to eight bytes each, whose last bytes are told by `ends`, until one is longer, or there is no
/// room. Returns how many bytes they have, and how many they are.
#[inline(never)] // So that registers are its own.
fn gather(window: &[u8; WINDOW + SLACK], mut ends: u64, numbers: &mut [u64]) -> (usize, usize) {
    let (mut begin, mut count) = (0, 0);
    for number in &mut *numbers {
        if ends == 0 {
            break;
        }
        let end = ends.trailing_zeros() as usize;
        let Some(mask) = BYTES.get(end.wrapping_sub(begin)) else { break };
        let Some(eight) = window.get(begin % WINDOW..).and_then(<[u8]>::first_chunk) else { break };
        *number = u64::from_le_bytes(*eight) & mask;
        ends &= ends - 1;
        (begin, count) = (end + 1, count + 1);
    }
    // The same few steps for all, so that compilers take several together.
    numbers.iter_mut().take(count).for_each(|number| *number = join(*number));
    (begin, count)
}

/// A bit for each byte with which a number ends.
fn ends(window: &[u8; WINDOW + SLACK]) -> u64 {
    // Moves the lowest bit of each byte to the highest byte, side by side.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let eights = window.as_chunks().0.iter().take(WINDOW / 8);
    eights.rev().fold(0, |ends, eight| {
        let last = (!u64::from_le_bytes(*eight) >> 7) & 0x0101_0101_0101_0101;
        (ends << 8) | (last.wrapping_mul(GATHER) >> 56)
    })
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
            let mut bytes = [0; 200];
            let len = round % bytes.len();
            for byte in &mut bytes[..len] {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // Numbers of all lengths, too long ones among them.
                let goes_on = (random >> 40) & 15 < (round as u64 / 100) & 15;
                *byte = (random >> 56) as u8 | if goes_on { 0x80 } else { 0 };
            }
            bytes[len..].fill(random as u8);
            let mut rest = &bytes[..len];
            let (mut one_by_one, mut at_once) = (Vec::new(), [0; 200]);
            while let Some(n) = take_varint(&mut rest) {
                one_by_one.push(n);
            }
            let whole = rest.is_empty().then_some(&*one_by_one);
            // With something behind it, and with nothing.
            let count = take_varints(&bytes, len, &mut at_once);
            assert_eq!(count.map(|count| &at_once[..count]), whole, "{:x?}", &bytes[..len]);
            let count = take_varints(&bytes[..len], len, &mut at_once);
            assert_eq!(count.map(|count| &at_once[..count]), whole, "{:x?}", &bytes[..len]);
            // Room for one less.
            if let Some(less) = one_by_one.len().checked_sub(1) {
                assert_eq!(take_varints(&bytes, len, &mut at_once[..less]), None);
            }
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
