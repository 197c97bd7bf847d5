//! The values that were sent last.

use core::ops::Range;

use super::Reporter;
use super::sparse::HEAD;
use crate::frame::shift;
use crate::model::Source;

/// What a [`Reporter`] keeps of the values it has sent: nothing, `()`, or [`LastValues`].
pub trait Memory: sealed::Sealed {
    /// Begins a snapshot, which may have to be full.
    #[doc(hidden)]
    fn begin(&mut self, full: bool);

    /// Whether only what has changed is to be sent in this snapshot.
    #[doc(hidden)]
    fn is_sparse(&self) -> bool;

    /// Takes down the cells that stand from `begin` to `end` in a payload, of which the first is that of `position`. If
    /// they are `marked`, moves those that have changed up to the front, and marks them in the bitmap. Returns where what
    /// is left ends.
    #[doc(hidden)]
    fn take(
        &mut self,
        payload: &mut [u8],
        cells: (usize, usize),
        position: usize,
        marked: Option<Marks>,
    ) -> usize;

    /// Takes the cells at these positions for changed: they were taken down, and are not sent.
    #[doc(hidden)]
    fn doubt(&mut self, positions: Range<usize>);

    /// Makes the next snapshot full: some of what was taken down was not sent.
    #[doc(hidden)]
    fn forget(&mut self);
}

/// How cells are marked that have changed.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    /// The bit of the first in the bitmap.
    pub(super) bit: usize,
    /// Whether all have, if any has.
    pub(super) whole: bool,
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for () {}
    impl Sealed for super::LastValues<'_> {}
}

impl Memory for () {
    fn begin(&mut self, _: bool) {}

    #[inline]
    fn is_sparse(&self) -> bool {
        false
    }

    fn take(&mut self, _: &mut [u8], (_, end): (usize, usize), _: usize, _: Option<Marks>) -> usize {
        end
    }

    fn doubt(&mut self, _: Range<usize>) {}

    fn forget(&mut self) {}
}

/// The values that were sent last, so that between full snapshots only what has changed is sent.
///
/// A word holds a cell modulo 2^32 − 1. So a change goes unseen only if it is by a multiple of that, which none is that is
/// smaller: then the gateway shows what it had, an older value and not a wrong one, until the cell changes again or a
/// full snapshot comes. Of a histogram that can be the sum alone, as no bucket counts 2^32 observations between two
/// snapshots.
#[derive(Debug)]
pub struct LastValues<'a> {
    words: &'a mut [u32],
    /// Every so many snapshots one is full.
    every: u8,
    /// Snapshots since the last full one, itself included; 0 before the first.
    since: u8,
}

impl<'a> LastValues<'a> {
    pub(super) const fn new(words: &'a mut [u32]) -> Self {
        Self { words, every: 10, since: 0 }
    }
}

/// The cell at `at`, as the word that is kept of it, and where the next one stands.
///
/// As 2^32 is 1 here, bits that are shifted out come in again below, and so do carries.
fn word(payload: &[u8], mut at: usize) -> Option<(u32, usize)> {
    let (mut word, mut shift) = (0u32, 0u32);
    loop {
        let byte = *payload.get(at)?;
        let (sum, carry) = word.overflowing_add(u32::from(byte & 0x7f).rotate_left(shift));
        word = sum.wrapping_add(carry.into());
        (at, shift) = (at.wrapping_add(1), shift.wrapping_add(7));
        if byte < 0x80 {
            return Some((word, at));
        }
    }
}

impl Memory for LastValues<'_> {
    fn begin(&mut self, full: bool) {
        let full = full || self.since == 0 || self.since >= self.every;
        self.since = if full { 1 } else { self.since.saturating_add(1) };
    }

    fn is_sparse(&self) -> bool {
        self.since > 1
    }

    #[inline(never)]
    fn take(
        &mut self,
        payload: &mut [u8],
        (begin, end): (usize, usize),
        position: usize,
        marked: Option<Marks>,
    ) -> usize {
        let (mut from, mut to, mut cell) = (begin, begin, 0usize);
        // Where all or none are sent, the first that has changed takes those in front of it along.
        let mut all = marked.is_none();
        while from < end
            && let Some((word, next)) = word(payload, from)
        {
            let kept = self.words.get_mut(position.wrapping_add(cell));
            let changed = all || kept.as_deref() != Some(&word);
            if let Some(Marks { bit, whole }) = marked {
                if whole && changed && !all {
                    (all, from, cell) = (true, begin, 0);
                    continue;
                }
                let bit = bit.wrapping_add(cell);
                if let Some(byte) = payload.get_mut(HEAD.wrapping_add(bit / 8)) {
                    // And none behind it, whatever was there before.
                    *byte = *byte & !(u8::MAX << (bit % 8)) | u8::from(changed) << (bit % 8);
                }
            }
            if let Some(kept) = kept {
                *kept = word;
            }
            if changed {
                let len = next.wrapping_sub(from);
                if to < from && shift(payload, from, len, to).is_none() {
                    break;
                }
                to = to.wrapping_add(len);
            }
            (from, cell) = (next, cell.wrapping_add(1));
        }
        to
    }

    fn doubt(&mut self, positions: Range<usize>) {
        let end = positions.end.min(self.words.len());
        for word in self.words.get_mut(positions.start..end).unwrap_or_default() {
            *word = !*word;
        }
    }

    fn forget(&mut self) {
        self.since = 0;
        // If the full one is given up, whatever it did not come to has changed.
        self.doubt(0..self.words.len());
    }
}

impl<S: Source + ?Sized, R> Reporter<'_, S, LastValues<'_>, R> {
    /// Makes every `snapshots`th snapshot a full one; 10th unless said. With 0 and 1 all of them are full.
    ///
    /// A lost frame leaves some series older until then, or until they change again, or until a gateway that sees the
    /// gap asks ([`with_requests`](Reporter::with_requests)).
    #[must_use]
    pub fn with_full_every(mut self, snapshots: u8) -> Self {
        self.memory.every = snapshots;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{MAX_VARINT, put_varint};

    #[test]
    fn a_word_is_what_a_cell_leaves_of_a_division() {
        const MODULUS: u64 = u32::MAX as u64;
        for n in (0..64)
            .flat_map(|bit| [(1u64 << bit) - 1, 1 << bit, 0x9e37_79b9_7f4a_7c15 >> bit])
            .chain([u64::MAX])
        {
            let mut cell = [0; MAX_VARINT];
            let len = put_varint(&mut cell, n).unwrap();
            let (word, next) = word(&cell, 0).unwrap();
            assert_eq!((u64::from(word) % MODULUS, next), (n % MODULUS, len), "{n}");
            // Only nothing is 0, though multiples leave nothing, too.
            assert_eq!(word == 0, n == 0);
        }
        assert_eq!(word(&[0x80, 0x80], 0), None);
    }
}
