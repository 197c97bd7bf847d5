//! The values that were sent last.

use super::Reporter;
use super::sparse::HEAD;
use crate::frame::shift;
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

    /// Of cells that stand from `begin` to `end` in a payload, moves those that are not as they were sent last up to the
    /// front, and sets their bits; all of them if any is not, where they must be `whole`. The first is that of `position`
    /// and `bit`. Returns where what is left ends.
    #[doc(hidden)]
    fn pick(
        &self,
        payload: &mut [u8],
        cells: (usize, usize),
        position: usize,
        bit: usize,
        whole: bool,
    ) -> usize;

    /// Takes down cells that are sent, from position `first` on: those alone whose bits are set, if there is a bitmap.
    #[doc(hidden)]
    fn note(&mut self, first: usize, cells: &[u8], bitmap: Option<&[u8]>);

    /// Makes the next snapshot full: some of what was taken down was not sent.
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

    fn pick(&self, _: &mut [u8], (begin, _): (usize, usize), _: usize, _: usize, _: bool) -> usize {
        begin
    }

    fn note(&mut self, _: usize, _: &[u8], _: Option<&[u8]>) {}

    fn forget(&mut self) {}
}

/// The values that were sent last, so that between full snapshots only what has changed is sent.
///
/// A word holds the lower half of a cell, to which the upper is added times an odd number: so a change of one half alone
/// is always seen. One of both goes unseen once in 2^32 times: then the gateway shows what it had, an older value and
/// not a wrong one, until the cell changes again or a full snapshot comes. Of a histogram that can be the sum alone, as
/// no bucket counts 2^32 observations between two snapshots.
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

/// Takes a cell from the front, as the word that is kept of it.
#[inline(never)]
fn take_word(cells: &mut &[u8]) -> Option<u32> {
    let cell = take_varint(cells)?;
    Some((cell as u32).wrapping_add(((cell >> 32) as u32).wrapping_mul(0x9e37_79b1)))
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
    fn pick(
        &self,
        payload: &mut [u8],
        (begin, end): (usize, usize),
        position: usize,
        bit: usize,
        whole: bool,
    ) -> usize {
        let (mut from, mut to, mut cell) = (begin, begin, 0usize);
        // Where all or none are sent, the first that has changed takes those in front of it along.
        let mut all = false;
        while from < end
            && let Some(mut rest) = payload.get(from..)
            && let before = rest.len()
            && let Some(word) = take_word(&mut rest)
        {
            let len = before.wrapping_sub(rest.len());
            if all || self.words.get(position.wrapping_add(cell)) != Some(&word) {
                if whole && !all {
                    (all, from, cell) = (true, begin, 0);
                    continue;
                }
                let bit = bit.wrapping_add(cell);
                if let Some(byte) = payload.get_mut(HEAD.wrapping_add(bit / 8)) {
                    *byte |= 1 << (bit % 8);
                }
                if shift(payload, from, len, to).is_none() {
                    break;
                }
                to = to.wrapping_add(len);
            }
            (from, cell) = (from.wrapping_add(len), cell.wrapping_add(1));
        }
        to
    }

    #[inline(never)]
    fn note(&mut self, first: usize, mut cells: &[u8], bitmap: Option<&[u8]>) {
        let mut bit = 0usize;
        while !cells.is_empty() {
            let clear = |bits: &[u8]| bits.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 0);
            if !bitmap.is_some_and(clear) {
                let Some(word) = take_word(&mut cells) else { break };
                if let Some(kept) = self.words.get_mut(first.wrapping_add(bit)) {
                    *kept = word;
                }
            }
            bit = bit.wrapping_add(1);
        }
    }

    fn forget(&mut self) {
        self.since = 0;
        // If the full one is given up, whatever it did not come to has changed.
        self.words.iter_mut().for_each(|word| *word = !*word);
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
