//! The lines of a family, out of texts that are ready.

use std::ops::Range;
use std::sync::Arc;

use narthex::model::{Kind, Number, Scale, Value};
use narthex::text::{Format, Out, head, line, number};

use super::heads::{Head, Heads};
use crate::model::{Bound, Child, Family, Form, Point, Shape};
use crate::registry::{Row, Run};

/// How the lines of one family after the other are written on one page.
#[derive(Debug)]
pub(super) struct Lines {
    format: Format,
    created: bool,
    /// Begins the lines of all values; in a histogram those of its buckets.
    value: Beginning,
    sum: Beginning,
    count: Beginning,
    since: Beginning,
    heads: Heads,
}

/// What begins a line: the name of a series and a brace, for labels to follow.
#[derive(Debug, Default)]
struct Beginning(String);

impl Lines {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            created: false,
            value: Beginning::default(),
            sum: Beginning::default(),
            count: Beginning::default(),
            since: Beginning::default(),
            heads: Heads::default(),
        }
    }

    /// Begins another page; keeps its memory.
    pub(super) fn restart(&mut self, format: Format) {
        (self.format, self.created) = (format, false);
        self.heads.clear();
    }

    /// With `_created` lines, if the format has them.
    pub(super) fn show_created(&mut self) {
        self.created = self.format == Format::OpenMetrics;
    }

    /// What comes now is of this family.
    pub(super) fn begin(&mut self, family: &Family) {
        self.heads.clear();
        let name = &*family.name;
        if family.kind == Kind::Summary {
            self.value.set(name, "");
            self.sum.set(name, "_sum");
            self.count.set(name, "_count");
        } else if family.kind == Kind::Histogram {
            self.value.set(name, "_bucket");
            self.sum.set(name, "_sum");
            self.count.set(name, "_count");
        } else {
            self.value.set(name, "");
        }
        if self.created {
            self.since.set(family.open_metrics_name(), "_created");
        }
    }

    /// Writes HELP, TYPE and UNIT.
    pub(super) fn head(&self, out: &mut Out<'_>, family: &Family) {
        let Family { name, help, unit, kind } = family;
        head::help(out, self.format, name, *kind, help);
        head::kind(out, self.format, name, *kind);
        head::unit(out, self.format, name, *kind, unit);
    }

    /// Writes all lines of a child.
    #[inline]
    pub(super) fn child(&self, out: &mut Out<'_>, child: &Child<'_>) {
        let labels = if child.is_bare() { &[] } else { child.labels };
        let mut line = Line { out, format: self.format, labels };
        match child.point {
            Point::Value { value, scale } => line.sample(&self.value, value, scale),
            _ => self.several(&mut line, child.point),
        }
        if let (true, Some(created)) = (self.created, child.created) {
            line.sample(&self.since, Value::Unsigned(created), Scale::new(-3));
        }
    }

    /// Writes the lines of children of a run, from that of this number on, until there is no more room. Returns how
    /// many are written, those before included.
    pub(super) fn run(&mut self, out: &mut Out<'_>, run: &Run, from: usize) -> usize {
        let Some(shape) = run.shape() else { return from };
        if !self.heads.are_of(shape) {
            self.make_heads(shape);
        }
        if let ([_], Form::Value, Some([head])) = (&*shape.labels, &shape.form, self.heads.of(0)) {
            return self.single(out, shape, head, run, from);
        }
        let children = shape.labels.len().max(1);
        let (mut written, mut child) = (from, from % children);
        for (row, cells) in run.rows_from(from / children) {
            while let Some(cells) = shape.cells_of(cells, child) {
                let Some(heads) = self.heads.of(child) else { return written };
                let start = out.len();
                self.alike(out, shape, row, cells, heads);
                if out.is_full() {
                    out.rewind(start);
                    return written;
                }
                written += 1;
                child += 1;
            }
            child = 0;
        }
        written
    }

    /// As [`run`](Self::run), of rows of one line: so most are.
    fn single(&self, out: &mut Out<'_>, shape: &Shape, head: &Head, run: &Run, from: usize) -> usize {
        let is_whole = shape.number == Number::Unsigned && shape.scale == Scale::ONE;
        let mut written = from;
        for (row, cells) in run.rows_from(from) {
            let &[cell] = cells else { return written };
            let start = out.len();
            head.write(out, &row.text);
            if is_whole {
                line::whole(out, cell);
            } else {
                line::finish(out, self.format, start, shape.value(cell), shape.scale);
            }
            if out.is_full() {
                out.rewind(start);
                return written;
            }
            written += 1;
        }
        written
    }

    /// Writes the lines of one child of a run.
    #[inline]
    fn alike(&self, out: &mut Out<'_>, shape: &Shape, row: &Row, cells: &[u64], mut heads: &[Head]) {
        let Some((last, buckets)) = cells.split_last() else { return };
        let mut total = 0u64;
        for bucket in buckets {
            total = total.wrapping_add(*bucket);
            if let Some(head) = heads.split_off_first() {
                head.write(out, &row.text);
                line::whole(out, total);
            }
        }
        if let Some(head) = heads.split_off_first() {
            let start = out.len();
            head.write(out, &row.text);
            match shape.value(*last) {
                Value::Unsigned(n) if shape.scale == Scale::ONE => line::whole(out, n),
                value => line::finish(out, self.format, start, value, shape.scale),
            }
        }
        if let Form::Histogram(_) = shape.form
            && let Some(head) = heads.split_off_first()
        {
            head.write(out, &row.text);
            line::whole(out, total);
        }
        if let Some(created) = row.created
            && let Some(head) = heads.split_off_first()
        {
            let start = out.len();
            head.write(out, &row.text);
            line::finish(out, self.format, start, Value::Unsigned(created), Scale::new(-3));
        }
    }

    /// Makes the heads of a shape ready: for each child those of its lines, as [`child`](Self::child) writes them.
    fn make_heads(&mut self, shape: &Arc<Shape>) {
        let Self { format, created, value, sum, count, since, heads } = self;
        let values = match &shape.form {
            Form::Value => 1,
            Form::Histogram(bounds) => bounds.len().saturating_add(3),
        };
        heads.begin(shape, values.saturating_add((*created).into()));
        for [before, behind] in &shape.labels {
            let mut one = |beginning: &Beginning, end: &str| {
                heads.add([&beginning.0, before], [behind, end]);
            };
            match &shape.form {
                Form::Value => one(value, "}"),
                Form::Histogram(bounds) => {
                    let ends = bounds.iter().map(|bound| bound.label(*format)).chain([Bound::INFINITE]);
                    ends.for_each(|end| one(value, end));
                    one(sum, "}");
                    one(count, "}");
                }
            }
            if *created {
                one(since, "}");
            }
        }
    }

    /// Writes the lines of a child that has more than one.
    fn several(&self, line: &mut Line<'_, '_, '_>, point: Point<'_>) {
        match point {
            Point::Value { .. } => {}
            Point::Histogram { bounds, buckets, sum, scale } => {
                // All but the last label of the buckets' lines is the same: they are copied from the first.
                let mut head = None;
                let mut total = 0u64;
                let ends = bounds.iter().map(|bound| bound.label(self.format)).chain([Bound::INFINITE]);
                for (end, bucket) in ends.zip(buckets) {
                    total = total.wrapping_add(*bucket);
                    line.bucket(&mut head, &self.value, end, total);
                }
                line.sample(&self.sum, sum, scale);
                line.sample(&self.count, Value::Unsigned(total), Scale::ONE);
            }
            Point::Native(native) => {
                let mut head = None;
                for (upper, count) in native.cumulative() {
                    // The longest number, of 20 digits at a scale of 18, has 38 bytes and a sign.
                    let mut buf = [0; 64];
                    let mut end = Out::new(&mut buf);
                    end.str(",le=\"");
                    upper.write(&mut end, self.format, native.scale());
                    end.str("\"}");
                    let end = str::from_utf8(end.written()).unwrap_or_default();
                    line.bucket(&mut head, &self.value, end, count);
                }
                line.bucket(&mut head, &self.value, Bound::INFINITE, native.count());
                // OpenMetrics 1.0, "Histogram": with bounds below 0 there is no sum, and without a sum no count.
                if !(native.is_signed() && self.format == Format::OpenMetrics) {
                    line.sample(&self.sum, native.sum(), native.scale());
                    line.sample(&self.count, Value::Unsigned(native.count()), Scale::ONE);
                }
            }
            Point::Summary { quantiles, values, sum, count, scale } => {
                for (quantile, value) in quantiles.iter().zip(values) {
                    let mut buf = [0; 32];
                    let mut end = Out::new(&mut buf);
                    end.str(",quantile=\"");
                    number::bound(&mut end, self.format, u64::from(*quantile), Scale::new(-6));
                    end.str("\"}");
                    let end = str::from_utf8(end.written()).unwrap_or_default();
                    let value = value.checked_sub(1).map_or(Value::F64(f64::NAN), Value::Unsigned);
                    line.last(&self.value, end, value, scale);
                }
                line.sample(&self.sum, sum, scale);
                line.sample(&self.count, Value::Unsigned(count), Scale::ONE);
            }
            Point::States { states, state } => {
                for (index, label) in states.iter().enumerate() {
                    line.state(&self.value, label.as_str(), index == state);
                }
            }
        }
    }
}

