//! Frames of what has changed.

use super::memory::compare;
use super::place::Cursor;
use super::values::put_child;
use crate::frame::shift;
use crate::model::{Instance, Source};
use crate::wire::{put_varint, varint_len};

/// Room for the two numbers in front of the bitmap, of up to 16 bits each.
const HEAD: usize = 6;

/// What has become of a payload.
pub(super) enum Filled {
    /// It has so many bytes.
    Frame(usize),
    /// Nothing is left that has changed.
    Nothing,
    /// So much has changed that a frame without a bitmap holds more; the cursor stands where it begins.
    TooMuch,
}

/// What a frame holds as it grows. Its bitmap stands behind the room for the head, its cells behind that.
#[derive(Default)]
struct Draft {
    /// Position of the first cell that is covered.
    first: usize,
    /// Cells that are covered.
    covered: usize,
    /// Those up to the last that has changed.
    needed: usize,
    /// Bytes of the bitmap.
    bitmap: usize,
    /// Bytes of the cells that have changed.
    cells: usize,
    /// Bytes of all that are covered.
    all: usize,
}

impl Draft {
    /// Makes room for the bits of so many more cells. Returns where the next cell goes; `None` if nothing fits there.
    fn widen(&mut self, payload: &mut [u8], more: usize) -> Option<usize> {
        let bitmap = self.covered.wrapping_add(more).div_ceil(8).max(self.bitmap);
        let (from, to) = (HEAD + self.bitmap, HEAD.wrapping_add(bitmap));
        let end = to.wrapping_add(self.cells);
        if end >= payload.len() {
            return None;
        }
        shift(payload, from, self.cells, to)?;
        payload.get_mut(from..to)?.fill(0);
        self.bitmap = bitmap;
        Some(end)
    }

    /// Takes the next child in, which has changed, and whose cells stand behind the others.
    fn take(&mut self, payload: &mut [u8], stride: usize, len: usize) {
        for bit in self.covered..self.covered.wrapping_add(stride) {
            if let Some(byte) = payload.get_mut(HEAD + bit / 8) {
                *byte |= 1 << (bit % 8);
            }
        }
        self.cells = self.cells.wrapping_add(len);
        self.pass(stride, len);
        self.needed = self.covered;
    }

    /// Passes the next child, which has not changed.
    fn pass(&mut self, stride: usize, len: usize) {
        self.covered = self.covered.wrapping_add(stride);
        self.all = self.all.wrapping_add(len);
    }

    /// Writes the head, moves the rest up to it, and keeps what is sent. Returns the length.
    fn finish(&self, payload: &mut [u8], last: &mut [u32]) -> Option<usize> {
        let (front, _) = payload.split_at_mut_checked(HEAD)?;
        let head = put_varint(front, self.first as u64)?;
        let head = head + put_varint(front.get_mut(head..)?, self.needed as u64)?;
        let bits = self.needed.div_ceil(8);
        shift(payload, HEAD, bits, head)?;
        shift(payload, HEAD + self.bitmap, self.cells, head + bits)?;
        let (bitmap, cells) = payload.get(head..head + bits + self.cells)?.split_at_checked(bits)?;
        compare(last.get_mut(self.first..).unwrap_or_default(), cells, Some(bitmap), true);
        Some(head + bits + self.cells)
    }
}

/// Fills a payload with the children that have changed, from the cursor on, and moves it behind them.
///
/// A child that does not fit is looked at again in the next frame. One that fits none is always sent, in parts.
pub(super) fn fill<S: Source + ?Sized>(
    source: &S,
    cursor: &mut Cursor,
    last: &mut [u32],
    payload: &mut [u8],
) -> Filled {
    let (start, mut at) = (*cursor, *cursor);
    let mut draft = Draft { first: at.position(source), ..Draft::default() };
    // The first child that is covered.
    let mut begin = at;
    let mut full = false;
    'children: while let Some(Instance { desc, .. }) = source.instance(at.instance.into()) {
        let (children, stride) = (desc.children(), desc.stride());
        while stride > 0 && usize::from(at.child) < children {
            let Some(end) = draft.widen(payload, stride) else {
                full = true;
                break 'children;
            };
            let room = payload.get_mut(end..).unwrap_or_default();
            let (mut child, mut birth) = (at, 0);
            let len = put_child(source, desc, &mut child, &mut birth, room);
            if usize::from(child.part) < stride {
                full = true;
                break 'children;
            }
            let words = last.get_mut(draft.first.wrapping_add(draft.covered)..).unwrap_or_default();
            if compare(words, room.get(..len).unwrap_or_default(), None, false) {
                if draft.covered == 0 {
                    begin = at;
                }
                draft.take(payload, stride, len);
            } else if draft.covered == 0 {
                draft.first = draft.first.wrapping_add(stride);
            } else {
                draft.pass(stride, len);
            }
            at.next_child();
        }
        at.next_instance();
    }
    *cursor = at;
    if draft.covered == 0 {
        // A snapshot in which nothing has changed has one frame, which tells that the device is there.
        if full {
            return Filled::TooMuch;
        }
        if start != Cursor::START || at == start {
            return Filled::Nothing;
        }
        draft.first = 0;
    }
    // In a frame without a bitmap.
    let all = varint_len(draft.first as u64).wrapping_add(draft.all);
    let len = varint_len(draft.first as u64)
        + varint_len(draft.needed as u64)
        + draft.needed.div_ceil(8)
        + draft.cells;
    let pays = draft.covered == 0 || if full { all > payload.len() } else { len < all };
    if pays && let Some(len) = draft.finish(payload, last) {
        return Filled::Frame(len);
    }
    *cursor = begin;
    Filled::TooMuch
}
