//! The description of one metric family.

use super::{Dimension, Kind, Number, Scale, ends_with};

/// One metric family: what it is called, what it means, what shape it has. Constant, in flash.
///
/// Usually written by `#[derive(Metrics)]`. The plain way is one of the constructors, completed by struct update:
///
/// ```
/// use narthex::model::{Desc, Scale};
/// const UPTIME: Desc<'static> =
///     Desc { unit: "seconds", scale: Scale::new(-1), ..Desc::gauge("uptime_seconds", "Time since boot.") };
/// assert!(UPTIME.check().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Desc<'a> {
    /// Family name, as exposed in text 0.0.4 (a counter's ends in `_total`).
    pub name: &'a str,
    /// HELP text, not escaped.
    pub help: &'a str,
    /// Unit in the plural of the base unit (`seconds`, `bytes`), or empty.
    pub unit: &'a str,
    /// The type.
    pub kind: Kind,
    /// What a cell holds.
    pub number: Number,
    /// Whether a cell may be unset, and is then not exposed.
    pub optional: bool,
    /// By what power of ten integers are multiplied.
    pub scale: Scale,
    /// Upper bounds of a histogram's buckets, inclusive, strictly increasing, in the device's unit (before
    /// scaling); `+Inf` is implied.
    pub bounds: &'a [u32],
    /// Labels whose values can be enumerated; the children are their product.
    pub dimensions: &'a [Dimension<'a>],
}

impl<'a> Desc<'a> {
    /// Longest HELP, in bytes.
    pub const MAX_HELP: usize = 400;
    /// Most cells one instance of a family may have.
    pub const MAX_CELLS: usize = 16_384;

    const fn of(name: &'a str, help: &'a str, kind: Kind, number: Number) -> Self {
        Self {
            name,
            help,
            unit: "",
            kind,
            number,
            optional: false,
            scale: Scale::ONE,
            bounds: &[],
            dimensions: &[],
        }
    }

    /// A counter without labels.
    pub const fn counter(name: &'a str, help: &'a str) -> Self {
        Self::of(name, help, Kind::Counter, Number::Unsigned)
    }

    /// An integer gauge without labels.
    pub const fn gauge(name: &'a str, help: &'a str) -> Self {
        Self::of(name, help, Kind::Gauge, Number::Signed)
    }

    /// A histogram without labels; `bounds` in the device's unit, before scaling.
    pub const fn histogram(name: &'a str, help: &'a str, bounds: &'a [u32]) -> Self {
        Self { bounds, ..Self::of(name, help, Kind::Histogram, Number::Unsigned) }
    }

    /// Number of children: the product of the dimensions, 1 without labels; saturates.
    #[inline(never)] // Asked for in many places, none of them hot.
    pub const fn children(&self) -> usize {
        let (mut dimensions, mut n) = (self.dimensions, 1usize);
        while let [dimension, rest @ ..] = dimensions {
            n = n.saturating_mul(dimension.values.len());
            dimensions = rest;
        }
        n
    }

    /// Cells of one child: a histogram's buckets, `+Inf` and sum, else one.
    pub const fn cells(&self) -> usize {
        match self.kind {
            Kind::Histogram => self.bounds.len().saturating_add(2),
            _ => 1,
        }
    }

    /// Cells of all children of one instance; saturates.
    #[inline(never)]
    pub const fn all_cells(&self) -> usize {
        self.children().saturating_mul(self.cells())
    }

    /// The value of dimension `dimension` for child `child`.
    pub fn label_value(&self, child: usize, dimension: usize) -> Option<&'a str> {
        let values = self.dimensions.get(dimension)?.values;
        let after = self.dimensions.get(dimension.checked_add(1)?..)?;
        let stride = after.iter().fold(1usize, |n, d| n.saturating_mul(d.values.len()));
        values.get(child.checked_div(stride)?.checked_rem(values.len())?).copied()
    }

    /// The name of the family in OpenMetrics: a counter's without `_total`.
    pub const fn family(&self) -> &'a str {
        if !matches!(self.kind, Kind::Counter) || !ends_with(self.name, "_total") {
            return self.name;
        }
        match self.name.split_at_checked(self.name.len() - "_total".len()) {
            Some((family, _)) => family,
            None => self.name,
        }
    }
}
