//! Owned children, for what cannot be shown where it stands: flat, sorted once, used again.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::{GatherError, GatherErrors, Indexed, Resume, Visitor};
use crate::model::{Bound, Child, Exponential, Family, Grid, LabelText, Native, Point, Scale, Value};

/// Children of several families, copied; an [`Indexed`] source once it is [finished](Arena::finish).
#[derive(Debug, Default)]
pub(crate) struct Arena {
    families: Vec<Arc<Family>>,
    rows: Vec<Row>,
    /// Label texts, end to end.
    text: String,
    /// Buckets, end to end.
    buckets: Vec<u64>,
    shapes: Vec<Shape>,
    /// States of state sets, each list once.
    states: Vec<Box<[LabelText]>>,
}

/// The bounds of a histogram. Collectors bring the same ones again and again: they are rendered once.
#[derive(Debug)]
struct Shape {
    /// As numbers, if they came as such.
    numbers: Option<Box<[f64]>>,
    bounds: Box<[Bound]>,
}

#[derive(Debug)]
struct Row {
    family: usize,
    /// Place in the order of arrival.
    arrival: usize,
    labels: Range<usize>,
    created: Option<u64>,
    value: Value,
    scale: Scale,
    of: Of,
}

/// What the value of a row is.
#[derive(Clone, Debug)]
enum Of {
    Value,
    /// The sum of a histogram of this shape, with these buckets.
    Histogram(usize, Range<usize>),
    /// An exponential histogram of this grid, signed or not, with these cells.
    Native(Box<[u32]>, bool, Range<usize>),
    /// The sum of a summary: of these quantiles, with these values, and the count.
    Summary(Box<[u32]>, Range<usize>, u64),
    /// The index of the state in this list.
    States(usize, usize),
}

/// How far an arena was filled at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    families: usize,
    rows: usize,
    text: usize,
    buckets: usize,
}

impl Arena {
    /// Most different sets of bounds, and lists of states, that are kept from one use to the next.
    const MAX_SHAPES: usize = 64;

    /// Empties it; keeps its memory.
    pub(crate) fn clear(&mut self) {
        self.families.clear();
        self.rows.clear();
        self.text.clear();
        self.buckets.clear();
        if self.shapes.len() > Self::MAX_SHAPES {
            self.shapes.clear();
        }
        if self.states.len() > Self::MAX_SHAPES {
            self.states.clear();
        }
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            families: self.families.len(),
            rows: self.rows.len(),
            text: self.text.len(),
            buckets: self.buckets.len(),
        }
    }

    /// Forgets what came after `mark`.
    pub(crate) fn rewind(&mut self, mark: Mark) {
        self.families.truncate(mark.families);
        self.rows.truncate(mark.rows);
        self.text.truncate(mark.text);
        self.buckets.truncate(mark.buckets);
    }

    /// Adds a family; children name it by the number returned.
    pub(crate) fn family(&mut self, family: Arc<Family>) -> usize {
        self.families.push(family);
        self.families.len() - 1
    }

    /// Families added since `mark`, with their numbers.
    pub(crate) fn families_since(&self, mark: Mark) -> impl Iterator<Item = (usize, &Arc<Family>)> {
        self.families.iter().enumerate().skip(mark.families)
    }

    /// Families added since `mark` that have children, with their numbers.
    pub(crate) fn offered_since(&self, mark: Mark) -> Vec<(usize, Arc<Family>)> {
        let with_children: HashSet<_> = self.rows.iter().skip(mark.rows).map(|row| row.family).collect();
        let offered = self.families_since(mark).filter(|(index, _)| with_children.contains(index));
        offered.map(|(index, family)| (index, Arc::clone(family))).collect()
    }

    /// Where label text of the next child is to be written.
    pub(crate) fn text(&mut self) -> &mut String {
        &mut self.text
    }

    /// The label text written since `mark`.
    pub(crate) fn text_since(&self, mark: Mark) -> &str {
        self.text.get(mark.text..).unwrap_or("")
    }

    /// Adds a child with one value; its labels are the text written since `mark`.
    pub(crate) fn value(&mut self, mark: Mark, family: usize, value: Value, scale: Scale) {
        self.row(mark, family, None, value, scale, Of::Value);
    }

    /// Adds a histogram; its labels are the text written since `mark`.
    pub(crate) fn histogram(
        &mut self,
        mark: Mark,
        family: usize,
        bounds: &[f64],
        buckets: &[u64],
        sum: Value,
    ) {
        let shape = self.shapes.iter().position(|shape| shape.numbers.as_deref() == Some(bounds));
        let shape = shape.unwrap_or_else(|| {
            let rendered = bounds.iter().copied().map(Bound::new).collect();
            self.shapes.push(Shape { numbers: Some(bounds.into()), bounds: rendered });
            self.shapes.len() - 1
        });
        let range = self.extend_buckets(buckets);
        self.row(mark, family, None, sum, Scale::ONE, Of::Histogram(shape, range));
    }

    /// Adds a state set; its labels are the text written since `mark`.
    pub(crate) fn states(&mut self, mark: Mark, family: usize, states: &[LabelText], state: usize) {
        let list = self.states.iter().position(|there| **there == *states).unwrap_or_else(|| {
            self.states.push(states.into());
            self.states.len() - 1
        });
        self.row(mark, family, None, Value::Unsigned(1), Scale::ONE, Of::States(list, state));
    }

    /// Copies a child of another source.
    pub(crate) fn copy(&mut self, family: usize, child: &Child<'_>) {
        let mark = self.mark();
        child.join_labels(&mut self.text);
        match child.point {
            Point::Value { value, scale } => self.row(mark, family, child.created, value, scale, Of::Value),
            Point::States { states, state } => self.states(mark, family, states, state),
            Point::Summary { quantiles, values, sum, count, scale } => {
                let of = Of::Summary(quantiles.into(), self.extend_buckets(values), count);
                self.row(mark, family, child.created, sum, scale, of);
            }
            Point::Native(native) => {
                let (shape, cells) = native.parts();
                let words = shape.grid.to_words().collect();
                let of = Of::Native(words, shape.signed, self.extend_buckets(cells));
                self.row(mark, family, child.created, native.sum(), native.scale(), of);
            }
            Point::Histogram { bounds, buckets, sum, scale } => {
                let shape = self.shapes.iter().position(|shape| *shape.bounds == *bounds);
                let shape = shape.unwrap_or_else(|| {
                    self.shapes.push(Shape { numbers: None, bounds: bounds.into() });
                    self.shapes.len() - 1
                });
                let range = self.extend_buckets(buckets);
                self.row(mark, family, child.created, sum, scale, Of::Histogram(shape, range));
            }
        }
    }

    fn extend_buckets(&mut self, buckets: &[u64]) -> Range<usize> {
        let start = self.buckets.len();
        self.buckets.extend_from_slice(buckets);
        start..self.buckets.len()
    }

    fn row(&mut self, mark: Mark, family: usize, created: Option<u64>, value: Value, scale: Scale, of: Of) {
        let (arrival, labels) = (self.rows.len(), mark.text..self.text.len());
        self.rows.push(Row { family, arrival, labels, created, value, scale, of });
    }

    /// Forgets the children of a family.
    pub(crate) fn drop_family(&mut self, family: usize) {
        self.rows.retain(|row| row.family != family);
    }

    /// Puts children in order; of several of one series the first that came stays, the others are errors.
    pub(crate) fn finish(&mut self, errors: &mut GatherErrors) {
        let Self { families, rows, text, .. } = self;
        let name = |row: &Row| families.get(row.family).map_or("", |family| &family.name);
        let labels = |row: &Row| text.get(row.labels.clone()).unwrap_or("");
        let same = |a: &Row, b: &Row| name(a).cmp(name(b)).then_with(|| labels(a).cmp(labels(b)));
        rows.sort_unstable_by(|a, b| same(a, b).then(a.arrival.cmp(&b.arrival)));
        rows.dedup_by(|later, first| {
            let twice = same(later, first) == Ordering::Equal;
            if twice {
                let (family, labels) = (name(later).into(), labels(later).into());
                errors.push(GatherError::Duplicate { family, labels });
            }
            twice
        });
    }

    fn name(&self, row: &Row) -> &str {
        self.families.get(row.family).map_or("", |family| &family.name)
    }
}

