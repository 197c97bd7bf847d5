//! The cells of a frame, and of a child that is cut between two frames.

use std::sync::atomic::{AtomicU64, Ordering};

use super::payload::Payload;
use super::places::{Fresh, Places, Span, Starts};
use super::{MAX_CELLS, Sink};

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
    /// As long as any frame needed it so far.
    values: Vec<u64>,
    /// What to hand on.
    stretches: Vec<Stretch>,
    /// Of a sparse frame, a bit for each cell of children that are left as they are; empty if none is.
    left: Vec<u64>,
}

/// Some of 64 cells that are kept side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Where the first of the 64 is kept.
    pub place: usize,
    /// A bit for each that has come, the lowest for the first.
    pub which: u64,
    /// Where the first of these is among the values of the frame; the others follow it.
    pub from: usize,
}

impl Stretch {
    /// How many have come.
    pub fn count(&self) -> usize {
        self.which.count_ones() as usize
    }

    /// Those that have come: which of the 64 each is, and its value, of those of the frame.
    pub fn each(self, values: &[u64]) -> impl Iterator<Item = (usize, u64)> {
        let mut bits = self.which;
        values.get(self.from..).unwrap_or_default().iter().map_while(move |value| {
            let at = (bits != 0).then_some(bits.trailing_zeros() as usize)?;
            bits &= bits - 1;
            Some((at, *value))
        })
    }

    /// Puts those that have come where they are kept: `cells` are all that are. They can be read meanwhile; whose they are
    /// keeps order.
    pub fn put(self, values: &[u64], cells: &[AtomicU64]) {
        let Some(cells) = cells.get(self.place..) else { return };
        let side_by_side = self.which.trailing_ones() as usize;
        if self.which & self.which.wrapping_add(1) == 0
            && let Some(values) = values.get(self.from..).and_then(|from| from.get(..side_by_side))
            && let Some(cells) = cells.get(..side_by_side)
        {
            // Compilers store no two atomic cells together, and a step for each would be as much again.
            let ((cells, last_cells), (values, last)) = (cells.as_chunks::<8>(), values.as_chunks::<8>());
            let put = |(cell, value): (&AtomicU64, &u64)| cell.store(*value, Ordering::Relaxed);
            cells.iter().zip(values).for_each(|(cells, values)| cells.iter().zip(values).for_each(put));
            last_cells.iter().zip(last).for_each(put);
            return;
        }
        for (at, value) in self.each(values) {
            if let Some(cell) = cells.get(at) {
                cell.store(value, Ordering::Relaxed);
            }
        }
    }
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
        payload: Payload<'_>,
        places: &mut Places,
        room: &mut Cells,
        sink: &mut dyn Sink,
    ) -> Result<(), &'static str> {
        let (first, before) = match self.cut.take() {
            Some((start, then)) if then == uptime && start + self.cells.len() == first => {
                (start, &*self.cells)
            }
            _ => (first, &[][..]),
        };
        let read = room.read(before, payload);
        self.cells.clear();
        let values = read.ok_or("the values of a frame are cut off")?;
        let end = first + values;
        if end > MAX_CELLS {
            return Err("a frame has values behind the last cell there can be");
        }
        let (spans, starts, fresh) = places.from(first);
        for span in spans.iter().take_while(|span| span.first < end) {
            let (low, high) = (first.max(span.first), end.min(span.end));
            // Whole children only: a histogram of two states would be a wrong one.
            let (mut from, mut to) = (low, high);
            while from < high && !starts.at(from) {
                from += 1;
            }
            while to > from && !starts.at(to) {
                to -= 1;
            }
            room.place(span.kept + (from - span.first), from - first, to - from);
            if !(fresh.all() && (from, to) == (low, high)) {
                // But for these, what the device has sent last is not what is kept.
                fresh.fill(low, high, false);
                fresh.fill(from, to, true);
            }
            // The child goes on in the next frame.
            if to < high && starts.at(to) {
                self.cells.extend_from_slice(room.values.get(to - first..values).unwrap_or_default());
                self.cut = Some((to, uptime));
            }
        }
        fresh.settle();
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
        mut payload: Payload<'_>,
        places: &mut Places,
        room: &mut Cells,
        sink: &mut dyn Sink,
    ) -> Result<(), &'static str> {
        self.clear();
        let (Some(first), Some(covered)) = (payload.take_number(), payload.take_number()) else {
            return Err("a sparse frame does not say where it begins and how far it goes");
        };
        if first.checked_add(covered).is_none_or(|end| end > MAX_CELLS) {
            return Err("a sparse frame covers cells behind the last there can be");
        }
        let Some(bitmap) = payload.take(covered.div_ceil(8)) else {
            return Err("the bitmap of a sparse frame is cut off");
        };
        if covered % 8 > 0 && bitmap.last().is_some_and(|last| last >> (covered % 8) != 0) {
            return Err("a sparse frame has cells behind its end");
        }
        let count = room.read(&[], payload);
        let (mut spans, starts, fresh) = places.from(first);
        if covered > 0 && !(starts.at(first) && starts.at(first + covered)) {
            return Err("a sparse frame covers a part of a child");
        }
        if starts.have_slots() && !has_whole_slots(first, bitmap, starts) {
            return Err("a sparse frame has a part of a slot");
        }
        let all_fresh = fresh.all();
        if !all_fresh {
            room.leave(first, covered, bitmap, starts, fresh);
        }
        let mut bits = 0;
        for (at, bytes) in bitmap.chunks(8).enumerate() {
            let (position, which) = (first + at * 64, word(bytes));
            let taken = which & !room.left.get(at).copied().unwrap_or(0);
            if !all_fresh {
                fresh.put(position, which, taken);
            }
            spans = room.place_some(spans, position, which, taken, bits);
            bits += which.count_ones() as usize;
        }
        fresh.settle();
        match count {
            Some(count) if count == bits => {}
            Some(count) if count > bits => return Err("a sparse frame has more values than bits"),
            _ => return Err("the values of a sparse frame are cut off"),
        }
        room.hand_on(sink);
        Ok(())
    }
}

