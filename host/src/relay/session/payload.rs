//! What a frame carries.

use narthex::wire::{take_varint, take_varints};

/// What a frame carries, with room behind it: numbers are read eight bytes at a time, up to the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payload<'a> {
    bytes: &'a [u8],
    len: usize,
}

impl<'a> Payload<'a> {
    /// So many bytes have this room behind them that they are read as fast as can be.
    pub(super) const SLACK: usize = 72;

    /// The first `len` of these bytes.
    pub(super) fn new(bytes: &'a [u8], len: usize) -> Self {
        Self { bytes, len: len.min(bytes.len()) }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Takes so many bytes off the front; `None` if there are fewer.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let len = self.len.checked_sub(count)?;
        let (front, bytes) = self.bytes.split_at_checked(count)?;
        *self = Self { bytes, len };
        Some(front)
    }

    /// Takes a number off the front; `None` if there is none.
    pub(super) fn take_number(&mut self) -> Option<usize> {
        let mut rest = self.bytes();
        let number = take_varint(&mut rest)?;
        self.take(self.len - rest.len())?;
        usize::try_from(number).ok()
    }

    /// Reads all of it as numbers, as [`take_varints`] does.
    pub(super) fn read(self, numbers: &mut [u64]) -> Option<usize> {
        take_varints(self.bytes, self.len, numbers)
    }
}