impl Beginning {
    fn set(&mut self, name: &str, suffix: &str) {
        self.0.clear();
        self.0.extend([name, suffix, "{"]);
    }

    fn bare(&self) -> &str {
        self.0.strip_suffix('{').unwrap_or_default()
    }
}

/// Writes the lines of one child.
struct Line<'a, 'b, 'c> {
    out: &'a mut Out<'b>,
    format: Format,
    /// Its label text in pieces; none if it is empty.
    labels: &'c [&'c str],
}

impl Line<'_, '_, '_> {
    #[inline]
    fn sample(&mut self, beginning: &Beginning, value: Value, scale: Scale) {
        let start = self.out.len();
        if self.labels.is_empty() {
            self.out.str(beginning.bare());
        } else {
            self.labelled(beginning);
            self.out.str("}");
        }
        line::finish(self.out, self.format, start, value, scale);
    }

    /// Writes the line of a bucket. `head` is where that of the first one stands, up to the last label; `end` is a
    /// comma, that label, and the brace.
    fn bucket(&mut self, head: &mut Option<Range<usize>>, beginning: &Beginning, end: &str, n: u64) {
        let start = self.out.len();
        match head {
            Some(head) => self.out.again(head.start, head.len()),
            None => *head = Some(self.labelled(beginning)),
        }
        self.out.str(if self.labels.is_empty() { end.get(1..).unwrap_or_default() } else { end });
        line::finish(self.out, self.format, start, Value::Unsigned(n), Scale::ONE);
    }

    /// Writes a line of this value; `end` is a comma, its last label, and the brace.
    fn last(&mut self, beginning: &Beginning, end: &str, value: Value, scale: Scale) {
        let start = self.out.len();
        self.labelled(beginning);
        self.out.str(if self.labels.is_empty() { end.get(1..).unwrap_or_default() } else { end });
        line::finish(self.out, self.format, start, value, scale);
    }

    /// Writes the line of a state.
    fn state(&mut self, beginning: &Beginning, label: &str, holds: bool) {
        let start = self.out.len();
        self.labelled(beginning);
        self.out.str(if self.labels.is_empty() { "" } else { "," });
        self.out.str(label);
        self.out.str("}");
        line::finish(self.out, self.format, start, Value::Unsigned(holds.into()), Scale::ONE);
    }

    /// Writes a line's head up to where labels may follow. Returns where it stands.
    #[inline]
    fn labelled(&mut self, beginning: &Beginning) -> Range<usize> {
        let start = self.out.len();
        self.out.str(&beginning.0);
        for piece in self.labels {
            self.out.str(piece);
        }
        start..self.out.len()
    }
}
