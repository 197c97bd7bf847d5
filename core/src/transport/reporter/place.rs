//! Where things stand: among the instances of a source, and among all that is sent.

use crate::model::{Instance, Source};

/// How far a walk over all instances has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) instance: u16,
    /// Of values: the child. Of records: 0 at the family that begins with the instance, one more than a slot at its
    /// labels.
    pub(super) child: u16,
    /// What of it is next: of values the cell, of records where in the byte string.
    pub(super) part: u16,
}

impl Cursor {
    pub(super) const START: Self = Self { instance: 0, child: 0, part: 0 };

    pub(super) const fn next_child(&mut self) {
        self.child = self.child.wrapping_add(1);
        self.part = 0;
    }

    pub(super) const fn next_instance(&mut self) {
        *self = Self { instance: self.instance.wrapping_add(1), ..Self::START };
    }
}

/// How many families and cells there are, in all and in front of one instance.
#[derive(Default)]
pub(super) struct Place {
    pub(super) families: usize,
    pub(super) cells: usize,
    /// Slots of the instances in front that are of the same family.
    pub(super) slots: usize,
}

impl Place {
    /// In front of the instance at `index`; in all, if there is none.
    #[inline(never)]
    pub(super) fn of<S: Source + ?Sized>(source: &S, index: usize) -> Self {
        let (mut place, mut at) = (Self::default(), 0usize);
        while let Some(Instance { desc, first, .. }) = source.instance(at) {
            if first {
                place.slots = 0;
            }
            if at == index {
                break;
            }
            place.families = place.families.wrapping_add(first.into());
            place.cells = place.cells.wrapping_add(desc.all_cells());
            if source.has_tables() {
                place.slots = place.slots.wrapping_add(desc.children());
            }
            at = at.wrapping_add(1);
        }
        place
    }
}
