//! Labels: pairs that are fixed, dimensions, and values that are known at run time only.

use super::ShortStr;

/// The value of a label of a table family, as text.
pub type LabelValue = ShortStr<{ Label::MAX_VALUE }>;

/// One label of one series: a name and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label<'a> {
    /// The label's name.
    pub name: &'a str,
    /// The label's value, any UTF-8, not escaped.
    pub value: &'a str,
}

impl<'a> Label<'a> {
    /// Longest value that is known at run time only, in bytes.
    pub const MAX_VALUE: usize = 32;

    /// Pairs a name with a value; checked where the label is used.
    pub const fn new(name: &'a str, value: &'a str) -> Self {
        Self { name, value }
    }
}

/// One label of a family: its name and every value it can take, in order of index; none in a table family, whose
/// slots take their labels at run time.
///
/// The children of a dense family are the product of its dimensions, the last one running fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension<'a> {
    /// The label's name.
    pub name: &'a str,
    /// The values, by index.
    pub values: &'a [&'a str],
}
