//! Frames that are taken byte by byte, by a device that has no room for one.

use super::check::step;
use super::{CHECK_LEN, DELIMITER, HEADER_LEN};

/// Undoes the envelope of what comes, and keeps no more of it than a check is long: what a frame says is known before
/// it is known to be one, and counts only if it is.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    /// The check over all but the last four bytes of the body.
    check: u32,
    /// These four, the first of them in the lowest bits: the check that was sent, if the body ends here.
    last: u32,
    /// Bytes of the body so far.
    len: u32,
    /// Bytes of the run that are still to come.
    left: u8,
    /// The code of the run.
    code: u8,
}

/// What a byte has brought to light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing yet.
    Nothing,
    /// A byte of header and payload, and how many stand in front of it.
    Byte(u32, u8),
    /// The end of a frame, if its check is good; else of what was none.
    End(bool),
}

impl Stream {
    pub(crate) const fn new() -> Self {
        // No zero stands in front of the first run, as none stands behind one of the longest.
        Self { check: u32::MAX, last: 0, len: 0, left: 0, code: u8::MAX }
    }

    /// Takes the next byte from the link.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> Step {
        if byte == DELIMITER {
            let Self { check, last, len, left, .. } = core::mem::replace(self, Self::new());
            return Step::End(left == 0 && len as usize >= HEADER_LEN + CHECK_LEN && !check == last);
        }
        let mut body = byte;
        if self.left > 0 {
            self.left = self.left.wrapping_sub(1);
        } else {
            let before = core::mem::replace(&mut self.code, byte);
            self.left = byte.wrapping_sub(1);
            if before == u8::MAX {
                return Step::Nothing;
            }
            body = 0;
        }
        let first = self.last as u8;
        self.last = self.last >> 8 | u32::from(body) << 24;
        let at = self.len.checked_sub(CHECK_LEN as u32);
        self.len = self.len.wrapping_add(1);
        let Some(at) = at else { return Step::Nothing };
        self.check = step(self.check, first);
        Step::Byte(at, first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Header, Kind, MAX_FRAME, payload, seal};
    use std::vec;
    use std::vec::Vec;

    const HEADER: Header =
        Header { kind: Kind::REQUESTS, boot: 0, schema: 0x00ff_0000, sequence: 7, uptime: 600 };

    /// The pieces between delimiters: header and payload, and whether the check is good.
    fn taken(link: &[u8]) -> Vec<(Vec<u8>, bool)> {
        let (mut stream, mut body, mut pieces) = (Stream::new(), vec![], vec![]);
        for byte in link {
            match stream.take(*byte) {
                Step::Nothing => {}
                Step::Byte(at, byte) => {
                    assert_eq!(at as usize, body.len());
                    body.push(byte);
                }
                Step::End(sound) => pieces.push((core::mem::take(&mut body), sound)),
            }
        }
        pieces
    }

    #[test]
    fn is_what_was_sealed() {
        for len in [0, 1, 25, 233, 234, 235, 236, 253, 254, 255, 490, 2000] {
            for fill in [0u8, 1, 0xff] {
                let sent: Vec<u8> = (0..len).map(|i| if i % 7 == 3 { 0 } else { fill }).collect();
                let mut buf = vec![0; MAX_FRAME];
                payload(&mut buf)[..len].copy_from_slice(&sent);
                let frame = seal(&mut buf, &HEADER, len);
                let mut body = HEADER.to_bytes().to_vec();
                body.extend(&sent);
                // Behind nothing, behind half a frame, and behind a whole one.
                let link = [&[0], &frame[5..], frame, frame].concat();
                let got = taken(&link);
                assert_eq!(got.len(), 4);
                assert_eq!(got[0], (vec![], false));
                assert!(!got[1].1);
                assert_eq!(got[2..], [(body.clone(), true), (body, true)]);
            }
        }
    }

    #[test]
    fn no_change_of_a_byte_goes_unseen() {
        let mut buf = [0; 64];
        payload(&mut buf)[..3].copy_from_slice(&[65, 0, 1]);
        let frame = seal(&mut buf, &HEADER, 3).to_vec();
        for at in 0..frame.len() - 1 {
            for bit in 0..8 {
                let mut changed = frame.clone();
                changed[at] ^= 1 << bit;
                assert!(taken(&changed).iter().all(|(_, sound)| !sound), "{at} {bit}");
            }
        }
        // Nor does a run that the delimiter cuts, or one that goes on behind it.
        assert!(!taken(&[&frame[..frame.len() - 2], &[0]].concat())[0].1);
        assert!(!taken(&[0, 1, 0, 2, 0, 1, 1, 0]).iter().any(|(_, sound)| *sound));
    }
}
