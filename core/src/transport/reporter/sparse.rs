//! Frames of what has changed.

use super::Memory;
use super::memory::Marks;
use crate::frame::shift;
use crate::wire::put_varint;

/// Room for the two numbers in front of the bitmap, of up to 16 bits each.
pub(super) const HEAD: usize = 6;

/// What a frame holds as it grows. Of a sparse one, the bitmap stands behind the room for the head, and the cells
/// behind the room for the bitmap, which has a bit for each byte of the payload.
#[derive(Default)]
pub(super) struct Draft {
    /// Cells that are covered, up to the last that has changed.
    needed: usize,
    /// Bytes of the room for the bitmap.
    bitmap: usize,
    /// Bytes of the cells that have changed.
    pub(super) cells: usize,
    /// Bytes of all that are covered.
    all: usize,
}

impl Draft {
    /// An empty sparse frame.
    pub(super) fn new(payload: &[u8]) -> Self {
        Self { bitmap: payload.len() / 8, ..Self::default() }
    }

    /// Where the cells of a sparse frame begin.
    pub(super) const fn head(&self) -> usize {
        HEAD + self.bitmap
    }

    /// How many cells can be covered at most.
    pub(super) const fn most(&self) -> usize {
        self.bitmap * 8
    }

    /// Takes in what has changed of a child of so many cells at `position`, whose `len` bytes stand behind the others,
    /// and in front of which so many are covered; all or nothing of a slot, whose child comes and goes. A child in front
    /// of all that have changed is passed. Returns whether it is in.
    pub(super) fn take<M: Memory>(
        &mut self,
        payload: &mut [u8],
        (position, covered, stride): (usize, usize, usize),
        len: usize,
        slot: bool,
        memory: &mut M,
    ) -> bool {
        let begin = self.head().wrapping_add(self.cells);
        let marks = Marks { bit: covered, whole: slot };
        let end = memory.take(payload, (begin, begin.wrapping_add(len)), position, Some(marks));
        let picked = end.wrapping_sub(begin);
        if picked > 0 {
            self.needed = covered.wrapping_add(stride);
            self.cells = self.cells.wrapping_add(picked);
        }
        if picked > 0 || covered > 0 {
            self.all = self.all.wrapping_add(len);
        }
        picked > 0
    }

    /// Whether the frame holds more than one without a bitmap, which holds so much, or else is shorter.
    pub(super) const fn pays(&self, most: usize) -> bool {
        // Two bytes are how many cells are covered; the position stands in front of both.
        self.all > most || self.needed == 0 || 2 + self.needed.div_ceil(8) + self.cells < self.all
    }

    /// Writes the head, and moves the rest up to it. Returns the length.
    pub(super) fn finish(&self, payload: &mut [u8], first: usize) -> Option<usize> {
        let (front, _) = payload.split_at_mut_checked(HEAD)?;
        let head = put_varint(front, first as u64)?;
        let head = head + put_varint(front.get_mut(head..)?, self.needed as u64)?;
        let bits = self.needed.div_ceil(8);
        shift(payload, HEAD, bits, head)?;
        shift(payload, self.head(), self.cells, head + bits)?;
        Some(head + bits + self.cells)
    }
}
