//! Writing and reading the fields of records.

use super::take_varint;

/// A window on a byte string that is written from its beginning: only what falls into the window is kept, the rest
/// is counted.
///
/// So a record of up to 1 KiB is sent in parts of any size, straight from flash, without a buffer for the whole; and
/// since all of it is `const`, the compiler computes the hash over the same bytes that are sent.
///
/// ```
/// use narthex::wire::Window;
/// let mut part = [0; 3];
/// let mut window = Window::new(&mut part, 2);
/// window.string("hello");
/// assert_eq!(window.total(), 6);
/// assert_eq!(window.kept(), 3);
/// assert_eq!(&part, b"ell");
/// ```
#[derive(Debug)]
pub struct Window<'a> {
    buf: &'a mut [u8],
    /// Bytes of the string that are in front of the window.
    skip: usize,
    /// Bytes that were kept.
    kept: usize,
    /// Bytes that were written.
    total: usize,
}

/// A field is cut off, or not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncated;

impl<'a> Window<'a> {
    /// A window of the size of `buf`, that begins `offset` bytes into the string.
    pub const fn new(buf: &'a mut [u8], offset: usize) -> Self {
        Self { buf, skip: offset, kept: 0, total: 0 }
    }

    /// Length of the whole string so far.
    pub const fn total(&self) -> usize {
        self.total
    }

    /// How many bytes fell into the window.
    pub const fn kept(&self) -> usize {
        self.kept
    }

    /// Begins another string behind what was kept; of that one, too, so many bytes are in front of the window.
    pub(crate) const fn next(&mut self, offset: usize) {
        (self.skip, self.total) = (offset, 0);
    }

    /// Keeps no more than so many bytes.
    pub(crate) const fn cut(&mut self, kept: usize) {
        if self.kept > kept {
            self.kept = kept;
        }
    }

    /// Puts this in the place of a byte that was kept.
    pub(crate) const fn replace(&mut self, at: usize, byte: u8) {
        if at < self.buf.len() {
            #[allow(clippy::indexing_slicing, reason = "checked in the condition")]
            {
                self.buf[at] = byte;
            }
        }
    }

    /// Writes one byte.
    #[inline(never)] // Like the three below it is called for every field there is.
    pub const fn byte(&mut self, byte: u8) {
        self.total = self.total.wrapping_add(1);
        if self.skip > 0 {
            self.skip -= 1;
        } else if self.kept < self.buf.len() {
            self.replace(self.kept, byte);
            self.kept += 1;
        }
    }

    /// Writes bytes.
    #[inline(never)]
    pub const fn bytes(&mut self, mut bytes: &[u8]) {
        while let [byte, rest @ ..] = bytes {
            self.byte(*byte);
            bytes = rest;
        }
    }

    /// Writes a varint.
    #[inline(never)]
    pub const fn varint(&mut self, mut n: u32) {
        loop {
            let more = n >> 7;
            self.byte(n as u8 & 0x7f | if more > 0 { 0x80 } else { 0 });
            if more == 0 {
                break;
            }
            n = more;
        }
    }

    /// Writes a string: its length, then its bytes.
    #[inline(never)]
    pub const fn string(&mut self, text: &str) {
        self.varint(text.len() as u32);
        self.bytes(text.as_bytes());
    }
}

/// Takes one byte off the front.
pub(super) fn take_byte(bytes: &mut &[u8]) -> Result<u8, Truncated> {
    let (byte, rest) = bytes.split_first().ok_or(Truncated)?;
    *bytes = rest;
    Ok(*byte)
}

/// Takes a length, a count or a position off the front: 32 bits, on every host what a device can mean.
pub(super) fn take_len(bytes: &mut &[u8]) -> Result<usize, Truncated> {
    let n = take_varint(bytes).ok_or(Truncated)?;
    u32::try_from(n).map(|n| n as usize).map_err(|_| Truncated)
}

/// Takes a string off the front.
pub(super) fn take_string<'a>(bytes: &mut &'a [u8]) -> Result<&'a str, Truncated> {
    let len = take_len(bytes)?;
    let (text, rest) = bytes.split_at_checked(len).ok_or(Truncated)?;
    *bytes = rest;
    core::str::from_utf8(text).map_err(|_| Truncated)
}
