//! A registry of fixed capacity, for what is found at boot.

use core::cell::Cell;
use core::fmt;

use super::change::Change;
use super::{Entry, Group, RegistryError};
use crate::instrument::sync::{AtomicU16, Mutex, Ordering, with};
use crate::model::{Desc, FNV_START, Instance, Label, Slots, Source, Value};

/// Set on the position of the first instance of a family.
pub(super) const FIRST: u16 = 1 << 15;

/// Computes the hash of a schema; else says at which position it grows too large, and how.
pub(crate) type Hash = fn(&dyn Source) -> Result<u32, (usize, &'static str)>;

/// A registry to which groups are added, and from which they are taken, at run time: at most `N` instances of families
/// together. It keeps the rules of the constant [`Registry`](super::Registry), which is the better choice for all that
/// the compiler can know: that one is checked by it, takes no RAM, and needs no critical section.
///
/// ```
/// use narthex::model::{Label, Source as _};
/// use narthex::registry::{DynRegistry, RegistryError};
/// use narthex::{Gauge, Metrics};
/// /// A sensor that may be plugged in.
/// #[derive(Metrics)]
/// #[metrics(prefix = "probe")]
/// struct Probe {
///     /// Temperature.
///     #[metric(unit = "celsius", scale = -2)]
///     temperature_celsius: Gauge,
/// }
/// static PROBES: [Probe; 2] = [Probe::new(), Probe::new()];
/// static REGISTRY: DynRegistry<8> = DynRegistry::new();
///
/// REGISTRY.register(&PROBES[0], &[Label { name: "bus", value: "0" }])?;
/// REGISTRY.register(&PROBES[1], &[Label { name: "bus", value: "1" }])?;
/// assert_eq!(REGISTRY.len(), 2);
/// let twice = REGISTRY.register(&PROBES[1], &[Label { name: "bus", value: "1" }]);
/// assert_eq!(twice, Err(RegistryError::Duplicate { name: "probe_temperature_celsius" }));
/// REGISTRY.unregister(&PROBES[0], &[Label { name: "bus", value: "0" }])?;
/// assert!(REGISTRY.instance(0).is_some_and(|instance| instance.first));
/// # Ok::<(), RegistryError>(())
/// ```
///
/// # Protocol
/// There are two lists of positions, one in use. A change is prepared in the other one, outside of critical sections,
/// the schema hash included; then one critical section of a few instructions puts it in use as a whole. Only one change
/// is made at a time: a second, from an interrupt or another core, is refused with [`RegistryError::Busy`].
///
/// Readers may run in any context. Each read takes a critical section to copy one position, about thirty
/// instructions whatever `N`, and reads the cell behind it. A reader of several positions compares
/// [`revision`](Source::revision) before and after, and begins anew when it has changed; the encoders do.
///
/// RAM: on a 32-bit core 28 bytes for each instance and 16 more, all zeroes at first. The binary brings the
/// implementation of `critical-section`.
#[must_use = "a registry does nothing unless it is used"]
pub struct DynRegistry<const N: usize> {
    pub(super) places: [Mutex<Cell<Option<Place>>>; N],
    /// Places by position, family-major.
    orders: [[AtomicU16; N]; 2],
    state: Mutex<Cell<State>>,
}

/// One family of one group.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) group: &'static dyn Group,
    pub(super) desc: &'static Desc<'static>,
    pub(super) labels: &'static [Label<'static>],
    pub(super) metric: u16,
}

#[derive(Clone, Copy)]
pub(super) struct State {
    pub(super) order: Order,
    pub(super) changing: bool,
    /// Less that of no schema, so that it is zero at first.
    pub(super) hash: u32,
    /// How many changes were made.
    pub(super) changes: u32,
}

/// Which list, and how much of it.
#[derive(Clone, Copy)]
pub(super) struct Order {
    pub(super) second: bool,
    pub(super) len: u16,
}

impl<const N: usize> DynRegistry<N> {
    /// A registry of nothing.
    pub const fn new() -> Self {
        const { assert!(N < FIRST as usize, "a registry holds less than 32768 instances") };
        Self {
            places: [const { Mutex::new(Cell::new(None)) }; N],
            orders: [const { [const { AtomicU16::new(0) }; N] }; 2],
            state: Mutex::new(Cell::new(State {
                order: Order { second: false, len: 0 },
                changing: false,
                hash: 0,
                changes: 0,
            })),
        }
    }

    /// How many instances there are: families, counted once for each group.
    pub fn len(&self) -> usize {
        usize::from(self.state().order.len)
    }

    /// Whether nothing is registered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds all families of a group.
    pub(crate) fn insert(&self, group: &Entry, hash: Hash) -> Result<(), RegistryError> {
        let mut change = Change::begin(self)?;
        if change.len().saturating_add(group.shape.descs.len()) > N {
            return Err(RegistryError::Full { capacity: N });
        }
        for (metric, desc) in group.shape.descs.iter().enumerate() {
            change.insert(Place {
                group: group.group,
                desc,
                labels: group.shape.labels,
                metric: metric as u16,
            })?;
        }
        change.commit(hash)
    }

    /// Takes all families of a group away.
    pub(crate) fn remove(&self, group: &Entry, hash: Hash) -> Result<(), RegistryError> {
        let mut change = Change::begin(self)?;
        for desc in group.shape.descs {
            change.remove(group, desc)?;
        }
        change.commit(hash)
    }

    pub(super) fn state(&self) -> State {
        with(|cs| self.state.borrow(cs).get())
    }

    pub(super) fn update(&self, update: impl FnOnce(State) -> State) {
        with(|cs| {
            let state = self.state.borrow(cs);
            state.set(update(state.get()));
        });
    }

    pub(super) fn order(&self, second: bool) -> &[AtomicU16; N] {
        let [first, other] = &self.orders;
        if second { other } else { first }
    }

    /// What stands at a position, and whether it is the first of its family; of `order`, else of the one in use.
    pub(super) fn place(&self, order: Option<Order>, index: usize) -> Option<(Place, bool)> {
        with(|cs| {
            let Order { second, len } = order.unwrap_or_else(|| self.state.borrow(cs).get().order);
            let positions = self.order(second).get(..usize::from(len))?;
            let position = positions.get(index)?.load(Ordering::Relaxed);
            let place = self.places.get(usize::from(position & !FIRST))?.borrow(cs).get()?;
            Some((place, position & FIRST != 0))
        })
    }
}

impl<const N: usize> Default for DynRegistry<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for DynRegistry<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = (0..self.len()).filter_map(|index| Some(self.place(None, index)?.0.desc.name));
        f.debug_list().entries(names).finish()
    }
}

impl<const N: usize> Source for DynRegistry<N> {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        let (Place { desc, labels, .. }, first) = self.place(None, index)?;
        Some(Instance { desc, labels, first })
    }

    fn read(&self, index: usize, child: usize, cell: usize) -> Option<Value> {
        let (Place { group, metric, .. }, _) = self.place(None, index)?;
        group.metric(usize::from(metric))?.read(child, cell)
    }

    fn slots(&self, index: usize) -> Option<&dyn Slots> {
        let (Place { group, metric, .. }, _) = self.place(None, index)?;
        group.metric(usize::from(metric))?.slots()
    }

    fn schema_hash(&self) -> u32 {
        self.state().hash ^ FNV_START
    }

    fn revision(&self) -> u32 {
        // Never 0 while the count has not gone round, which is later than any reader.
        self.state().changes ^ FNV_START
    }
}
