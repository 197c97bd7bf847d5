//! Where the cells of each family stand.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::super::session::FamilySchema;

/// The families of a device by name; their cells side by side, in the order in which families came.
///
/// Devices with the same schema share one, once that is complete.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    slots: Vec<Slot>,
    /// How many cells there are.
    cells: usize,
    /// How many series there are where every child is there.
    series: usize,
    /// Whether that is so where every cell is.
    plain: bool,
}

/// A family of a device.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) schema: Arc<FamilySchema>,
    /// Where its cells begin.
    pub(super) place: usize,
}

impl Default for Layout {
    fn default() -> Self {
        Self { slots: Vec::new(), cells: 0, series: 0, plain: true }
    }
}

impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        // Equal families are shared.
        Arc::ptr_eq(&self.schema, &other.schema) && self.place == other.place
    }
}

impl PartialEq for Layout {
    fn eq(&self, other: &Self) -> bool {
        self.slots == other.slots
    }
}

impl Layout {
    /// Adds a family, which [`search`](Self::search) has not found, but where it would be. Returns where its cells
    /// begin.
    pub(super) fn insert(&mut self, at: usize, schema: &Arc<FamilySchema>) -> usize {
        let place = self.cells;
        self.slots.insert(at, Slot { schema: Arc::clone(schema), place });
        // No two families have one place, not even if one has no cells.
        self.cells = place.saturating_add(schema.total_cells().max(1));
        self.series = self.series.saturating_add(schema.series());
        self.plain &= schema.is_plain();
        place
    }

    /// Which family has this name, or would be.
    pub(super) fn search(&self, family: &str) -> Result<usize, usize> {
        self.slots.binary_search_by(|slot| (*slot.schema.family.name).cmp(family))
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(super) fn cells(&self) -> usize {
        self.cells
    }

    /// How many series there are where every cell is there; `None` if that depends on what the cells are.
    pub(super) fn series(&self) -> Option<usize> {
        self.plain.then_some(self.series)
    }

    /// Gives memory back that was taken in advance.
    pub(super) fn shrink(&mut self) {
        self.slots.shrink_to_fit();
    }

    /// By what equal ones can be found.
    pub(super) fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for Slot { schema, place } in &self.slots {
            (Arc::as_ptr(schema), place).hash(&mut hasher);
        }
        hasher.finish()
    }
}
