//! What children that differ in one label text and in their numbers have in common.

use std::sync::Arc;

use narthex::model::{Kind, Number, Scale, Value};

use super::{Bound, Child, Point};

/// The shape of rows of children: of each device of one firmware, the children of one family.
///
/// A row has a label text of its own, which stands in the label text of each of its children, and
/// [cells](Shape::cells): those of one child behind those of the other.
#[derive(Debug, PartialEq)]
pub struct Shape {
    /// For each child of a row what stands before the row's own label text, and what behind it, commas included.
    pub labels: Box<[[Box<str>; 2]]>,
    /// What a child holds.
    pub form: Form,
    /// The kind of number of a value, or of a histogram's sum.
    pub number: Number,
    /// The power of ten by which it is multiplied if it is an integer.
    pub scale: Scale,
}

/// What a child of a [`Shape`] holds.
#[derive(Debug, PartialEq)]
pub enum Form {
    /// One cell, which is a value.
    Value,
    /// A histogram of these bounds: a cell for each bucket, not cumulative, the last that of `+Inf`, and one for the sum.
    Histogram(Arc<[Bound]>),
}

impl Shape {
    /// How many cells a child has.
    #[inline]
    pub fn cells_of_child(&self) -> usize {
        match &self.form {
            Form::Value => 1,
            Form::Histogram(bounds) => bounds.len().saturating_add(2),
        }
    }

    /// How many cells a row has.
    pub fn cells(&self) -> usize {
        self.labels.len().saturating_mul(self.cells_of_child())
    }

    /// The cells of one child among those of a row.
    #[inline]
    pub fn cells_of<'a>(&self, row: &'a [u64], child: usize) -> Option<&'a [u64]> {
        let stride = self.cells_of_child();
        row.get(child.checked_mul(stride)?..)?.get(..stride)
    }

    /// Whether a family of this kind has such children.
    pub const fn fits(&self, kind: Kind) -> bool {
        match self.form {
            Form::Value => matches!(kind, Kind::Counter | Kind::Gauge),
            Form::Histogram(_) => matches!(kind, Kind::Histogram),
        }
    }

    /// The number in a cell: as it is, or the bits of what it is.
    #[inline]
    pub const fn value(&self, cell: u64) -> Value {
        match self.number {
            Number::Unsigned => Value::Unsigned(cell),
            Number::Signed => Value::Signed(cell.cast_signed()),
            Number::F32 => Value::F32(f32::from_bits(cell as u32)),
            _ => Value::F64(f64::from_bits(cell)),
        }
    }

    /// The cell that holds a number, for [`value`](Self::value) to read.
    #[inline]
    pub const fn cell(value: Value) -> u64 {
        match value {
            Value::Unsigned(n) => n,
            Value::Signed(n) => n.cast_unsigned(),
            Value::F32(x) => x.to_bits() as u64,
            Value::F64(x) => x.to_bits(),
        }
    }

    /// Lends the child at `index` of a row to `with`; nothing if there is none.
    pub fn with_child<T>(
        &self,
        index: usize,
        text: &str,
        cells: &[u64],
        created: Option<u64>,
        with: impl FnOnce(&Child<'_>) -> T,
    ) -> Option<T> {
        let [before, behind] = self.labels.get(index)?;
        let (last, buckets) = self.cells_of(cells, index)?.split_last()?;
        let (value, scale) = (self.value(*last), self.scale);
        let point = match &self.form {
            Form::Value => Point::Value { value, scale },
            Form::Histogram(bounds) => Point::Histogram { bounds, buckets, sum: value, scale },
        };
        Some(with(&Child { labels: &[before, text, behind], point, created }))
    }
}
