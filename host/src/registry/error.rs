//! What can go wrong when sources are registered and gathered.

use std::fmt;

use super::Conflict;
use crate::model::{Defect, Kind};

/// Why a source was not registered. Nothing of it is then.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// This very source is registered already.
    Registered,
    /// A description breaks a rule.
    Defect {
        /// The family.
        family: Box<str>,
        /// The rule.
        defect: Defect,
    },
    /// A family cannot stand beside one that is registered, or beside another of the same source.
    Conflict {
        /// The family.
        family: Box<str>,
        /// Why not.
        conflict: Conflict,
    },
    /// A series that a registered source has already.
    Duplicate {
        /// The family.
        family: Box<str>,
        /// Its labels, as they are written.
        labels: Box<str>,
    },
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registered => f.write_str("the source is registered already"),
            Self::Defect { family, defect } => write!(f, "family `{family}`: {defect}"),
            Self::Conflict { family, conflict } => write!(f, "family `{family}`: {conflict}"),
            Self::Duplicate { family, labels } => {
                write!(f, "series {family}{{{labels}}}: a registered source has it already")
            }
        }
    }
}

impl std::error::Error for RegisterError {}

/// One thing that was left out of what was gathered, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GatherError {
    /// A family that a source offers since it was registered cannot stand beside one that was there before.
    Conflict {
        /// The family.
        family: Box<str>,
        /// Why not.
        conflict: Conflict,
    },
    /// A collector declared a family, while being collected, that breaks a rule.
    Defect {
        /// The family.
        family: Box<str>,
        /// The rule.
        defect: Defect,
    },
    /// A collector pushed a sample of a family that it does not describe.
    Undescribed {
        /// The family.
        family: Box<str>,
    },
    /// A collector pushed a sample of another type than it described; an info is 1.
    Kind {
        /// The family.
        family: Box<str>,
        /// The type described.
        kind: Kind,
    },
    /// A label breaks a rule.
    Label {
        /// The family.
        family: Box<str>,
        /// The rule.
        defect: Defect,
    },
    /// A counter, a count or a sum that is negative, infinite or not a number.
    Value {
        /// The family.
        family: Box<str>,
        /// Its labels, as they are written.
        labels: Box<str>,
    },
    /// A histogram whose bounds do not increase, or whose buckets are not one more than its bounds.
    Buckets {
        /// The family.
        family: Box<str>,
        /// Its labels, as they are written.
        labels: Box<str>,
    },
    /// The same series twice; the first one stays.
    Duplicate {
        /// The family.
        family: Box<str>,
        /// Its labels, as they are written.
        labels: Box<str>,
    },
    /// A collector panicked; nothing of it stays.
    Panicked {
        /// What it said.
        message: Box<str>,
    },
}

impl fmt::Display for GatherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { family, conflict } => write!(f, "family `{family}`: {conflict}"),
            Self::Defect { family, defect } => write!(f, "family `{family}`: {defect}"),
            Self::Undescribed { family } => {
                write!(f, "family `{family}`: its collector does not describe it")
            }
            Self::Kind { family, kind } => {
                write!(f, "family `{family}`: a sample should be of type {}", kind.as_str())
            }
            Self::Label { family, defect } => write!(f, "family `{family}`: a sample's labels: {defect}"),
            Self::Value { family, labels } => {
                write!(f, "series {family}{{{labels}}}: its value is negative, infinite or not a number")
            }
            Self::Buckets { family, labels } => {
                write!(
                    f,
                    "series {family}{{{labels}}}: bounds must increase, with one bucket more than bounds"
                )
            }
            Self::Duplicate { family, labels } => {
                write!(f, "series {family}{{{labels}}}: was collected before with the same name and labels")
            }
            Self::Panicked { message } => write!(f, "a collector panicked: {message}"),
        }
    }
}

impl std::error::Error for GatherError {}

/// All that was left out of one gathering.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatherErrors {
    kept: Vec<GatherError>,
    all: usize,
}

impl GatherErrors {
    /// Most errors that are kept; more are counted.
    pub const MAX: usize = 64;

    /// The first of them, at most [`GatherErrors::MAX`].
    pub fn as_slice(&self) -> &[GatherError] {
        &self.kept
    }

    /// How many there were.
    pub const fn len(&self) -> usize {
        self.all
    }

    /// Whether nothing was left out.
    pub const fn is_empty(&self) -> bool {
        self.all == 0
    }

    pub(crate) fn push(&mut self, error: GatherError) {
        self.all = self.all.saturating_add(1);
        if self.kept.len() < Self::MAX {
            self.kept.push(error);
        }
    }
}

/// One error as it is; several in the manner of Go's client: a count, then one a line.
impl fmt::Display for GatherErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let ([error], 1) = (self.kept.as_slice(), self.all) {
            return error.fmt(f);
        }
        write!(f, "{} error(s) occurred:", self.all)?;
        for error in &self.kept {
            write!(f, "\n* {error}")?;
        }
        match self.all.saturating_sub(self.kept.len()) {
            0 => Ok(()),
            more => write!(f, "\n* and {more} more"),
        }
    }
}

impl std::error::Error for GatherErrors {}
