//! Tables of fixed capacity: groups of metrics, families of children, and the registry that joins them.
//!
//! A [`Registry`] is a constant table in flash, made by [`registry!`](crate::registry!). The compiler refuses bad
//! names, duplicates and conflicts; nothing is registered at run time, nothing can fail, and no access checks
//! whether it has been. Series are read one at a time, by position.

mod family;
mod group;
mod refusal;
mod table;

pub use crate::instrument::{LabelSet, Storage};
pub use family::Family;
pub use group::{Entry, Group, Metrics, Shape};
pub use refusal::{Message, Refusal, check};
pub use table::{Position, Registry, count, instances, positions};