impl Indexed for Arena {
    fn families(&self) -> Vec<Arc<Family>> {
        let mut families: Vec<_> =
            self.rows.iter().filter_map(|row| self.families.get(row.family)).map(Arc::clone).collect();
        families.dedup_by(|a, b| a.name == b.name);
        families
    }

    fn visit(&self, family: &str, resume: &mut Resume, visitor: &mut dyn Visitor) -> bool {
        let start = self.rows.partition_point(|row| self.name(row) < family).max(resume.index);
        for (index, row) in self.rows.iter().enumerate().skip(start) {
            if self.name(row) != family {
                break;
            }
            let Row { value, scale, .. } = *row;
            let point = match &row.of {
                Of::Value => Point::Value { value, scale },
                Of::States(list, state) => {
                    let states = self.states.get(*list).map_or(&[][..], |states| states);
                    Point::States { states, state: *state }
                }
                Of::Summary(quantiles, range, count) => Point::Summary {
                    quantiles,
                    values: self.buckets.get(range.clone()).unwrap_or(&[]),
                    sum: value,
                    count: *count,
                    scale,
                },
                Of::Native(words, signed, range) => {
                    let shape = Grid::new(words).map(|grid| Exponential { grid, signed: *signed });
                    let cells = self.buckets.get(range.clone()).unwrap_or(&[]);
                    // It was one when it was copied.
                    let Some(native) = shape.and_then(|shape| Native::new(shape, cells, scale)) else {
                        continue;
                    };
                    Point::Native(native)
                }
                Of::Histogram(shape, range) => Point::Histogram {
                    bounds: self.shapes.get(*shape).map_or(&[], |shape| &shape.bounds),
                    buckets: self.buckets.get(range.clone()).unwrap_or(&[]),
                    sum: value,
                    scale,
                },
            };
            let labels = [self.text.get(row.labels.clone()).unwrap_or("")];
            if visitor.child(&Child { labels: &labels, point, created: row.created }).is_break() {
                resume.index = index;
                return false;
            }
        }
        true
    }
}
