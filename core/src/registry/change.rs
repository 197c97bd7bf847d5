//! A change of a registry, prepared beside what readers see.

use core::cell::Cell;

use super::dyn_registry::{FIRST, Hash, Order, Place, State};
use super::refusal::{Conflict, conflict};
use super::{DynRegistry, Entry, RegistryError};
use crate::instrument::sync::{AtomicU16, Mutex, Ordering, with};
use crate::model::{Desc, FNV_START, Instance, Source, Value};

/// The one change under way: the order that shall be, as it is made. Given up unless it is committed.
pub(super) struct Change<'a, const N: usize> {
    registry: &'a DynRegistry<N>,
    order: Order,
}

impl<'a, const N: usize> Change<'a, N> {
    pub(super) fn begin(registry: &'a DynRegistry<N>) -> Result<Self, RegistryError> {
        let mut busy = false;
        registry.update(|state| {
            busy = state.changing;
            State { changing: true, ..state }
        });
        if busy {
            return Err(RegistryError::Busy);
        }
        // Nobody else writes from here on.
        let Order { second, len } = registry.state().order;
        for (from, to) in registry.order(second).iter().zip(registry.order(!second)) {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        Ok(Self { registry, order: Order { second: !second, len } })
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.order.len)
    }

    fn positions(&self) -> &[AtomicU16; N] {
        self.registry.order(self.order.second)
    }

    /// Adds a place behind the last of its family. There is room.
    pub(super) fn insert(&mut self, place: Place) -> Result<(), RegistryError> {
        let Place { desc, labels, .. } = place;
        let name = desc.name;
        let refused = |defect| RegistryError::Refused { name, defect };
        desc.check().map_err(refused)?;
        desc.check_labels(labels).map_err(refused)?;
        let (mut at, mut first) = (self.len(), FIRST);
        let new = Instance { desc, labels, first: false };
        for index in 0..self.len() {
            let Some(other) = self.instance(index).filter(|other| other.desc.family() == desc.family())
            else {
                continue;
            };
            match conflict(&other, &new) {
                Some(Conflict::Labels) => return Err(RegistryError::Duplicate { name }),
                Some(conflict) => return Err(RegistryError::Inconsistent { name, what: conflict.as_str() }),
                None => (at, first) = (index + 1, 0),
            }
        }
        let take = |free: &Mutex<Cell<Option<Place>>>| {
            with(|cs| {
                let free = free.borrow(cs);
                let empty = free.get().is_none();
                if empty {
                    free.set(Some(place));
                }
                empty
            })
        };
        let Some(taken) = self.registry.places.iter().position(take) else {
            return Err(RegistryError::Full { capacity: N });
        };
        self.order.len = self.order.len.saturating_add(1);
        // Everything from there on moves up by one.
        let mut moved = taken as u16 | first;
        for position in self.positions().iter().take(self.len()).skip(at) {
            let next = position.load(Ordering::Relaxed);
            position.store(moved, Ordering::Relaxed);
            moved = next;
        }
        Ok(())
    }

    /// Takes the place of one family of a group away.
    pub(super) fn remove(
        &mut self,
        group: &Entry,
        desc: &'static Desc<'static>,
    ) -> Result<(), RegistryError> {
        let is = |index: &usize| {
            self.registry.place(Some(self.order), *index).is_some_and(|(place, _)| {
                core::ptr::addr_eq(place.group, group.group)
                    && place.desc.name == desc.name
                    && place.labels == group.shape.labels
            })
        };
        let Some(at) = (0..self.len()).find(is) else {
            return Err(RegistryError::Absent { name: desc.name });
        };
        let behind = at.saturating_add(1);
        // If it was the first of its family, the next one is; another family's next is that already.
        let mut first =
            self.positions().get(at).map_or(0, |position| position.load(Ordering::Relaxed)) & FIRST;
        for (to, from) in self.positions().iter().skip(at).zip(self.positions().iter().skip(behind)) {
            to.store(from.load(Ordering::Relaxed) | first, Ordering::Relaxed);
            first = 0;
        }
        self.order.len = self.order.len.saturating_sub(1);
        Ok(())
    }

    /// Puts the new order in use.
    pub(super) fn commit(self, hash: Hash) -> Result<(), RegistryError> {
        let hash = hash(&self).map_err(|(index, what)| {
            let name = self.registry.place(Some(self.order), index).map_or("", |(place, _)| place.desc.name);
            RegistryError::TooLarge { name, what }
        })?;
        self.registry.update(|state| State {
            order: self.order,
            hash: hash ^ FNV_START,
            changes: state.changes.wrapping_add(1),
            ..state
        });
        Ok(())
    }
}

impl<const N: usize> Drop for Change<'_, N> {
    /// Frees the places that the order in use does not name, then lets others change it.
    fn drop(&mut self) {
        let Order { second, len } = self.registry.state().order;
        let used = self.registry.order(second).get(..usize::from(len)).unwrap_or_default();
        for (index, place) in self.registry.places.iter().enumerate() {
            let is = |position: &AtomicU16| usize::from(position.load(Ordering::Relaxed) & !FIRST) == index;
            if !used.iter().any(is) {
                with(|cs| place.borrow(cs).set(None));
            }
        }
        self.registry.update(|state| State { changing: false, ..state });
    }
}

/// As it will be. There is nothing to read yet.
impl<const N: usize> Source for Change<'_, N> {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        let (Place { desc, labels, .. }, first) = self.registry.place(Some(self.order), index)?;
        Some(Instance { desc, labels, first })
    }

    fn read(&self, _: usize, _: usize, _: usize) -> Option<Value> {
        None
    }

    fn schema_hash(&self) -> u32 {
        0
    }
}
