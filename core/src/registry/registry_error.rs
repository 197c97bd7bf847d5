//! Why a registry that is changed at run time refuses a change.

use core::fmt;

use super::refusal::Conflict;
use crate::model::Defect;

/// Why a registry was not changed. It is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RegistryError {
    /// Another change is being made: this one came from an interrupt or another core in the middle of it.
    Busy,
    /// There is no room for all families of the group.
    Full {
        /// Instances the registry can hold.
        capacity: usize,
    },
    /// A description or a constant label is not as it must be.
    Refused {
        /// The metric.
        name: &'static str,
        /// What is wrong with it.
        defect: Defect,
    },
    /// The metric is there, with the same constant labels.
    Duplicate {
        /// The metric.
        name: &'static str,
    },
    /// The metric is there, but is described otherwise.
    Inconsistent {
        /// The metric.
        name: &'static str,
        /// What differs.
        what: &'static str,
    },
    /// With this metric the schema would be longer than can be sent.
    TooLarge {
        /// The metric.
        name: &'static str,
        /// What is too long.
        what: &'static str,
    },
    /// No such group is registered with these labels.
    Absent {
        /// The metric that is not there.
        name: &'static str,
    },
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the registry is being changed: try again"),
            Self::Full { capacity } => write!(f, "the registry is full: it holds {capacity} instances"),
            Self::Refused { name, defect } => write!(f, "metric `{name}`: {defect}"),
            Self::Duplicate { name } => write!(f, "metric `{name}`: {}", Conflict::Labels.as_str()),
            Self::Inconsistent { name, what } | Self::TooLarge { name, what } => {
                write!(f, "metric `{name}`: {what}")
            }
            Self::Absent { name } => {
                write!(f, "metric `{name}`: not registered by this group with these labels")
            }
        }
    }
}

impl core::error::Error for RegistryError {}
