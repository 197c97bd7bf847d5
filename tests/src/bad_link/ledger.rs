//! What a gateway must count, kept by who knows every frame's number.

use super::Number;
use std::collections::BTreeSet;

/// Frames by what became of them, in the gateway's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Came, and were newer than all before.
    pub received: u64,
    /// Never came whole, though a later one of the same boot did.
    pub lost: u64,
    /// Came again.
    pub repeated: u64,
    /// Came for the first time, but after a newer one.
    pub reordered: u64,
    /// Came damaged.
    pub corrupt: u64,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    counts: Counts,
    boot: usize,
    /// The number of the first frame that came of this boot, the newest, and all that came.
    first: u64,
    newest: u64,
    came: BTreeSet<u64>,
}

impl Ledger {
    pub(super) fn arrives(&mut self, number: Number) {
        let Number { boot, frame: number, .. } = number;
        if boot != self.boot || self.came.is_empty() {
            self.counts = self.counts();
            (self.boot, self.first, self.newest) = (boot, number, number - 1);
            self.came.clear();
        }
        if !self.came.insert(number) {
            self.counts.repeated += 1;
        } else if number < self.newest {
            self.counts.reordered += 1;
        } else {
            self.counts.received += 1;
            self.newest = number;
        }
    }

    /// The newest that has come of this boot.
    pub(super) fn newest(&self, boot: usize) -> Option<u64> {
        (boot == self.boot && !self.came.is_empty()).then_some(self.newest)
    }

    pub(super) fn is_corrupt(&mut self) {
        self.counts.corrupt += 1;
    }

    /// Those of former boots, and what is missing of this one.
    pub(super) fn counts(&self) -> Counts {
        if self.came.is_empty() {
            return self.counts;
        }
        let came = self.came.range(self.first..).count() as u64;
        Counts { lost: self.counts.lost + self.newest + 1 - self.first - came, ..self.counts }
    }
}
