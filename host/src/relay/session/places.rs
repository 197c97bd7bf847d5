//! Where the cells of known families stand in a snapshot, and where the sink keeps them.

use std::slice;

use super::{FamilySchema, MAX_CELLS};

/// Families with cells, in the order of these.
#[derive(Debug, Default)]
#[repr(C)] // What each frame needs stands in front.
pub(super) struct Places {
    /// What follows from `families`; none until it is asked for.
    spans: Spans,
    /// Behind the last cell of the last family.
    end: usize,
    /// Whether what is kept is what the device has sent last.
    fresh: Fresh,
    /// A bit for each cell up to the end: whether no child goes on there.
    starts: Vec<u64>,
    /// A bit for each of the same: whether a slot of a table goes on there. None where there is no table.
    slots: Vec<u64>,
    families: Vec<Place>,
}

/// A family.
#[derive(Debug)]
struct Place {
    first: usize,
    end: usize,
    /// Cells of one child; one at least.
    child: usize,
    table: bool,
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

/// Spans in their order. Mostly there is one, which is read with all else that a frame needs.
#[derive(Debug)]
enum Spans {
    One(Span),
    Many(Vec<Span>),
}

impl Default for Spans {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Spans {
    fn all(&self) -> &[Span] {
        match self {
            Self::One(span) => slice::from_ref(span),
            Self::Many(spans) => spans,
        }
    }
}

impl Places {
    /// Whether cells from `first` to `end` are those of a family already, or behind the last there can be.
    pub(super) fn overlaps(&self, first: usize, end: usize) -> bool {
        let taken = self.families.get(self.search(first)).is_some_and(|place| place.first < end);
        end > MAX_CELLS || (first < end && taken)
    }

    /// Adds family number `family`, which overlaps with none: its cells from `first` on are kept at `kept`.
    pub(super) fn insert(&mut self, family: usize, first: usize, schema: &FamilySchema, kept: usize) {
        let (cells, table) = (schema.total_cells(), schema.is_table());
        if cells > 0 {
            let end = first.saturating_add(cells);
            let place = Place { first, end, child: schema.cells.max(1), table, kept, family };
            // What came before was not kept.
            self.fresh.reach(end);
            self.fresh.fill(first, end, false);
            self.families.insert(self.search(first), place);
            self.spans = Spans::default();
        }
    }

    /// Gives memory back that was taken in advance.
    pub(super) fn shrink(&mut self) {
        self.families.shrink_to_fit();
    }

    /// The number of the family whose cells are kept there.
    pub(super) fn number(&self, kept: usize) -> Option<usize> {
        self.families.iter().find(|place| place.kept == kept).map(|place| place.family)
    }

    /// Something that the device has sent has not come, or not been kept: whatever it was.
    pub(super) fn miss(&mut self) {
        for Place { first, end, .. } in &self.families {
            self.fresh.fill(*first, *end, false);
        }
    }

    /// The families whose cells stand at `first` or behind, in order; where children begin; and which cells are kept as
    /// they were sent last.
    pub(super) fn from(&mut self, first: usize) -> (&[Span], Starts<'_>, &mut Fresh) {
        if self.spans.all().is_empty() {
            self.join();
        }
        let spans = self.spans.all();
        let at = match spans.first() {
            Some(span) if span.end > first => 0,
            _ => spans.partition_point(|span| span.end <= first),
        };
        let starts = Starts { begin: &self.starts, slots: &self.slots, end: self.end };
        (spans.get(at..).unwrap_or_default(), starts, &mut self.fresh)
    }

