//! Many children at once.

use std::ops::ControlFlow;
use std::sync::Arc;

use narthex::text::Piece;

use super::Visitor;
use crate::model::{Child, Shape};

/// Rows of one [`Shape`], copied from where they are, so that no lock is held while they are written.
///
/// A source fills it, shows it, and fills it again. Its size is fixed; what does not fit is shown child by child.
pub struct Run {
    shape: Option<Arc<Shape>>,
    /// How many rows there is room for.
    room: usize,
    len: usize,
    /// How many cells a row has.
    stride: usize,
    rows: [Row; Self::ROWS],
    /// Those of one row behind those of the other.
    cells: [u64; Self::CELLS],
}

/// What is a row's own, beside its cells.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its label text, which is not empty.
    pub text: Piece,
    /// When its children began to count, as in [`Child::created`].
    pub created: Option<u64>,
}

impl Run {
    /// Most rows.
    pub const ROWS: usize = 32;
    /// Most cells of all rows.
    pub const CELLS: usize = 512;

    /// No rows, of no shape.
    pub const fn new() -> Self {
        let none = Row { text: Piece::EMPTY, created: None };
        Self { shape: None, room: 0, len: 0, stride: 0, rows: [none; Self::ROWS], cells: [0; Self::CELLS] }
    }

    /// Whether there are no rows.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether there is no room for one more row.
    #[inline]
    pub const fn is_full(&self) -> bool {
        self.len >= self.room
    }

    /// Whether rows are of this shape.
    #[inline]
    pub fn is_of(&self, shape: &Arc<Shape>) -> bool {
        self.shape.as_ref().is_some_and(|there| Arc::ptr_eq(there, shape))
    }

    /// Forgets the rows: those to come are of this shape.
    pub fn begin(&mut self, shape: &Arc<Shape>) {
        self.stride = shape.cells();
        self.room = Self::CELLS.checked_div(self.stride).unwrap_or(0).min(Self::ROWS);
        self.shape = Some(Arc::clone(shape));
        self.len = 0;
    }

    /// Adds a row, if there is room for it, and `fill` can set its text and its cells and returns true.
    #[inline]
    pub fn push(&mut self, fill: impl FnOnce(&Shape, &mut Row, &mut [u64]) -> bool) -> bool {
        let Some(shape) = self.shape.as_ref().filter(|_| self.len < self.room) else { return false };
        let cells = self.cells.get_mut(self.len.wrapping_mul(self.stride)..);
        let cells = cells.and_then(|rest| rest.get_mut(..self.stride));
        let (Some(row), Some(cells)) = (self.rows.get_mut(self.len), cells) else { return false };
        let filled = fill(shape, row, cells);
        self.len += usize::from(filled);
        filled
    }

    /// Forgets the rows.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Forgets the rows and what they have in common.
    pub fn forget(&mut self) {
        (self.shape, self.room, self.len) = (None, 0, 0);
    }

    /// What its rows have in common; `None` if it never had one.
    pub fn shape(&self) -> Option<&Arc<Shape>> {
        self.shape.as_ref()
    }

    /// Its rows.
    pub fn rows(&self) -> &[Row] {
        self.rows.get(..self.len).unwrap_or_default()
    }

    /// Rows from that of this index on, each with its cells.
    #[inline]
    pub fn rows_from(&self, first: usize) -> impl Iterator<Item = (&Row, &[u64])> {
        let rows = self.rows().iter().enumerate().skip(first);
        rows.filter_map(|(index, row)| {
            let cells = self.cells.get(index.wrapping_mul(self.stride)..)?.get(..self.stride)?;
            Some((row, cells))
        })
    }

    /// How many children it has.
    pub fn children(&self) -> usize {
        self.shape.as_ref().map_or(0, |shape| shape.labels.len()).saturating_mul(self.len)
    }

    /// Shows a child, counted through all rows, as sources do it that have nothing but children.
    pub fn show(&self, child: usize, visitor: &mut (impl Visitor + ?Sized)) -> ControlFlow<()> {
        let shown = self.shape.as_ref().and_then(|shape| {
            let row = child.checked_div(shape.labels.len())?;
            let index = child.checked_rem(shape.labels.len())?;
            let (row, cells) = self.rows_from(row).next()?;
            shape.with_child(index, row.text.as_str(), cells, row.created, |child: &Child<'_>| {
                visitor.child(child)
            })
        });
        shown.unwrap_or(ControlFlow::Continue(()))
    }
}

impl Default for Run {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("shape", &self.shape).field("rows", &self.len).finish_non_exhaustive()
    }
}
