//! The description of one metric family.

use super::{Dimension, Grid, Kind, Number, Scale, ends_with};

/// One metric family: what it is called, what it means, what shape it has. Constant, in flash.
///
/// Usually written by `#[derive(Metrics)]`. The plain way is one of the constructors, completed by struct update:
///
/// ```
/// use narthex::model::{Desc, Details, Scale};
/// const UPTIME: Desc<'static> = Desc {
///     scale: Scale::new(-1),
///     details: &Details { unit: "seconds", ..Details::NONE },
///     ..Desc::gauge("uptime_seconds", "Time since boot.")
/// };
/// assert!(UPTIME.check().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Desc<'a> {
    /// Family name, as exposed in text 0.0.4 (a counter's ends in `_total`).
    pub name: &'a str,
    /// HELP text, not escaped.
    pub help: &'a str,
    /// The type.
    pub kind: Kind,
    /// What a cell holds.
    pub number: Number,
    /// Whether a cell may be unset, and is then not exposed.
    pub optional: bool,
    /// By what power of ten integers are multiplied.
    pub scale: Scale,
    /// What only some families have.
    pub details: &'a Details<'a>,
}

/// What only some families have. It stands apart so that the others pay one word of flash for all of it, and families
/// that have the same share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Details<'a> {
    /// Unit in the plural of the base unit (`seconds`, `bytes`), or empty.
    pub unit: &'a str,
    /// Upper bounds of a histogram's buckets, inclusive, strictly increasing, in the device's unit (before
    /// scaling); `+Inf` is implied. Of an exponential histogram, the words of its [`Grid`]. Of a summary, its quantiles in
    /// millionths.
    pub bounds: &'a [u32],
    /// The states of a state set, by index.
    pub states: &'a [&'a str],
    /// Slots for children whose labels only run time knows, and one more for all that does not fit; 0 for a dense
    /// family, whose labels can be enumerated.
    pub capacity: usize,
    /// The labels; the children of a dense family are the product of their values.
    pub dimensions: &'a [Dimension<'a>],
}

impl Details<'_> {
    /// Nothing of all this.
    pub const NONE: Self = Self { unit: "", bounds: &[], states: &[], capacity: 0, dimensions: &[] };
}

impl<'a> Desc<'a> {
    /// Longest HELP, in bytes.
    pub const MAX_HELP: usize = 400;
    /// Most cells one instance of a family may have.
    pub const MAX_CELLS: usize = 16_384;

    const fn of(name: &'a str, help: &'a str, kind: Kind, number: Number) -> Self {
        Self { name, help, kind, number, optional: false, scale: Scale::ONE, details: &Details::NONE }
    }

    /// A counter without labels.
    pub const fn counter(name: &'a str, help: &'a str) -> Self {
        Self::of(name, help, Kind::Counter, Number::Unsigned)
    }

    /// An integer gauge without labels.
    pub const fn gauge(name: &'a str, help: &'a str) -> Self {
        Self::of(name, help, Kind::Gauge, Number::Signed)
    }

    /// A histogram, with its bounds in `details`.
    pub const fn histogram(name: &'a str, help: &'a str, details: &'a Details<'a>) -> Self {
        Self { details, ..Self::of(name, help, Kind::Histogram, Number::Unsigned) }
    }

    /// A histogram that finds its buckets by itself, with the words of its [`Grid`] as the bounds in `details`; of signed
    /// observations if its number is [`Number::Signed`].
    pub const fn exponential_histogram(name: &'a str, help: &'a str, details: &'a Details<'a>) -> Self {
        Self { details, ..Self::of(name, help, Kind::ExponentialHistogram, Number::Unsigned) }
    }

    /// Quantiles, with these as the bounds in `details`.
    pub const fn summary(name: &'a str, help: &'a str, details: &'a Details<'a>) -> Self {
        Self { details, ..Self::of(name, help, Kind::Summary, Number::Unsigned) }
    }

    /// Text that does not change, as labels of one value each: the dimensions of `details`.
    pub const fn info(name: &'a str, help: &'a str, details: &'a Details<'a>) -> Self {
        Self { details, ..Self::of(name, help, Kind::Info, Number::Unsigned) }
    }

    /// One of several states, which `details` lists.
    pub const fn state_set(name: &'a str, help: &'a str, details: &'a Details<'a>) -> Self {
        Self { details, ..Self::of(name, help, Kind::StateSet, Number::Unsigned) }
    }

    /// Number of children: the slots of a table family, the overflow included, else the product of the dimensions,
    /// 1 without labels; saturates.
    #[inline(never)] // Asked for in many places, none of them hot.
    pub const fn children(&self) -> usize {
        if self.details.capacity > 0 {
            return self.details.capacity.saturating_add(1);
        }
        let (mut dimensions, mut n) = (self.details.dimensions, 1usize);
        while let [dimension, rest @ ..] = dimensions {
            n = n.saturating_mul(dimension.values.len());
            dimensions = rest;
        }
        n
    }

    /// For how many buckets there is room: those of an exponential histogram's [`Grid`]; else the number of bounds.
    pub const fn buckets(&self) -> usize {
        match (self.kind, Grid::new(self.details.bounds)) {
            (Kind::ExponentialHistogram, Some(grid)) => grid.buckets(),
            _ => self.details.bounds.len(),
        }
    }

    /// Cells of one child: a histogram's buckets, `+Inf` and sum; a summary's quantiles, sum and count; those of an
    /// [`Exponential`](super::Exponential) histogram; none of an info; else one.
    #[inline(never)]
    pub const fn cells(&self) -> usize {
        match self.kind {
            Kind::Histogram | Kind::Summary => self.details.bounds.len().saturating_add(2),
            // As `Exponential::cells`; here in few instructions, as all have them.
            Kind::ExponentialHistogram => match self.details.bounds {
                [head, ..] => {
                    (((*head >> 16 & 0xfff) as usize + 1) << matches!(self.number, Number::Signed) as u32) + 3
                }
                [] => 0,
            },
            Kind::Info => 0,
            _ => 1,
        }
    }

    /// Cells of one child as they travel: in a table family its birth stands before them.
    #[inline(never)]
    pub const fn stride(&self) -> usize {
        self.cells().saturating_add((self.details.capacity > 0) as usize)
    }

    /// Cells of all children of one instance as they travel; saturates.
    #[inline(never)]
    pub const fn all_cells(&self) -> usize {
        self.children().saturating_mul(self.stride())
    }

    /// The value of dimension `dimension` for child `child`.
    pub fn label_value(&self, child: usize, dimension: usize) -> Option<&'a str> {
        let values = self.details.dimensions.get(dimension)?.values;
        let after = self.details.dimensions.get(dimension.checked_add(1)?..)?;
        let stride = after.iter().fold(1usize, |n, d| n.saturating_mul(d.values.len()));
        values.get(child.checked_div(stride)?.checked_rem(values.len())?).copied()
    }

    /// The name of the family in OpenMetrics: a counter's without `_total`, an info's without `_info`.
    pub const fn family(&self) -> &'a str {
        let suffix = self.kind.suffix();
        if !ends_with(self.name, suffix) {
            return self.name;
        }
        match self.name.split_at_checked(self.name.len() - suffix.len()) {
            Some((family, _)) => family,
            None => self.name,
        }
    }
}
