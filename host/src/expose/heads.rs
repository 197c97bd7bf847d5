//! The heads of the lines of a run: name, braces and labels, ready but for the label text of a row.

use std::sync::Arc;

use narthex::text::{Out, Piece};

use crate::model::Shape;

/// Heads of all lines of a row, made once for all rows of a shape.
#[derive(Debug, Default)]
pub(super) struct Heads {
    shape: Option<Arc<Shape>>,
    /// Of all children, of each as many.
    lines: Vec<Head>,
    /// How many one child has.
    of_child: usize,
}

/// The head of one line: what stands before the row's label text, and what behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    before: Piece,
    behind: Piece,
}

impl Heads {
    /// Forgets them; keeps their memory.
    pub(super) fn clear(&mut self) {
        self.shape = None;
        self.lines.clear();
        self.of_child = 0;
    }

    /// Whether they are those of this shape.
    #[inline]
    pub(super) fn are_of(&self, shape: &Arc<Shape>) -> bool {
        self.shape.as_ref().is_some_and(|there| Arc::ptr_eq(there, shape))
    }

    /// Those that are added now are of this shape: so many of one child, then those of the next.
    pub(super) fn begin(&mut self, shape: &Arc<Shape>, of_child: usize) {
        self.clear();
        self.of_child = of_child;
        self.shape = Some(Arc::clone(shape));
    }

    /// Adds the head of a line, given in parts.
    pub(super) fn add(&mut self, before: [&str; 2], behind: [&str; 2]) {
        let [before, behind] = [before, behind].map(piece);
        match (before, behind) {
            (Some(before), Some(behind)) => self.lines.push(Head { before, behind }),
            // Too long for pieces: no child has any.
            _ => self.of_child = usize::MAX,
        }
    }

    /// The heads of a child's lines; `None` if one is too long.
    #[inline]
    pub(super) fn of(&self, child: usize) -> Option<&[Head]> {
        self.lines.get(child.checked_mul(self.of_child)?..)?.get(..self.of_child)
    }
}

impl Head {
    /// Writes it with the label text of a row.
    #[inline]
    pub(super) fn write(&self, out: &mut Out<'_>, row: &Piece) {
        out.pieces([&self.before, row, &self.behind]);
    }
}

fn piece([first, rest]: [&str; 2]) -> Option<Piece> {
    let mut out = [0; Piece::MOST];
    let mut text = Out::new(&mut out);
    text.str(first);
    text.str(rest);
    if text.is_full() { None } else { Piece::new(std::str::from_utf8(text.written()).ok()?) }
}
