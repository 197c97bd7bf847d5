//! The cells of a frame, and of a child that is cut between two frames.

use narthex::wire::{take_varint, take_varints};

use super::places::{Fresh, Places, Span, Starts};
use super::{MAX_CELLS, Sink};

const PART: &str = "a sparse frame has a part of a slot";

/// What is kept from frame to frame: the beginning of a child whose end is to come, if there is one.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    cells: Vec<u64>,
    /// Where that begins, and at what uptime, which tells one snapshot from another.
    cut: Option<(usize, u32)>,
}

/// Room for what a frame holds.
#[derive(Debug, Default)]
pub(super) struct Cells {
    values: Vec<u64>,
    /// What to hand on.
    runs: Vec<Run>,
    /// Of a sparse frame, a bit for each cell of children that are left as they are; empty if none is.
    left: Vec<u64>,
}

/// Cells that lie side by side both in a frame and where they are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where they are kept.
    pub place: usize,
    /// The first of them among those of the frame.
    pub from: usize,
    /// Behind the last of them.
    pub to: usize,
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
        payload: &[u8],
        places: &mut Places,
        room: &mut Cells,
        sink: &mut dyn Sink,
    ) -> Result<(), &'static str> {
        room.clear(payload.len());
        let first = match self.cut.take() {
            Some((start, then)) if then == uptime && start + self.cells.len() == first => {
                room.values.extend_from_slice(&self.cells);
                start
            }
            _ => first,
        };
        self.cells.clear();
        if take_varints(payload, |cell| room.values.push(cell)).is_none() {
            return Err("the values of a frame are cut off");
        }
        let end = first + room.values.len();
        if end > MAX_CELLS {
            return Err("a frame has values behind the last cell there can be");
        }
        let (spans, starts, fresh) = places.from(first);
        // But for whole children, what the device has sent last is not what is kept.
        fresh.fill(first, end, false);
        for span in spans.iter().take_while(|span| span.first < end) {
            let (mut from, high) = (first.max(span.first), end.min(span.end));
            // Whole children only: a histogram of two states would be a wrong one.
            while from < high && !starts.at(from) {
                from += 1;
            }
            let mut to = high;
            while to > from && !starts.at(to) {
                to -= 1;
            }
            if from < to {
                fresh.fill(from, to, true);
                room.run(Run { place: span.kept + (from - span.first), from: from - first, to: to - first });
            }
            // The child goes on in the next frame.
            if to < high && starts.at(to) {
                self.cells.extend_from_slice(room.values.get(to - first..).unwrap_or_default());
                self.cut = Some((to, uptime));
            }
        }
        room.hand_on(sink);
        Ok(())
    }

    /// Takes a sparse frame: the position of the first cell, how many are covered, a bit for each, and the cells whose
    /// bit is set. Hands on those of children of which all cells come, or the others are fresh.
    ///
    /// # Errors
    /// Why nothing of the frame is taken.
    pub(super) fn take_sparse(
        &mut self,
        mut payload: &[u8],
        places: &mut Places,
        room: &mut Cells,
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
        let Some((bitmap, values)) = payload.split_at_checked(covered.div_ceil(8)) else {
            return Err("the bitmap of a sparse frame is cut off");
        };
        if covered % 8 > 0 && bitmap.last().is_some_and(|last| last >> (covered % 8) != 0) {
            return Err("a sparse frame has cells behind its end");
        }
        room.clear(values.len());
        let whole = take_varints(values, |cell| room.values.push(cell)).is_some();
        let (mut spans, starts, fresh) = places.from(first);
        if covered > 0 && !(starts.at(first) && starts.at(first + covered)) {
            return Err("a sparse frame covers a part of a child");
        }
        let (mut before, mut lacking) = (0, false);
        for (at, bytes) in bitmap.chunks(8).enumerate() {
            let (position, bits) = (first + at * 64, word(bytes));
            // All cells of a slot, or none: where one goes on, a bit is as the one before it.
            if (bits ^ ((bits << 1) | before)) & starts.slots(position) != 0 {
                return Err(PART);
            }
            before = bits >> 63;
            lacking |= !(bits | fresh.word(position)) & starts.joined(position) != 0;
        }
        if lacking {
            room.leave(first, covered, bitmap, starts, fresh);
        }
        let mut count = 0;
        for (at, bytes) in bitmap.chunks(8).enumerate() {
            let (position, all) = (first + at * 64, word(bytes));
            let mut bits = all & !room.left.get(at).copied().unwrap_or(0);
            fresh.put(position, all, bits);
            while bits != 0 {
                let skip = bits.trailing_zeros();
                let len = (bits >> skip).trailing_ones();
                // In two steps, as all 64 may go.
                bits &= (u64::MAX << (skip + len - 1)) << 1;
                let before = (all & ((1 << skip) - 1)).count_ones() as usize;
                let (start, len) = (position + skip as usize, len as usize);
                spans = room.place(spans, start, start + len, count + before);
            }
            count += all.count_ones() as usize;
        }
        match room.values.len() {
            len if len < count => Err("the values of a sparse frame are cut off"),
            len if len > count || !whole => Err("a sparse frame has more values than bits"),
            _ => {
                room.hand_on(sink);
                Ok(())
            }
        }
    }
}

impl Cells {
    /// Makes room for as many cells as these bytes may hold.
    fn clear(&mut self, bytes: usize) {
        self.values.clear();
        self.values.reserve(bytes);
        self.runs.clear();
        self.left.clear();
    }

    /// Plans to leave children of a sparse frame of which cells neither come nor are fresh: with what comes they would
    /// be of two states.
    fn leave(&mut self, first: usize, covered: usize, bitmap: &[u8], starts: Starts<'_>, fresh: &Fresh) {
        self.left.resize(covered.div_ceil(64), 0);
        let bit = |at: usize| bitmap.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1);
        let mut begin = 0;
        for end in 1..=covered {
            if !starts.at(first + end) {
                continue;
            }
            let child = begin..end;
            begin = end;
            if child.clone().any(|at| !bit(at) && fresh.word(first + at) & 1 == 0) {
                for at in child {
                    if let Some(word) = self.left.get_mut(at / 64) {
                        *word |= 1 << (at % 64);
                    }
                }
            }
        }
    }

    /// Plans to hand on the cells at these positions, of which the first is number `from` of the frame. Returns the
    /// spans that may have what comes behind.
    fn place<'a>(&mut self, mut spans: &'a [Span], start: usize, end: usize, from: usize) -> &'a [Span] {
        while let [span, rest @ ..] = spans
            && span.first < end
        {
            let (low, high) = (start.max(span.first), end.min(span.end));
            if low < high {
                let (place, from) = (span.kept + (low - span.first), from + (low - start));
                self.run(Run { place, from, to: from + (high - low) });
            }
            if end < span.end {
                break;
            }
            spans = rest;
        }
        spans
    }

    /// Plans to hand on a run, as part of the one before if it goes on there.
    fn run(&mut self, run: Run) {
        match self.runs.last_mut() {
            Some(last) if last.to == run.from && last.place + (last.to - last.from) == run.place => {
                last.to = run.to;
            }
            _ => self.runs.push(run),
        }
    }

    fn hand_on(&self, sink: &mut dyn Sink) {
        if !self.runs.is_empty() {
            sink.cells(&self.runs, &self.values);
        }
    }
}

/// Up to eight bytes of a bitmap.
fn word(bytes: &[u8]) -> u64 {
    if let Some(eight) = bytes.first_chunk() {
        return u64::from_le_bytes(*eight);
    }
    bytes.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte))
}
