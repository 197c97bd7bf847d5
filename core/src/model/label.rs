//! Labels: pairs that are fixed, and dimensions whose values can be enumerated.

/// One label of one series: a name and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label<'a> {
    /// The label's name.
    pub name: &'a str,
    /// The label's value, any UTF-8, not escaped.
    pub value: &'a str,
}

impl<'a> Label<'a> {
    /// Pairs a name with a value; checked where the label is used.
    pub const fn new(name: &'a str, value: &'a str) -> Self {
        Self { name, value }
    }
}

/// One label of a dense family: its name and every value it can take, in order of index.
///
/// The children of a family are the product of its dimensions, the last one running fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension<'a> {
    /// The label's name.
    pub name: &'a str,
    /// The values, by index.
    pub values: &'a [&'a str],
}
