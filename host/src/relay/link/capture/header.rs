//! The header of an entry, and the check that finds it.

const MARKER: [u8; 2] = [0xF1, 0xA7];
/// Bytes of a header that the check covers.
const COVERED: usize = 15;
/// Length of a header.
pub(super) const HEADER: usize = COVERED + 4;

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Start = 1,
    Open = 2,
    Bytes = 3,
    Close = 4,
}

/// What stands before a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) length: u16,
    pub(super) connection: u32,
    pub(super) time_ms: u64,
}

impl Header {
    pub(super) fn write(&self, key: [u8; 4], into: &mut Vec<u8>) {
        let mut covered = [0; COVERED];
        let [length0, length1] = self.length.to_le_bytes();
        let [n0, n1, n2, n3] = self.connection.to_le_bytes();
        let [t0, t1, t2, t3, t4, t5, ..] = self.time_ms.to_le_bytes();
        covered.copy_from_slice(&[
            MARKER[0],
            MARKER[1],
            self.kind as u8,
            length0,
            length1,
            n0,
            n1,
            n2,
            n3,
            t0,
            t1,
            t2,
            t3,
            t4,
            t5,
        ]);
        into.extend_from_slice(&covered);
        into.extend_from_slice(&(crc(&covered) ^ u32::from_le_bytes(key)).to_le_bytes());
    }

    /// Reads the header that `bytes` begin with. It must be right.
    pub(super) fn read(bytes: &[u8], key: [u8; 4]) -> Option<Self> {
        if !bytes.starts_with(&MARKER) {
            return None;
        }
        let (covered, rest) = bytes.split_first_chunk::<COVERED>()?;
        let check = rest.first_chunk::<4>()?;
        (difference(covered, *check, key) == 0).then(|| Self::of(covered))?
    }

    /// Reads the header that `bytes` begin with where there must be one. One byte of it may be wrong, and is put
    /// right.
    pub(super) fn repair(bytes: &[u8], key: [u8; 4]) -> Option<Self> {
        let (covered, rest) = bytes.split_first_chunk::<COVERED>()?;
        let difference = difference(covered, *rest.first_chunk::<4>()?, key);
        // What one wrong byte of the check itself makes of it.
        if difference.to_le_bytes().iter().filter(|byte| **byte != 0).count() <= 1 {
            return Self::of(covered);
        }
        let mut covered = *covered;
        for (byte, traces) in covered.iter_mut().zip(&TRACES) {
            if let Some(error) =
                (0..=255).zip(traces).find_map(|(e, trace)| (*trace == difference).then_some(e))
            {
                *byte ^= error;
                return Self::of(&covered);
            }
        }
        None
    }

    fn of(covered: &[u8; COVERED]) -> Option<Self> {
        let [m0, m1, kind, l0, l1, n0, n1, n2, n3, t0, t1, t2, t3, t4, t5] = *covered;
        let kind = match kind {
            1 => Kind::Start,
            2 => Kind::Open,
            3 => Kind::Bytes,
            4 => Kind::Close,
            _ => return None,
        };
        ([m0, m1] == MARKER).then_some(Self {
            kind,
            length: u16::from_le_bytes([l0, l1]),
            connection: u32::from_le_bytes([n0, n1, n2, n3]),
            time_ms: u64::from_le_bytes([t0, t1, t2, t3, t4, t5, 0, 0]),
        })
    }
}

/// 0 for a header that is right; else what its wrong bytes make of the check.
fn difference(covered: &[u8; COVERED], check: [u8; 4], key: [u8; 4]) -> u32 {
    crc(covered) ^ u32::from_le_bytes(key) ^ u32::from_le_bytes(check)
}

/// CRC-32 as in ISO 3309 (zlib, PNG): polynomial 0x04C11DB7, reflected.
pub(super) fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| (crc >> 8) ^ step(crc as u8 ^ *byte))
}

/// What one byte adds.
const fn step(byte: u8) -> u32 {
    let mut crc = byte as u32;
    let mut bit = 0;
    while bit < 8 {
        crc = (crc >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(crc & 1));
        bit += 1;
    }
    crc
}

/// By place and by error: what one wrong byte among those covered makes of the check. The check is linear, so this is
/// the same whatever the other bytes are.
static TRACES: [[u32; 256]; COVERED] = traces();

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn traces() -> [[u32; 256]; COVERED] {
    let mut traces = [[0; 256]; COVERED];
    let mut error = 0;
    while error < 256 {
        let mut trace = step(error as u8);
        let mut place = COVERED;
        while place > 0 {
            place -= 1;
            traces[place][error] = trace;
            // One byte further from the end.
            trace = (trace >> 8) ^ step(trace as u8);
        }
        error += 1;
    }
    traces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_one_wrong_byte_is_put_right() {
        assert_eq!(crc(b"123456789"), 0xCBF4_3926);
        let key = [1, 2, 3, 4];
        let header = Header { kind: Kind::Bytes, length: 999, connection: 7, time_ms: 0x1234_5678_9ABC };
        let mut bytes = Vec::new();
        header.write(key, &mut bytes);
        assert_eq!((bytes.len(), Header::read(&bytes, key)), (HEADER, Some(header)));
        assert_eq!(Header::read(&bytes, [1, 2, 3, 5]), None);
        for at in 0..HEADER {
            for error in 1..=255 {
                let mut wrong = bytes.clone();
                wrong[at] ^= error;
                assert_eq!(Header::read(&wrong, key), None);
                assert_eq!(Header::repair(&wrong, key), Some(header), "{at} {error}");
                let other = (at + 5) % HEADER;
                wrong[other] ^= error.rotate_left(3);
                assert_eq!(Header::repair(&wrong, key), None, "{at} {other} {error}");
            }
        }
        assert_eq!(Header::repair(&bytes[..HEADER - 1], key), None);
    }
}
