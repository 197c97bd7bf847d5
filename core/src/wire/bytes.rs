//! Writing and reading the fields of records.

use super::{put_varint, take_varint};

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
    offset: usize,
    at: usize,
}

/// A field is cut off, or not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncated;

impl<'a> Window<'a> {
    /// A window of the size of `buf`, that begins `offset` bytes into the string.
    pub const fn new(buf: &'a mut [u8], offset: usize) -> Self {
        Self { buf, offset, at: 0 }
    }

    /// Length of the whole string so far.
    pub const fn total(&self) -> usize {
        self.at
    }

    /// How many bytes fell into the window.
    pub const fn kept(&self) -> usize {
        let behind = self.at.saturating_sub(self.offset);
        if behind < self.buf.len() { behind } else { self.buf.len() }
    }

    /// Writes one byte.
    pub const fn byte(&mut self, byte: u8) {
        self.bytes(&[byte]);
    }

    /// Writes bytes.
    #[inline(never)] // Like the two below it is called for every field there is.
    pub const fn bytes(&mut self, bytes: &[u8]) {
        let end = self.at.saturating_add(bytes.len());
        let (mut source, mut at) = (bytes, self.at);
        // What lies in front of the window.
        if at < self.offset {
            let skipped = self.offset - at;
            let (_, rest) = source.split_at(if skipped < source.len() { skipped } else { source.len() });
            (source, at) = (rest, self.offset);
        }
        if !source.is_empty()
            && let Some((_, room)) = self.buf.split_at_mut_checked(at - self.offset)
        {
            let n = if room.len() < source.len() { room.len() } else { source.len() };
            let ((into, _), (from, _)) = (room.split_at_mut(n), source.split_at(n));
            into.copy_from_slice(from);
        }
        self.at = end;
    }

    /// Writes a varint.
    #[inline(never)]
    pub const fn varint(&mut self, n: u64) {
        let mut bytes = [0; super::MAX_VARINT];
        // Checked: the compiler does not look into `put_varint`, and would link a panic.
        if let Some(len) = put_varint(&mut bytes, n)
            && let Some((bytes, _)) = bytes.split_at_checked(len)
        {
            self.bytes(bytes);
        }
    }

    /// Writes a string: its length, then its bytes.
    #[inline(never)]
    pub const fn string(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.bytes(text.as_bytes());
    }
}

/// Takes one byte off the front.
pub(super) fn take_byte(bytes: &mut &[u8]) -> Result<u8, Truncated> {
    let (byte, rest) = bytes.split_first().ok_or(Truncated)?;
    *bytes = rest;
    Ok(*byte)
}

/// Takes a varint that fits `usize` off the front.
pub(super) fn take_len(bytes: &mut &[u8]) -> Result<usize, Truncated> {
    let n = take_varint(bytes).ok_or(Truncated)?;
    usize::try_from(n).map_err(|_| Truncated)
}

/// Takes a string off the front.
pub(super) fn take_string<'a>(bytes: &mut &'a [u8]) -> Result<&'a str, Truncated> {
    let len = take_len(bytes)?;
    let (text, rest) = bytes.split_at_checked(len).ok_or(Truncated)?;
    *bytes = rest;
    core::str::from_utf8(text).map_err(|_| Truncated)
}
