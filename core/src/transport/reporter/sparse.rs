//! Frames of what has changed.

use super::Memory;
use crate::frame::shift;
use crate::wire::put_varint;

/// Room for the two numbers in front of the bitmap, of up to 16 bits each.
const HEAD: usize = 6;

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
    pub(super) fn new(payload: &mut [u8]) -> Self {
        let bitmap = payload.len() / 8;
        if let Some(bits) = payload.get_mut(HEAD..HEAD + bitmap) {
            bits.fill(0);
        }
        Self { bitmap, ..Self::default() }
    }

    /// Where the cells of a sparse frame begin.
    pub(super) const fn head(&self) -> usize {
        HEAD + self.bitmap
    }

    /// How many cells can be covered at most.
    pub(super) const fn most(&self) -> usize {
        self.bitmap * 8
    }

    /// Takes in a child that has changed, whose cells stand behind the others, and in front of which so many are
    /// covered.
    pub(super) fn take(&mut self, payload: &mut [u8], covered: usize, stride: usize, len: usize) {
        self.needed = covered.wrapping_add(stride);
        for bit in covered..self.needed {
            if let Some(byte) = payload.get_mut(HEAD + bit / 8) {
                *byte |= 1 << (bit % 8);
            }
        }
        self.cells = self.cells.wrapping_add(len);
        self.pass(len);
    }

    /// Passes a child that has not changed.
    pub(super) const fn pass(&mut self, len: usize) {
        self.all = self.all.wrapping_add(len);
    }

    /// Whether the frame holds more than one without a bitmap, which holds so much, or else is shorter.
    pub(super) const fn pays(&self, most: usize) -> bool {
        // Two bytes are how many cells are covered; the position stands in front of both.
        self.all > most || self.needed == 0 || 2 + self.needed.div_ceil(8) + self.cells < self.all
    }

    /// Writes the head, moves the rest up to it, and has `memory` keep what is sent. Returns the length.
    pub(super) fn finish<M: Memory>(
        &self,
        payload: &mut [u8],
        first: usize,
        memory: &mut M,
    ) -> Option<usize> {
        let (front, _) = payload.split_at_mut_checked(HEAD)?;
        let head = put_varint(front, first as u64)?;
        let head = head + put_varint(front.get_mut(head..)?, self.needed as u64)?;
        let bits = self.needed.div_ceil(8);
        shift(payload, HEAD, bits, head)?;
        shift(payload, self.head(), self.cells, head + bits)?;
        let (bitmap, cells) = payload.get(head..head + bits + self.cells)?.split_at_checked(bits)?;
        memory.note(first, cells, Some(bitmap));
        Some(head + bits + self.cells)
    }
}
