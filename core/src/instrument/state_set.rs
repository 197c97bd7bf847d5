//! One of several states.

use core::fmt;
use core::marker::PhantomData;

use super::sync::{AtomicU32, Ordering};
use super::{Instrument, LabelSet, Metric};
use crate::model::{Cells, Desc, Details, Value};

/// Which of several states holds: a link that is down, joining or up, the cause of a reset.
///
/// The states are the variants of an enum that derives [`LabelSet`], the first of them is the initial one. Each
/// becomes one series, under a label with the name of the metric, and exactly one of them is 1.
///
/// ```
/// use narthex::{LabelSet, StateSet};
/// #[derive(Clone, Copy, Debug, PartialEq, LabelSet)]
/// enum Link {
///     Down,
///     Joining,
///     Up,
/// }
/// static LINK: StateSet<Link> = StateSet::new();
/// assert_eq!(LINK.get(), Link::Down);
/// LINK.set(Link::Joining);
/// assert_eq!(LINK.get(), Link::Joining);
/// // link_state{link_state="down"} 0
/// // link_state{link_state="joining"} 1
/// // link_state{link_state="up"} 0
/// ```
///
/// Several labels at once are no states:
///
/// ```compile_fail
/// use narthex::{LabelSet, StateSet};
/// #[derive(Clone, Copy, LabelSet)]
/// struct Pair {
///     up: bool,
///     joined: bool,
/// }
/// static LINK: StateSet<Pair> = StateSet::new();
/// ```
///
/// # Protocol
/// One word, the index of the state: setting is one store, reading one load. A reader takes it once for all series
/// of the set, so that two states never hold at a time.
#[must_use = "a state set does nothing unless it is used"]
pub struct StateSet<E: LabelSet> {
    state: AtomicU32,
    states: PhantomData<fn(E)>,
}

impl<E: LabelSet> StateSet<E> {
    const STATES: &'static [&'static str] = {
        assert!(E::DIMENSIONS.len() == 1, "the states of a `StateSet` must be one enum, not several labels");
        match E::DIMENSIONS {
            [dimension] => dimension.values,
            _ => &[],
        }
    };

    /// A state set in the first of its states.
    pub const fn new() -> Self {
        // Looked at for the check alone.
        let _ = Self::STATES;
        Self { state: AtomicU32::new(0), states: PhantomData }
    }

    /// Enters a state.
    #[inline]
    pub fn set(&self, state: E) {
        self.state.store(state.index() as u32, Ordering::Relaxed);
    }

    /// The state.
    #[inline]
    pub fn get(&self) -> E {
        E::from_index(self.state.load(Ordering::Relaxed) as usize).unwrap_or(E::FIRST)
    }
}

impl<E: LabelSet> Default for StateSet<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: LabelSet + fmt::Debug> fmt::Debug for StateSet<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StateSet").field(&self.get()).finish()
    }
}

impl<E: LabelSet> Cells for StateSet<E> {
    #[inline]
    fn read(&self, child: usize, cell: usize) -> Option<Value> {
        (child | cell == 0).then(|| Value::Unsigned(u64::from(self.state.load(Ordering::Relaxed))))
    }
}

impl<E: LabelSet> Metric for StateSet<E> {
    const NEW: Self = Self::new();
    const SHAPE: Desc<'static> = Desc::state_set("", "", &Details { states: Self::STATES, ..Details::NONE });
    const BUCKETS: usize = 0;
}

impl<E: LabelSet> Instrument for StateSet<E> {
    fn reset(&self) {
        self.state.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cell_is_the_index_of_the_state() {
        let set = StateSet::<bool>::new();
        assert_eq!(set.read(0, 0), Some(Value::Unsigned(0)));
        set.set(true);
        assert!(set.get());
        assert_eq!((set.read(0, 0), set.read(0, 1), set.read(1, 0)), (Some(Value::Unsigned(1)), None, None));
        assert_eq!(StateSet::<bool>::SHAPE.details.states, ["false", "true"]);
        set.reset();
        assert!(!set.get());
    }
}
