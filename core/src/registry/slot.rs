//! A place for one child of a table family, and how it changes hands.

use core::cell::Cell;

use super::LabelValues;
use crate::instrument::Instrument;
use crate::instrument::sync::{AtomicU32, CriticalSection, Mutex, Ordering, fence, with};

/// The numbers of assignments: from 1, rising, none twice in a boot. All zeroes at first.
pub(super) struct Births(Mutex<Cell<u32>>);

/// One count for all tables: a birth is unique in the device.
pub(super) static BIRTHS: Births = Births::new();

impl Births {
    const fn new() -> Self {
        Self(Mutex::new(Cell::new(0)))
    }

    /// The next number. `None` when all 2^32 − 1 are spent: one twice would show one child as another.
    pub(super) fn next(&self, cs: CriticalSection<'_>) -> Option<u32> {
        let last = self.0.borrow(cs);
        let birth = last.get().checked_add(1)?;
        last.set(birth);
        Some(birth)
    }
}

/// One slot: empty and all zeroes, or assigned to a label set.
///
/// # Protocol
/// Assigning, vacating and pinning happen in critical sections. Readers take none: they read the birth, then cells,
/// then the birth again, and keep the cells if both births are equal and not 0.
///
/// *Vacating* stores birth 0, then zeroes the cells, with a release fence between. *Assigning* stores the birth with
/// release, last. *Updates* come behind a release fence too. So a reader that finds in a cell anything later than the
/// child it began with finds another birth behind it (its load of the birth stands behind an acquire fence), and one
/// that begins with the new birth (an acquire load) finds the cells zeroed. Births do not come again.
///
/// A slot that is pinned, or being updated, is not vacated.
pub(super) struct Slot<L, M> {
    birth: AtomicU32,
    pins: Pins,
    labels: Mutex<Cell<L>>,
    pub(super) child: M,
}

impl<L: LabelValues, M: Instrument> Slot<L, M> {
    pub(super) const fn new() -> Self {
        Self {
            birth: AtomicU32::new(0),
            pins: Pins(Mutex::new(Cell::new(0))),
            labels: Mutex::new(Cell::new(L::EMPTY)),
            child: M::NEW,
        }
    }

    /// For readers; 0 while the slot is empty.
    #[inline]
    pub(super) fn birth(&self) -> u32 {
        fence(Ordering::Acquire);
        self.birth.load(Ordering::Acquire)
    }

    pub(super) fn is_empty(&self, _cs: CriticalSection<'_>) -> bool {
        self.birth.load(Ordering::Relaxed) == 0
    }

    pub(super) fn is_pinned(&self, cs: CriticalSection<'_>) -> bool {
        self.pins.0.borrow(cs).get() > 0
    }

    pub(super) fn labels(&self, cs: CriticalSection<'_>) -> L {
        self.labels.borrow(cs).get()
    }

    /// Gives an empty slot to these labels.
    pub(super) fn assign(&self, cs: CriticalSection<'_>, labels: L, birth: u32) {
        self.labels.borrow(cs).set(labels);
        self.birth.store(birth, Ordering::Release);
    }

    /// Empties a slot that is not pinned.
    pub(super) fn vacate(&self, cs: CriticalSection<'_>) {
        self.birth.store(0, Ordering::Relaxed);
        fence(Ordering::Release);
        self.child.reset();
        self.labels.borrow(cs).set(L::EMPTY);
    }

    /// Keeps the slot as it is until the pin is dropped.
    pub(super) fn pin(&self, cs: CriticalSection<'_>) -> Pin<'_> {
        let pins = self.pins.0.borrow(cs);
        pins.set(pins.get().saturating_add(1));
        Pin(&self.pins)
    }
}

/// How many pins there are. Saturates: 2^32 handles that were forgotten keep the slot for ever, as one of them would.
struct Pins(Mutex<Cell<u32>>);

/// Keeps a slot from being vacated.
pub(super) struct Pin<'a>(&'a Pins);

impl Drop for Pin<'_> {
    fn drop(&mut self) {
        with(|cs| {
            let pins = self.0.0.borrow(cs);
            if pins.get() < u32::MAX {
                pins.set(pins.get().saturating_sub(1));
            }
        });
    }
}

/// To be called before each update of a pinned child: what the update stores is seen no earlier than the birth.
#[inline]
pub(super) fn before_update() {
    fence(Ordering::Release);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn births_rise_and_end() {
        let births = Births::new();
        assert_eq!(with(|cs| (births.next(cs), births.next(cs))), (Some(1), Some(2)));
        with(|cs| births.0.borrow(cs).set(u32::MAX - 1));
        assert_eq!(with(|cs| (births.next(cs), births.next(cs))), (Some(u32::MAX), None));
    }
}
