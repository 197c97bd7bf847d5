//! How series are read: one value at a time, by position.

use super::{Desc, Label, Value};

/// The cells behind one metric: something that can be read by child and cell.
///
/// A child is one label set of a family (always 0 for a metric without labels), a cell one number of that child
/// (a histogram has its buckets, then `+Inf`, then the sum; all else has cell 0).
///
/// A read is a handful of instructions, takes no lock, and may run in any context.
pub trait Cells: Sync {
    /// Reads one cell. `None` when the position does not exist, or when the cell was never set.
    fn read(&self, child: usize, cell: usize) -> Option<Value>;
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

    /// The hash of the schema of all families ([`wire::schema`](crate::wire::schema)), constant while the set is.
    fn schema_hash(&self) -> u32;
}
