//! The cells of a frame, and of a child that is cut between two frames.

use narthex::wire::take_varint;

use super::schema::{Place, Schema};
use super::{MAX_CELLS, Sink};

/// Cells as they arrive. Keeps its memory from frame to frame.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    /// Before a frame is read: the beginning of a child whose end is to come, if there is one.
    cells: Vec<u64>,
    /// Where that begins, and at what uptime, which tells one snapshot from another.
    cut: Option<(usize, u32)>,
    /// What to hand on of a sparse frame.
    runs: Vec<Run>,
}

/// Cells that lie side by side both in `cells` and where they are kept.
#[derive(Clone, Copy, Debug)]
struct Run {
    kept: usize,
    from: usize,
    to: usize,
}

impl Snapshot {
    /// Forgets a child that was cut.
    pub(super) fn clear(&mut self) {
        self.cells.clear();
        self.cut = None;
    }

    /// Takes a frame whose cells begin at `first`, and hands on those of whole children.
    ///
    /// # Errors
    /// Why nothing of the frame is taken.
    pub(super) fn take(
        &mut self,
        uptime: u32,
        first: usize,
        mut payload: &[u8],
        schema: &Schema,
        sink: &mut dyn Sink,
    ) -> Result<(), &'static str> {
        let first = match self.cut.take() {
            Some((start, then)) if then == uptime && start + self.cells.len() == first => start,
            _ => {
                self.cells.clear();
                first
            }
        };
        while !payload.is_empty() {
            let Some(cell) = take_varint(&mut payload) else {
                self.clear();
                return Err("the values of a frame are cut off");
            };
            self.cells.push(cell);
        }
        let end = first + self.cells.len();
        if end > MAX_CELLS {
            self.clear();
            return Err("a frame has values behind the last cell there can be");
        }
        let mut run: Option<Run> = None;
        let mut cut = None;
        for place in schema.places_from(first).iter().take_while(|place| place.first < end) {
            let (low, high) = (first.max(place.first), end.min(place.end));
            // Whole children only: a histogram of two states would be a wrong one.
            let from = place.first + (low - place.first).next_multiple_of(place.child);
            let to = high - (high - place.first) % place.child;
            if from < to {
                let next =
                    Run { kept: place.kept + (from - place.first), from: from - first, to: to - first };
                if !run.as_mut().is_some_and(|run| run.extend(next)) {
                    self.hand_on(run.replace(next), sink);
                }
            }
            if high == end && first <= to && to < high {
                cut = Some(to);
            }
        }
        self.hand_on(run, sink);
        match cut {
            Some(start) => {
                self.cells.drain(..start - first);
                self.cut = Some((start, uptime));
            }
            None => self.cells.clear(),
        }
        Ok(())
    }

    /// Takes a sparse frame: the position of the first cell, how many are covered, a bit for each, and the cells whose
    /// bit is set.
    ///
    /// # Errors
    /// Why nothing of the frame is taken.
    pub(super) fn take_sparse(
        &mut self,
        mut payload: &[u8],
        schema: &Schema,
        sink: &mut dyn Sink,
    ) -> Result<(), &'static str> {
        self.clear();
        let mut number = || take_varint(&mut payload).and_then(|n| usize::try_from(n).ok());
        let (Some(first), Some(covered)) = (number(), number()) else {
            return Err("a sparse frame does not say where it begins and how far it goes");
        };
        if first.checked_add(covered).is_none_or(|end| end > MAX_CELLS) {
            return Err("a sparse frame covers cells behind the last there can be");
        }
        let Some((bitmap, mut values)) = payload.split_at_checked(covered.div_ceil(8)) else {
            return Err("the bitmap of a sparse frame is cut off");
        };
        if covered % 8 > 0 && bitmap.last().is_some_and(|last| last >> (covered % 8) != 0) {
            return Err("a sparse frame has cells behind its end");
        }
        self.runs.clear();
        let mut places = schema.places_from(first);
        // The place that takes the next cell if that is where a child goes on, and how much of it is to come.
        let mut wanted: Option<(usize, usize)> = None;
        for (at, bits) in bitmap.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let position = first + at * 8 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let Some(cell) = take_varint(&mut values) else {
                    return Err("the values of a sparse frame are cut off");
                };
                self.cells.push(cell);
                if let Some((next, left)) = wanted {
                    if position != next {
                        return Err("a sparse frame has a part of a child");
                    }
                    wanted = (left > 1).then(|| (next + 1, left - 1));
                    continue;
                }
                while let [place, rest @ ..] = places
                    && place.end <= position
                {
                    places = rest;
                }
                let Some(place) = places.first().filter(|place| place.first <= position) else { continue };
                if !(position - place.first).is_multiple_of(place.child) {
                    return Err("a sparse frame has a part of a child");
                }
                wanted = (place.child > 1).then(|| (position + 1, place.child - 1));
                self.plan(place, position);
            }
        }
        if wanted.is_some() {
            return Err("a sparse frame has a part of a child");
        }
        if !values.is_empty() {
            return Err("a sparse frame has more values than bits");
        }
        for run in &self.runs {
            self.hand_on(Some(*run), sink);
        }
        self.cells.clear();
        Ok(())
    }

    /// Plans to hand on the child at `position`, whose first cell is the newest of `cells`.
    fn plan(&mut self, place: &Place, position: usize) {
        let from = self.cells.len().saturating_sub(1);
        let run = Run { kept: place.kept + (position - place.first), from, to: from + place.child };
        if !self.runs.last_mut().is_some_and(|last| last.extend(run)) {
            self.runs.push(run);
        }
    }

    fn hand_on(&self, run: Option<Run>, sink: &mut dyn Sink) {
        if let Some(Run { kept, from, to }) = run
            && let Some(cells) = self.cells.get(from..to)
        {
            sink.cells(kept, cells);
        }
    }
}

impl Run {
    /// Takes in the next run, if that goes on where this ends.
    fn extend(&mut self, next: Self) -> bool {
        let goes_on = self.to == next.from && self.kept + (self.to - self.from) == next.kept;
        if goes_on {
            self.to = next.to;
        }
        goes_on
    }
}