impl Cells {
    /// Forgets the frame before, and reads the values of this one, which has some in front that came earlier. Returns
    /// how many there are; `None` if one is cut off, or is none.
    fn read(&mut self, before: &[u64], payload: Payload<'_>) -> Option<usize> {
        self.stretches.clear();
        self.left.clear();
        // Each takes a byte at least.
        let most = before.len() + payload.len();
        if self.values.len() < most {
            self.values.resize(most, 0);
        }
        let (there, room) = self.values.split_at_mut_checked(before.len())?;
        there.copy_from_slice(before);
        Some(before.len() + payload.read(room)?)
    }

    /// Plans to hand on this many values side by side.
    fn place(&mut self, place: usize, from: usize, len: usize) {
        for at in (0..len).step_by(64) {
            let which = u64::MAX >> (64 - (len - at).min(64));
            self.stretches.push(Stretch { place: place + at, which, from: from + at });
        }
    }

    /// Plans to hand on some of 64 cells from `position` on: of those that have come, and whose values begin with number
    /// `from`, those that are taken. Returns the spans that may have what comes behind.
    fn place_some<'a>(
        &mut self,
        mut spans: &'a [Span],
        position: usize,
        come: u64,
        taken: u64,
        from: usize,
    ) -> &'a [Span] {
        while let [span, rest @ ..] = spans
            && span.first < position + 64
        {
            let (low, high) = (position.max(span.first), span.end.min(position + 64));
            if low < high {
                let inside = (u64::MAX >> (64 - (high - low))) << (low - position);
                let mut bits = taken & inside;
                // In one piece, unless values in between are left out.
                while bits != 0 {
                    let left_out = come & !taken & inside & (u64::MAX << bits.trailing_zeros());
                    let piece = bits & (left_out & left_out.wrapping_neg()).wrapping_sub(1);
                    bits &= !piece;
                    let skip = piece.trailing_zeros() as usize;
                    let before = come & ((1 << skip) - 1);
                    self.stretches.push(Stretch {
                        place: span.kept + (position + skip - span.first),
                        which: piece >> skip,
                        from: from + before.count_ones() as usize,
                    });
                }
            }
            if position + 64 < span.end {
                break;
            }
            spans = rest;
        }
        spans
    }

    /// Plans to leave children of a sparse frame of which cells neither come nor are fresh: with what comes they would
    /// be of two states.
    fn leave(&mut self, first: usize, covered: usize, bitmap: &[u8], starts: Starts<'_>, fresh: &Fresh) {
        let is_lacking = |(at, bytes)| {
            let position = first + at * 64;
            !(word(bytes) | fresh.word(position)) & starts.joined(position) != 0
        };
        if !bitmap.chunks(8).enumerate().any(is_lacking) {
            return;
        }
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

    fn hand_on(&self, sink: &mut dyn Sink) {
        if !self.stretches.is_empty() {
            sink.cells(&self.stretches, &self.values);
        }
    }
}

/// Whether of each slot all cells come, or none: where one goes on, a bit is as the one before it.
fn has_whole_slots(first: usize, bitmap: &[u8], starts: Starts<'_>) -> bool {
    let mut before = 0;
    bitmap.chunks(8).enumerate().all(|(at, bytes)| {
        let bits = word(bytes);
        let changes = bits ^ ((bits << 1) | before);
        before = bits >> 63;
        changes & starts.slots(first + at * 64) == 0
    })
}

/// Up to eight bytes of a bitmap.
fn word(bytes: &[u8]) -> u64 {
    if let Some(eight) = bytes.first_chunk() {
        return u64::from_le_bytes(*eight);
    }
    bytes.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte))
}
