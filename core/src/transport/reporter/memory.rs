//! The values that were sent last.

use super::Reporter;
use crate::model::Source;
use crate::wire::take_varint;

/// What a [`Reporter`] keeps of the values it has sent: nothing, `()`, or [`LastValues`].
pub trait Memory: sealed::Sealed {
    /// Begins a snapshot, which may have to be full.
    #[doc(hidden)]
    fn begin(&mut self, full: bool);

    /// Whether only what has changed is to be sent in this snapshot.
    #[doc(hidden)]
    fn is_sparse(&self) -> bool;

    /// Whether any of these cells, from position `first` on, is not as it was sent last.
    #[doc(hidden)]
    fn differs(&mut self, first: usize, cells: &[u8]) -> bool;

    /// Takes down cells that are sent, from position `first` on: those alone whose bits are set, if there is a bitmap.
    #[doc(hidden)]
    fn note(&mut self, first: usize, cells: &[u8], bitmap: Option<&[u8]>);

    /// Makes the next snapshot full.
    #[doc(hidden)]
    fn forget(&mut self);
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

    fn differs(&mut self, _: usize, _: &[u8]) -> bool {
        true
    }

    fn note(&mut self, _: usize, _: &[u8], _: Option<&[u8]>) {}

    fn forget(&mut self) {}
}

/// The values that were sent last, so that between full snapshots only what has changed is sent.
///
/// A word holds the lower half of a cell, to which the upper is added times an odd number: so a change of one half alone
/// is always seen. One of both goes unseen once in 2^32 times: then the gateway shows what it had, an older value and
/// not a wrong one, until the cell changes again or a full snapshot comes.
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

    /// Compares cells with the words of where they stand, from position `at` on, those alone whose bits are set if
    /// there is a bitmap, and keeps them there if told to. Returns whether any differs, or has no word.
    #[inline(never)]
    fn compare(&mut self, mut at: usize, mut cells: &[u8], bitmap: Option<&[u8]>, keep: bool) -> bool {
        let (mut differs, mut bit) = (false, 0usize);
        while !cells.is_empty() {
            let clear = |bits: &[u8]| bits.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 0);
            if !bitmap.is_some_and(clear) {
                let Some(cell) = take_varint(&mut cells) else { break };
                let folded = (cell as u32).wrapping_add(((cell >> 32) as u32).wrapping_mul(0x9e37_79b1));
                match self.words.get_mut(at) {
                    Some(word) => {
                        differs |= *word != folded;
                        if keep {
                            *word = folded;
                        }
                    }
                    None => differs = true,
                }
            }
            (at, bit) = (at.wrapping_add(1), bit.wrapping_add(1));
        }
        differs
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

    fn differs(&mut self, first: usize, cells: &[u8]) -> bool {
        self.compare(first, cells, None, false)
    }

    fn note(&mut self, first: usize, cells: &[u8], bitmap: Option<&[u8]>) {
        self.compare(first, cells, bitmap, true);
    }

    fn forget(&mut self) {
        self.since = 0;
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
