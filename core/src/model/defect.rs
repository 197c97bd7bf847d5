//! Every rule a description must keep, as `const fn`: the compiler refuses on the device what the host refuses on
//! the link.

use core::fmt;

use super::{Desc, Dimension, Grid, Kind, Label, LabelName, Name, NameError, Number, ends_with, same};

/// What is wrong with a [`Desc`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Defect {
    /// The metric name is illegal.
    Name(NameError),
    /// A label name is illegal.
    LabelName(NameError),
    /// HELP is empty.
    NoHelp,
    /// HELP is longer than [`Desc::MAX_HELP`] bytes.
    LongHelp,
    /// A counter whose name does not end in `_total`.
    NoTotal,
    /// `_total` on something that is not a counter.
    Total,
    /// An info whose name does not end in `_info`.
    NoInfo,
    /// A unit, or a scale, on an info or a state set.
    UnitOfText,
    /// A state set without states, or with one twice, or states on something else.
    States,
    /// A state set whose name is the name of one of its labels.
    StateLabel,
    /// Slots and enumerated values in one family, or slots without a label.
    Capacity,
    /// `_bucket`, `_count`, `_sum` or `_created`: other series of a family are called so.
    ReservedSuffix,
    /// The name does not carry the unit as its suffix.
    Unit,
    /// The unit is not made of letters, digits and underscores.
    UnitText,
    /// `le` or `quantile` as a label.
    ReservedLabel,
    /// A label name is used twice.
    DuplicateLabel,
    /// A dimension lists no value, or one twice.
    LabelValues,
    /// A histogram without bounds, or bounds on something else.
    Bounds,
    /// Bounds that do not increase.
    BoundsOrder,
    /// An exponential histogram whose bounds are not the [`Grid`] of its scale, or one of a number of buckets that is not a
    /// power of two from 8 to 1024.
    Grid,
    /// Quantiles of a summary that are none, do not increase, or are above 1.
    Quantiles,
    /// A kind of number that this kind of metric cannot have.
    Number,
    /// A scale on a float.
    FloatScale,
    /// More than [`Desc::MAX_CELLS`] cells in one family.
    Cells,
}

impl Defect {
    /// What is wrong, in one clause; `const`, so that it can be a compiler's message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name(NameError::Empty) => "the metric name is empty",
            Self::Name(NameError::Long { .. }) => "the metric name is longer than 200 bytes",
            Self::Name(_) => "the metric name must match [a-zA-Z_:][a-zA-Z0-9_:]*",
            Self::LabelName(NameError::Reserved) => "label names starting with `__` are reserved",
            Self::LabelName(_) => "a label name must match [a-zA-Z_][a-zA-Z0-9_]*",
            Self::NoHelp => "there is no help text: write a doc comment",
            Self::LongHelp => "the help text is longer than 400 bytes",
            Self::NoTotal => "a counter's name must end in `_total`",
            Self::Total => "only a counter's name may end in `_total`",
            Self::NoInfo => "an info's name must end in `_info`",
            Self::UnitOfText => "an info or a state set has no unit and no scale",
            Self::States => {
                "a state set needs at least one state, and no state twice; nothing else has states"
            }
            Self::StateLabel => "a label is called as the state set is: that is the label of its states",
            Self::Capacity => "a table family needs a label, of which no values are listed",
            Self::ReservedSuffix => {
                "the name ends in `_bucket`, `_count`, `_sum` or `_created`, which other series of a family have: choose another"
            }
            Self::Unit => "the name must end in its unit (before a counter's `_total`)",
            Self::UnitText => "the unit must be made of lower-case letters, digits and underscores",
            Self::ReservedLabel => "the label names `le` and `quantile` are reserved",
            Self::DuplicateLabel => "a label name is used twice",
            Self::LabelValues => "a label needs at least one value, and no value twice",
            Self::Bounds => "a histogram needs at least one bucket bound, and nothing else may have one",
            Self::BoundsOrder => "bucket bounds must be strictly increasing",
            Self::Grid => {
                "an exponential histogram needs the grid of its scale, and 8, 16, 32 … up to 1024 buckets"
            }
            Self::Quantiles => "a summary needs quantiles, strictly increasing, from 0 to 1",
            Self::Number => "this kind of metric cannot hold this kind of number",
            Self::FloatScale => "a float is not scaled: set it in the unit of the metric, without `scale`",
            Self::Cells => "the family has more than 16384 cells",
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for Defect {}

impl Desc<'_> {
    /// Checks every rule; the first that is broken is returned.
    ///
    /// # Errors
    /// The [`Defect`].
    pub const fn check(&self) -> Result<(), Defect> {
        if let Err(e) = Name::new(self.name) {
            return Err(Defect::Name(e));
        }
        if self.family().is_empty() {
            return Err(Defect::Name(NameError::Empty));
        }
        if self.help.is_empty() {
            return Err(Defect::NoHelp);
        }
        if self.help.len() > Self::MAX_HELP {
            return Err(Defect::LongHelp);
        }
        let total = ends_with(self.name, "_total");
        match self.kind {
            Kind::Counter if !total => return Err(Defect::NoTotal),
            Kind::Counter => {}
            Kind::Info if !ends_with(self.name, "_info") => return Err(Defect::NoInfo),
            _ if total => return Err(Defect::Total),
            _ => {}
        }
        let mut suffixes: &[&str] = &["_bucket", "_count", "_sum", "_created"];
        while let [suffix, rest @ ..] = suffixes {
            if ends_with(self.family(), suffix) {
                return Err(Defect::ReservedSuffix);
            }
            suffixes = rest;
        }
        if let Err(e) = self.check_unit() {
            return Err(e);
        }
        if let Err(e) = self.check_shape() {
            return Err(e);
        }
        self.check_labels(&[])
    }

