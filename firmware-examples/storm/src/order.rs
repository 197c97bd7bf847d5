//! What may come out: that of the same operations one after the other, in some order.

use crate::injector::{Injector, LEVELS};
use crate::operation::{Digest, Nature, Operation};

/// Orders of three; of two, those that begin with 2 are left out.
const ORDERS: [[usize; LEVELS]; 6] = [[0, 1, 2], [1, 0, 2], [0, 2, 1], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
/// Each order, with each operation that may be refused done or refused; and what lies between.
const OUTCOMES: usize = 26;
/// Most items of all outcomes.
const POOL: usize = 400;

/// One outcome: what is there afterwards, and where in the pool the items of each operation end.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    view: Digest,
    start: usize,
    ends: [usize; LEVELS],
    /// May be read, and does not last.
    glimpse: bool,
}

/// All outcomes that some operations may have.
#[derive(Debug)]
pub(crate) struct Orders {
    outcomes: [Outcome; OUTCOMES],
    len: usize,
    pool: [u64; POOL],
    used: usize,
}

/// Why an outcome is none of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Something is there afterwards that should not be, or is not.
    Lost,
    /// The operation of a level has read what never was.
    Torn(usize),
}

impl Orders {
    pub(crate) const fn new() -> Self {
        let none = Outcome { view: Digest::EMPTY, start: 0, ends: [0; LEVELS], glimpse: false };
        Self { outcomes: [none; OUTCOMES], len: 0, pool: [0; POOL], used: 0 }
    }

    /// Runs the operations in each order.
    pub(crate) fn fill(&mut self, injector: &Injector, operations: &[&Operation]) {
        (self.len, self.used) = (0, 0);
        let count = operations.len();
        if let [Operation { halves: Some([first, second]), .. }, inner] = operations {
            reset(operations);
            injector.call(0, *first);
            injector.call(1, inner.run);
            second(injector.seen(0));
            self.add(injector, operations, false);
        }
        if let [outer, Operation { glimpse: Some(glimpse), .. }] = operations {
            reset(operations);
            injector.call(1, *glimpse);
            injector.call(0, outer.run);
            self.add(injector, operations, true);
        }
        for refused in 0..1 << count {
            let can = |level: usize| {
                refused >> level & 1 == 0
                    || level > 0 && operations.get(level).is_some_and(|operation| operation.refused.is_some())
            };
            if !(0..count).all(can) {
                continue;
            }
            for order in ORDERS.iter().filter(|order| order.iter().skip(count).all(|level| *level >= count)) {
                reset(operations);
                for level in order.iter().take(count) {
                    let Some(operation) = operations.get(*level) else { continue };
                    let run =
                        operation.refused.filter(|_| refused >> level & 1 == 1).unwrap_or(operation.run);
                    injector.call(*level, run);
                }
                self.add(injector, operations, false);
            }
        }
    }

    fn add(&mut self, injector: &Injector, operations: &[&Operation], glimpse: bool) {
        digest(injector, operations);
        let mut outcome = Outcome { view: view(operations), start: self.used, ends: [0; LEVELS], glimpse };
        for (level, end) in outcome.ends.iter_mut().enumerate().take(operations.len()) {
            for item in injector.seen(level).items() {
                let Some(free) = self.pool.get_mut(self.used) else { panic!("too many items") };
                *free = *item;
                self.used += 1;
            }
            *end = self.used;
        }
        let Some(free) = self.outcomes.get_mut(self.len) else { panic!("too many outcomes") };
        *free = outcome;
        self.len += 1;
    }

    fn items(&self, outcome: &Outcome, level: usize) -> &[u64] {
        let end = outcome.ends.get(level).copied().unwrap_or(0);
        let start =
            level.checked_sub(1).map_or(outcome.start, |below| outcome.ends.get(below).copied().unwrap_or(0));
        self.pool.get(start..end).unwrap_or_default()
    }

    fn outcomes(&self) -> &[Outcome] {
        self.outcomes.get(..self.len).unwrap_or_default()
    }

    /// Compares what has come out.
    pub(crate) fn check(&self, injector: &Injector, operations: &[&Operation]) -> Result<(), Wrong> {
        digest(injector, operations);
        let view = view(operations);
        let whole = operations.iter().all(|operation| operation.nature == Nature::Atomic);
        let is = |outcome: &&Outcome| outcome.view == view && !outcome.glimpse;
        if self.outcomes().iter().find(is).is_none() {
            return Err(Wrong::Lost);
        }
        for level in 0..operations.len() {
            let read = |item| self.outcomes().iter().any(|outcome| self.items(outcome, level).contains(item));
            if !injector.seen(level).items().iter().all(read) {
                return Err(Wrong::Torn(level));
            }
        }
        // Together, of one order.
        let one = |outcome: &Outcome| {
            let same = |level| self.items(outcome, level) == injector.seen(level).items();
            is(&outcome) && (0..operations.len()).all(same)
        };
        if whole && !self.outcomes().iter().any(one) {
            return Err(Wrong::Torn(0));
        }
        Ok(())
    }
}

/// Puts all that the operations work on where they begin.
pub(crate) fn reset(operations: &[&Operation]) {
    each_subject(operations, |operation| (operation.subject.reset)());
}

fn view(operations: &[&Operation]) -> Digest {
    let mut view = Digest::EMPTY;
    each_subject(operations, |operation| (operation.subject.view)(&mut view));
    view
}

/// Once for each subject.
fn each_subject(operations: &[&Operation], mut take: impl FnMut(&Operation)) {
    for (index, operation) in operations.iter().enumerate() {
        let again = |other: &&Operation| core::ptr::eq(other.subject, operation.subject);
        if !operations.iter().take(index).any(again) {
            take(operation);
        }
    }
}

fn digest(injector: &Injector, operations: &[&Operation]) {
    for (level, operation) in operations.iter().enumerate() {
        if let Some(digest) = operation.digest {
            digest(injector.seen(level));
        }
    }
}
