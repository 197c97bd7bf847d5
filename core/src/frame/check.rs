//! The check at the end of a frame.

/// Remainders of every four-bit value: 64 bytes of flash instead of 1 KiB, two steps a byte.
const TABLE: [u32; 16] = {
    let mut table = [0; 16];
    let mut i = 0;
    while i < 16 {
        let (mut remainder, mut bit) = (i as u32, 0);
        while bit < 4 {
            // The reflected polynomial of CRC-32/ISO-HDLC.
            remainder = if remainder & 1 == 1 { 0xedb8_8320 ^ (remainder >> 1) } else { remainder >> 1 };
            bit += 1;
        }
        #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            table[i] = remainder;
        }
        i += 1;
    }
    table
};

/// CRC-32 (ISO-HDLC, the one of Ethernet and zip) of `bytes`.
///
/// ```
/// assert_eq!(narthex::frame::crc32(b"123456789".iter().copied()), 0xcbf4_3926);
/// ```
pub fn crc32(bytes: impl Iterator<Item = u8>) -> u32 {
    !bytes.fold(u32::MAX, step)
}

/// Goes on with one byte: begins with all ones, and ends with the complement.
#[inline]
pub(super) fn step(crc: u32, byte: u8) -> u32 {
    let half = |crc: u32| (crc >> 4) ^ TABLE.get((crc & 15) as usize).copied().unwrap_or_default();
    half(half(crc ^ u32::from(byte)))
}

/// The same of bytes that lie side by side.
pub(super) fn crc32_of(bytes: &[u8]) -> u32 {
    #[cfg(feature = "fast-check")]
    return crc32fast::hash(bytes);
    #[cfg(not(feature = "fast-check"))]
    crc32(bytes.iter().copied())
}

#[cfg(all(test, feature = "fast-check"))]
mod tests {
    use super::*;

    #[test]
    fn the_fast_check_is_the_same() {
        let bytes: [u8; 2048] = core::array::from_fn(|n| (n * 7 + n / 256) as u8);
        for len in 0..bytes.len() {
            let bytes = &bytes[..len];
            assert_eq!(crc32_of(bytes), crc32(bytes.iter().copied()), "{len}");
        }
    }
}