    const fn check_unit(&self) -> Result<(), Defect> {
        let mut unit = self.details.unit.as_bytes();
        while let [byte, rest @ ..] = unit {
            if !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_') {
                return Err(Defect::UnitText);
            }
            unit = rest;
        }
        let family = self.family();
        if self.details.unit.is_empty() {
            return Ok(());
        }
        if family.len() > self.details.unit.len() && ends_with(family, self.details.unit) {
            let (head, _) = family.as_bytes().split_at(family.len() - self.details.unit.len());
            if let [.., b'_'] = head {
                return Ok(());
            }
        }
        Err(Defect::Unit)
    }

    const fn check_shape(&self) -> Result<(), Defect> {
        let text = matches!(self.kind, Kind::Info | Kind::StateSet);
        if text && (!self.details.unit.is_empty() || self.scale.exponent() != 0) {
            return Err(Defect::UnitOfText);
        }
        let state_set = matches!(self.kind, Kind::StateSet);
        if state_set == self.details.states.is_empty() || repeats(self.details.states) {
            return Err(Defect::States);
        }
        if state_set && names_dimension(self.details.dimensions, self.name) {
            return Err(Defect::StateLabel);
        }
        if self.details.capacity > 0 && self.details.dimensions.is_empty() {
            return Err(Defect::Capacity);
        }
        if let Err(e) = self.check_bounds() {
            return Err(e);
        }
        let unsigned = matches!(self.number, Number::Unsigned);
        let signed = matches!(self.number, Number::Signed);
        let gauge = matches!(self.kind, Kind::Gauge);
        let either = matches!(self.kind, Kind::ExponentialHistogram) && signed;
        if (unsigned == gauge && !either) || (self.optional && !gauge) {
            return Err(Defect::Number);
        }
        if matches!(self.number, Number::F32 | Number::F64) && self.scale.exponent() != 0 {
            return Err(Defect::FloatScale);
        }
        if self.all_cells() > Self::MAX_CELLS {
            return Err(Defect::Cells);
        }
        Ok(())
    }

    /// Checks that the bounds of an exponential histogram are those of its scale, to the last bit: what
    /// [`check`](Desc::check) leaves out, as it takes long. For the compiler.
    ///
    /// # Errors
    /// [`Defect::Grid`].
    pub const fn check_grid(&self) -> Result<(), Defect> {
        match self.kind {
            Kind::ExponentialHistogram if !Grid::is_right(self.details.bounds, self.scale) => {
                Err(Defect::Grid)
            }
            _ => Ok(()),
        }
    }

    const fn check_bounds(&self) -> Result<(), Defect> {
        let bounds = self.details.bounds;
        match self.kind {
            Kind::ExponentialHistogram if Grid::is_one(bounds) => Ok(()),
            Kind::ExponentialHistogram => Err(Defect::Grid),
            Kind::Summary => match bounds {
                [.., last] if *last <= 1_000_000 && increase(bounds) => Ok(()),
                _ => Err(Defect::Quantiles),
            },
            kind if matches!(kind, Kind::Histogram) == bounds.is_empty() => Err(Defect::Bounds),
            _ if !increase(bounds) => Err(Defect::BoundsOrder),
            _ => Ok(()),
        }
    }

    /// Checks the family's own labels together with those an instance adds.
    ///
    /// # Errors
    /// The [`Defect`].
    pub const fn check_labels(&self, labels: &[Label<'_>]) -> Result<(), Defect> {
        let mut own = self.details.dimensions;
        while let [dimension, rest @ ..] = own {
            if let Err(e) = check_label(dimension.name) {
                return Err(e);
            }
            if names_dimension(rest, dimension.name) || names_label(labels, dimension.name) {
                return Err(Defect::DuplicateLabel);
            }
            if self.details.capacity > 0 && !dimension.values.is_empty() {
                return Err(Defect::Capacity);
            }
            if (self.details.capacity == 0 && dimension.values.is_empty()) || repeats(dimension.values) {
                return Err(Defect::LabelValues);
            }
            own = rest;
        }
        let mut labels = labels;
        while let [label, rest @ ..] = labels {
            if let Err(e) = check_label(label.name) {
                return Err(e);
            }
            if matches!(self.kind, Kind::StateSet) && same(label.name, self.name) {
                return Err(Defect::StateLabel);
            }
            if names_label(rest, label.name) {
                return Err(Defect::DuplicateLabel);
            }
            labels = rest;
        }
        Ok(())
    }

    /// Whether `other` describes the same family: all but the constant labels must be equal.
    pub const fn agrees(&self, other: &Desc<'_>) -> bool {
        same(self.name, other.name)
            && same(self.help, other.help)
            && same(self.details.unit, other.details.unit)
            && self.kind as u8 == other.kind as u8
            && self.number as u8 == other.number as u8
            && self.optional == other.optional
            && self.scale.exponent() == other.scale.exponent()
            && same_bounds(self.details.bounds, other.details.bounds)
            && same_values(self.details.states, other.details.states)
            && self.details.capacity == other.details.capacity
            && same_dimensions(self.details.dimensions, other.details.dimensions)
    }
}

