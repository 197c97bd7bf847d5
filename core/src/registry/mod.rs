//! Tables of fixed capacity: groups of metrics, families of children, and the registries that join them.
//!
//! A [`Registry`] is a constant table in flash, made by [`registry!`](crate::registry!). The compiler refuses bad
//! names, duplicates and conflicts; nothing is registered at run time, nothing can fail, and no access checks
//! whether it has been. Series are read one at a time, by position. For what is found at boot there is
//! [`DynRegistry`], by the same rules.
//!
//! The children of a [`Family`] are all there from the start, one for each value of its labels. Those of a
//! [`TableFamily`] come and go with the labels that run time brings.

mod change;
mod dyn_registry;
mod family;
mod group;
mod label_values;
mod pinned;
mod refusal;
mod registry_error;
mod slot;
mod table;
mod table_family;

pub use crate::instrument::{LabelSet, Storage};
pub use dyn_registry::DynRegistry;
pub use family::Family;
pub use group::{Entry, Group, Metrics, Shape};
pub use label_values::{LabelPart, LabelValues};
pub use pinned::{Pinned, PinnedObserver};
pub use refusal::{Message, Refusal, check};
pub use registry_error::RegistryError;
pub use table::{
    Dense, Found, Means, Position, Registry, Tables, WithBoth, WithDistributions, WithTables, count,
    has_distributions, has_tables, instances, positions,
};
pub use table_family::{RemoveError, TableFamily};