    fn join(&mut self) {
        let end = self.families.last().map_or(0, |place| place.end);
        let mut spans = Vec::<Span>::new();
        self.end = end;
        self.starts.clear();
        self.starts.resize(end.div_ceil(64), u64::MAX);
        self.slots.clear();
        if self.families.iter().any(|place| place.table) {
            self.slots.resize(end.div_ceil(64), 0);
        }
        for &Place { first, end, child, table, kept, .. } in &self.families {
            match spans.last_mut() {
                Some(span) if span.end == first && span.kept + (first - span.first) == kept => span.end = end,
                _ => spans.push(Span { first, end, kept }),
            }
            for cell in (first..end).filter(|cell| !(cell - first).is_multiple_of(child)) {
                if let Some(word) = self.starts.get_mut(cell / 64) {
                    *word &= !(1 << (cell % 64));
                }
                if let Some(word) = self.slots.get_mut(cell / 64)
                    && table
                {
                    *word |= 1 << (cell % 64);
                }
            }
        }
        self.spans = match *spans {
            [span] => Spans::One(span),
            _ => Spans::Many(spans),
        };
    }

    /// The first family that ends behind `first`.
    fn search(&self, first: usize) -> usize {
        self.families.partition_point(|place| place.end <= first)
    }
}

/// Where children begin; every cell of which nothing is known is a child of its own.
#[derive(Clone, Copy)]
pub(super) struct Starts<'a> {
    begin: &'a [u64],
    slots: &'a [u64],
    end: usize,
}

impl Starts<'_> {
    /// Whether there are tables.
    pub(super) fn have_slots(self) -> bool {
        !self.slots.is_empty()
    }

    /// Of 64 cells from `first` on, those where a slot goes on: it is sent whole, or not at all.
    pub(super) fn slots(self, first: usize) -> u64 {
        word(self.slots, first, 0)
    }

    /// Of 64 cells from `first` on, those of children that have others.
    pub(super) fn joined(self, first: usize) -> u64 {
        !word(self.begin, first, u64::MAX) | !word(self.begin, first + 1, u64::MAX)
    }

    pub(super) fn at(self, cell: usize) -> bool {
        cell == 0 || cell >= self.end || word(self.begin, cell, u64::MAX) & 1 == 1
    }
}

/// Which cells are kept as the device has sent them last. If all of a child are, it is as it was in one snapshot: each
/// is what it was then, or has not changed since.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Fresh {
    /// Whether all are, as mostly: then there is nothing to look at.
    all: bool,
    /// A bit for each cell; where no family has cells, it is set.
    cells: Vec<u64>,
}

impl Fresh {
    /// Whether all are.
    pub(super) fn all(&self) -> bool {
        self.all
    }

    /// Of 64 cells from `first` on.
    pub(super) fn word(&self, first: usize) -> u64 {
        word(&self.cells, first, 0)
    }

    /// Puts down for those of 64 cells from `first` on that are in `which` whether they are fresh.
    pub(super) fn put(&mut self, first: usize, which: u64, fresh: u64) {
        let (low, high) = match first % 64 {
            0 => ([which, fresh], [0, 0]),
            shift => ([which << shift, fresh << shift], [which >> (64 - shift), fresh >> (64 - shift)]),
        };
        for (at, [which, fresh]) in [(first / 64, low), (first / 64 + 1, high)] {
            if let Some(word) = self.cells.get_mut(at) {
                *word = (*word & !which) | (fresh & which);
            }
        }
        self.all = false;
    }

    /// Puts down whether cells from `first` to `end` are fresh.
    pub(super) fn fill(&mut self, first: usize, end: usize, fresh: bool) {
        for at in (first..end.min(self.cells.len() * 64)).step_by(64) {
            let which = u64::MAX >> (64 - (end - at).min(64));
            self.put(at, which, if fresh { which } else { 0 });
        }
    }

    /// Finds out whether all are, after a frame has been put down.
    pub(super) fn settle(&mut self) {
        self.all = self.all || self.cells.iter().all(|word| *word == u64::MAX);
    }

    /// Makes room for cells up to `end`.
    fn reach(&mut self, end: usize) {
        let words = end.div_ceil(64).max(self.cells.len());
        self.cells.resize(words, u64::MAX);
    }
}

/// 64 bits from bit `first` on; `none` behind the last word.
fn word(words: &[u64], first: usize, none: u64) -> u64 {
    let [low, high] = [0, 1].map(|next| words.get(first / 64 + next).copied().unwrap_or(none));
    match first % 64 {
        0 => low,
        shift => (low >> shift) | (high << (64 - shift)),
    }
}
