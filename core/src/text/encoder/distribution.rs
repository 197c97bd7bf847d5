//! Lines of what finds its buckets by itself: exponential histograms and summaries.

use super::super::{Cumulative, Format, Out, Upper, line};
use super::{COMMENTS, Encoder};
use crate::model::{Exponential, Instance, Kind, Number, Scale, Slots, Source, Value};

/// The number of the line `+Inf` of an exponential histogram; behind it are the sum and the count. Lines in front are
/// numbered by where their bounds stand, which is less.
const INFINITE: u16 = 65_000;

/// What a line tells beside the labels of its child.
struct Line {
    suffix: &'static str,
    /// A label: what it is called, and its number; `None` for `+Inf`.
    label: Option<(&'static str, Option<Upper>, Scale)>,
    /// `None` for `NaN`.
    value: Option<Value>,
    scale: Scale,
    /// How many lines there are in all.
    lines: usize,
}

impl Encoder {
    /// Writes the next line of a child, and returns how many it has in all; 0 if it is not there. As for an exponential
    /// histogram that depends on where its bounds are, its lines have numbers between which there are gaps.
    pub(super) fn distribution<S: Source + ?Sized>(
        &mut self,
        source: &S,
        instance: &Instance<'_>,
        slots: Option<&dyn Slots>,
        out: &mut Out<'_>,
    ) -> usize {
        let (at, child) = (usize::from(self.instance), usize::from(self.child));
        let read = |cell| source.read(at, child, cell);
        let line = match instance.desc.kind {
            Kind::Summary => self.summary(instance, &read),
            _ => self.exponential(instance, &read),
        };
        let Some(Line { suffix, label, value, scale, lines }) = line else { return 0 };
        let start = out.len();
        out.str(instance.desc.name);
        out.str(suffix);
        let braces = self.labels(out, instance, slots);
        if let Some((label, number, scale)) = label {
            out.byte(if out.len() == braces { b'{' } else { b',' });
            out.str(label);
            out.str("=\"");
            match number {
                Some(number) => number.write(out, self.format, scale),
                None => out.str("+Inf"),
            }
            out.byte(b'"');
        }
        if out.len() > braces {
            out.byte(b'}');
        }
        match value {
            Some(value) => line::finish(out, self.format, start, value, scale),
            None => out.str(" NaN\n"),
        }
        lines
    }

    fn exponential(
        &mut self,
        instance: &Instance<'_>,
        read: &dyn Fn(usize) -> Option<Value>,
    ) -> Option<Line> {
        let desc = instance.desc;
        let shape = Exponential::of(desc)?;
        let mut upper = None;
        if self.line.wrapping_sub(COMMENTS) <= INFINITE {
            upper = self.next_bound(&shape, read);
        }
        // OpenMetrics 1.0, "Histogram": with bounds below 0 there is no sum, and without a sum no count.
        let no_sum = self.format == Format::OpenMetrics && desc.number == Number::Signed;
        let lines = usize::from(INFINITE) + if no_sum { 1 } else { 3 };
        let total = Line {
            suffix: "_bucket",
            label: Some(("le", upper, desc.scale)),
            value: Some(Value::Unsigned(self.total)),
            scale: Scale::ONE,
            lines,
        };
        Some(match self.line.wrapping_sub(COMMENTS).checked_sub(INFINITE) {
            None | Some(0) => total,
            Some(1) => {
                let sum = read(Exponential::sum(shape.grid.buckets(), shape.rings()))?;
                Line { suffix: "_sum", label: None, value: Some(sum), scale: desc.scale, ..total }
            }
            Some(_) => Line { suffix: "_count", label: None, ..total },
        })
    }

    /// Goes on to the next bound of an exponential histogram, if there is one, and makes its position the number of the
    /// line; behind the last, that of `+Inf`.
    fn next_bound(
        &mut self,
        shape: &Exponential<'_>,
        read: &dyn Fn(usize) -> Option<Value>,
    ) -> Option<Upper> {
        let number = |cell| match read(cell) {
            Some(Value::Unsigned(n)) => n,
            _ => 0,
        };
        // The line stands one behind the position, but for the first.
        let before = self.line.wrapping_sub(COMMENTS).saturating_sub(1);
        let position = Cumulative::FRONT.wrapping_add_unsigned(before);
        let mut cumulative = Cumulative { total: self.total, position, halvings: self.halvings };
        let bound = cumulative.next(shape, &number);
        (self.total, self.halvings) = (cumulative.total, cumulative.halvings);
        let line = match bound {
            Some(_) => cumulative.position.wrapping_sub(Cumulative::FRONT).cast_unsigned(),
            None => INFINITE,
        };
        self.line = line.wrapping_add(COMMENTS);
        bound
    }

    fn summary(&mut self, instance: &Instance<'_>, read: &dyn Fn(usize) -> Option<Value>) -> Option<Line> {
        let (desc, quantiles) = (instance.desc, instance.desc.details.bounds);
        let index = usize::from(self.line.wrapping_sub(COMMENTS));
        let Value::Unsigned(n) = read(index)? else { return None };
        let lines = quantiles.len() + 2;
        let last =
            Line { suffix: "_sum", label: None, value: Some(Value::Unsigned(n)), scale: desc.scale, lines };
        Some(match quantiles.get(index) {
            Some(quantile) => {
                let quantile = Upper { negative: false, magnitude: u64::from(*quantile) };
                Line {
                    suffix: "",
                    label: Some(("quantile", Some(quantile), Scale::new(-6))),
                    // One more than it is, as there may be none.
                    value: n.checked_sub(1).map(Value::Unsigned),
                    ..last
                }
            }
            None if index > quantiles.len() => Line { suffix: "_count", scale: Scale::ONE, ..last },
            None => last,
        })
    }
}