const fn increase(mut bounds: &[u32]) -> bool {
    while let [low, rest @ ..] = bounds {
        if let [high, ..] = rest
            && *low >= *high
        {
            return false;
        }
        bounds = rest;
    }
    true
}

const fn check_label(name: &str) -> Result<(), Defect> {
    match LabelName::new(name) {
        Err(e) => Err(Defect::LabelName(e)),
        Ok(_) if same(name, "le") || same(name, "quantile") => Err(Defect::ReservedLabel),
        Ok(_) => Ok(()),
    }
}

const fn names_dimension(mut dimensions: &[Dimension<'_>], name: &str) -> bool {
    while let [dimension, rest @ ..] = dimensions {
        if same(dimension.name, name) {
            return true;
        }
        dimensions = rest;
    }
    false
}

const fn names_label(mut labels: &[Label<'_>], name: &str) -> bool {
    while let [label, rest @ ..] = labels {
        if same(label.name, name) {
            return true;
        }
        labels = rest;
    }
    false
}

const fn repeats(mut values: &[&str]) -> bool {
    while let [value, rest @ ..] = values {
        let mut others = rest;
        while let [other, tail @ ..] = others {
            if same(value, other) {
                return true;
            }
            others = tail;
        }
        values = rest;
    }
    false
}

const fn same_bounds(mut a: &[u32], mut b: &[u32]) -> bool {
    while let ([x, xs @ ..], [y, ys @ ..]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (xs, ys);
    }
    a.is_empty() && b.is_empty()
}

const fn same_dimensions(mut a: &[Dimension<'_>], mut b: &[Dimension<'_>]) -> bool {
    while let ([x, xs @ ..], [y, ys @ ..]) = (a, b) {
        if !same(x.name, y.name) || !same_values(x.values, y.values) {
            return false;
        }
        (a, b) = (xs, ys);
    }
    a.is_empty() && b.is_empty()
}

const fn same_values(mut a: &[&str], mut b: &[&str]) -> bool {
    while let ([x, xs @ ..], [y, ys @ ..]) = (a, b) {
        if !same(x, y) {
            return false;
        }
        (a, b) = (xs, ys);
    }
    a.is_empty() && b.is_empty()
}

#[cfg(test)]
mod tests;
