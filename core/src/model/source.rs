//! How series are read: one value at a time, by position.

use super::{Desc, Label, LabelValue, Value};

/// The cells behind one metric: something that can be read by child and cell.
///
/// A child is one label set of a family (always 0 for a metric without labels), a cell one number of that child
/// (a histogram has its buckets, then `+Inf`, then the sum; a summary its quantiles, each one more than it is and 0 while
/// there is none, then the sum, then the count; an exponential histogram those of [`Exponential`](super::Exponential); an
/// info has none; all else has cell 0, that of a state set being the index of the state).
///
/// A read is a handful of instructions, takes no lock, and may run in any context.
pub trait Cells: Sync {
    /// Reads one cell. `None` when the position does not exist, or when the cell was never set.
    fn read(&self, child: usize, cell: usize) -> Option<Value>;

    /// Who its children are, if they come and go: `None` for all but table families.
    fn slots(&self) -> Option<&dyn Slots> {
        None
    }
}

/// The children of a table family: slots, which are assigned to label sets and given back.
///
/// A child must not be taken for its predecessor in the slot: who reads labels or cells reads the birth before and
/// after, and takes nothing if it has changed.
pub trait Slots: Sync {
    /// The number of the slot's present assignment, unique in this boot and greater than all before; 0 while the slot
    /// is empty or does not exist.
    fn birth(&self, slot: usize) -> u32;

    /// The value of one label, by the order of the family's dimensions. `None` when the slot has another birth than
    /// this, or there is no such label.
    fn label(&self, slot: usize, birth: u32, dimension: usize) -> Option<LabelValue>;

    // Here, so that only who has tables links them.
    /// Hands out the values of the first so many labels; fewer, when the slot has another birth than this.
    fn each_label(&self, slot: usize, birth: u32, labels: usize, take: &mut dyn FnMut(&[u8])) {
        for dimension in 0..labels {
            let Some(value) = self.label(slot, birth, dimension) else { break };
            take(value.as_bytes());
        }
    }

    /// The newest birth in the first so many slots.
    fn newest(&self, slots: usize) -> u32 {
        (0..slots).map(|slot| self.birth(slot)).fold(0, u32::max)
    }
}

/// One family on one group of instruments: a description, the labels that tell this group from its siblings, and
/// where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Instance<'a> {
    /// Name, help, kind and shape.
    pub desc: &'a Desc<'a>,
    /// Labels that are constant for this instance.
    pub labels: &'a [Label<'a>],
    /// Whether this is the first instance of its family: the one that brings HELP and TYPE.
    pub first: bool,
}

/// A set of metric families, read by position, family-major: all instances of a family stand together, families
/// in order of their first appearance.
///
/// This is the only thing that [`text`](crate::text) and [`wire`](crate::wire) know of a registry. A position past
/// the end yields `None`, never a panic.
///
/// There are at most 65 535 instances and as many cells, and every description passes [`Desc::check`].
pub trait Source: Sync {
    /// The instance at this position, counted over all families.
    fn instance(&self, index: usize) -> Option<Instance<'_>>;

    /// Reads one cell of the instance at this position; `None` as for [`Cells::read`].
    fn read(&self, index: usize, child: usize, cell: usize) -> Option<Value>;

    /// Who the children of the instance at this position are, if they come and go; as for [`Cells::slots`].
    fn slots(&self, index: usize) -> Option<&dyn Slots> {
        let _ = index;
        None
    }

    /// Whether there may be children that come and go. Where this is constant and false, what they take is not linked.
    fn has_tables(&self) -> bool {
        true
    }

    /// Whether there may be exponential histograms or summaries. Where this is constant and false, what they take is not
    /// linked.
    fn has_distributions(&self) -> bool {
        true
    }

    /// The hash of the schema of all families ([`wire::schema`](crate::wire::schema)), constant while the set is.
    fn schema_hash(&self) -> u32;

    /// A number, not 0, that is another one after each change of the set. Who reads in several steps compares it, and
    /// begins anew when it has changed. The schema hash will do where no set comes again.
    fn revision(&self) -> u32 {
        self.schema_hash()
    }

    /// Whether the set is another one than it was at that revision.
    fn has_changed(&self, since: u32) -> bool {
        self.revision() != since
    }
}
