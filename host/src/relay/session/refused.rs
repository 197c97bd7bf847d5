//! What is refused of a device, and why.

/// A family, a record or a frame that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The kind of fault.
    pub fault: Fault,
    /// The name of the family, as far as could be read; may be anything. Empty for what belongs to no one family.
    pub family: String,
    /// What is wrong.
    pub why: String,
}

/// Kinds of faults, by which refusals are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What the family's name means is something else already.
    Conflict,
    /// The description of a family cannot be.
    Family,
    /// A frame, or a hello, that cannot be read.
    Frame,
    /// The labels of a table's slot cannot be.
    Labels,
    /// It is more than the limits let a device have.
    Limit,
    /// The schema contradicts itself, or its hash.
    Schema,
    /// Values that cannot be those of the schema.
    Values,
}

impl Fault {
    /// All, sorted by what they are called.
    pub const ALL: [Self; 7] =
        [Self::Conflict, Self::Family, Self::Frame, Self::Labels, Self::Limit, Self::Schema, Self::Values];

    /// As it is called in a label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Family => "family",
            Self::Frame => "frame",
            Self::Labels => "labels",
            Self::Limit => "limit",
            Self::Schema => "schema",
            Self::Values => "values",
        }
    }
}

impl Refused {
    /// Something that belongs to no one family.
    pub fn new(fault: Fault, why: impl Into<String>) -> Self {
        Self { fault, family: String::new(), why: why.into() }
    }

    /// A family, or something of it.
    pub fn family(fault: Fault, name: &str, why: impl Into<String>) -> Self {
        Self { fault, family: name.to_owned(), why: why.into() }
    }
}
