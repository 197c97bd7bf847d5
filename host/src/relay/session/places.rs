//! Where the cells of known families stand in a snapshot, and where the sink keeps them.

use super::MAX_CELLS;

/// Families with cells, in the order of these.
#[derive(Debug, Default)]
pub(super) struct Places {
    families: Vec<Place>,
    /// What follows from `families`; empty until it is asked for.
    spans: Vec<Span>,
    /// A bit for each cell up to the end of the last family: whether no child goes on there.
    starts: Vec<u64>,
}

/// A family.
#[derive(Debug)]
struct Place {
    first: usize,
    end: usize,
    /// Cells of one child; one at least.
    child: usize,
    kept: usize,
    /// Which family it is.
    family: usize,
}

/// Families whose cells lie side by side, both in a snapshot and where they are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) kept: usize,
}

impl Places {
    /// Whether cells from `first` to `end` are those of a family already, or behind the last there can be.
    pub(super) fn overlaps(&self, first: usize, end: usize) -> bool {
        let taken = self.families.get(self.search(first)).is_some_and(|place| place.first < end);
        end > MAX_CELLS || (first < end && taken)
    }

    /// Adds family number `family`, which overlaps with none: `cells` from `first` on, so many each child, are kept at
    /// `kept`.
    pub(super) fn insert(&mut self, family: usize, first: usize, cells: usize, child: usize, kept: usize) {
        if cells > 0 {
            let place = Place { first, end: first.saturating_add(cells), child: child.max(1), kept, family };
            self.families.insert(self.search(first), place);
            self.spans.clear();
        }
    }

    /// The number of the family whose cells are kept there.
    pub(super) fn number(&self, kept: usize) -> Option<usize> {
        self.families.iter().find(|place| place.kept == kept).map(|place| place.family)
    }

    /// The families whose cells stand at `first` or behind, in order; and where children begin.
    pub(super) fn from(&mut self, first: usize) -> (&[Span], Starts<'_>) {
        if self.spans.is_empty() {
            self.join();
        }
        let at = match self.spans.first() {
            Some(span) if span.end > first => 0,
            _ => self.spans.partition_point(|span| span.end <= first),
        };
        (self.spans.get(at..).unwrap_or_default(), Starts(&self.starts))
    }

    fn join(&mut self) {
        let end = self.families.last().map_or(0, |place| place.end);
        self.starts.clear();
        self.starts.resize(end.div_ceil(64), u64::MAX);
        for &Place { first, end, child, kept, .. } in &self.families {
            match self.spans.last_mut() {
                Some(span) if span.end == first && span.kept + (first - span.first) == kept => span.end = end,
                _ => self.spans.push(Span { first, end, kept }),
            }
            for cell in (first..end).filter(|cell| !(cell - first).is_multiple_of(child)) {
                if let Some(word) = self.starts.get_mut(cell / 64) {
                    *word &= !(1 << (cell % 64));
                }
            }
        }
    }

    /// The first family that ends behind `first`.
    fn search(&self, first: usize) -> usize {
        self.families.partition_point(|place| place.end <= first)
    }
}

/// Where children begin; every cell of which nothing is known is a child of its own.
#[derive(Clone, Copy)]
pub(super) struct Starts<'a>(&'a [u64]);

impl Starts<'_> {
    /// Of 64 cells from `first` on.
    pub(super) fn word(self, first: usize) -> u64 {
        let [low, high] = [0, 1].map(|next| self.0.get(first / 64 + next).copied().unwrap_or(u64::MAX));
        match first % 64 {
            0 => low,
            shift => (low >> shift) | (high << (64 - shift)),
        }
    }

    pub(super) fn at(self, cell: usize) -> bool {
        self.word(cell) & 1 == 1
    }
}
