//! The cells of a frame, and of a child that is cut between two frames.

use narthex::wire::take_varint;

use super::Sink;
use super::schema::Schema;

/// Cells as they arrive. Keeps its memory from frame to frame.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    /// Before a frame is read: the beginning of a child whose end is to come, if there is one.
    cells: Vec<u64>,
    /// Where that begins, and at what uptime, which tells one snapshot from another.
    cut: Option<(usize, u32)>,
}

/// Cells that lie side by side both here and where they are kept.
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

    /// Takes a frame whose cells begin at `first`, and hands on those of whole children. Returns false if the frame
    /// is malformed: nothing of it is taken then.
    pub(super) fn take(
        &mut self,
        uptime: u32,
        first: usize,
        mut payload: &[u8],
        schema: &Schema,
        sink: &mut dyn Sink,
    ) -> bool {
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
                return false;
            };
            self.cells.push(cell);
        }
        let end = first + self.cells.len();
        let mut run: Option<Run> = None;
        let mut cut = None;
        for place in schema.places_from(first).iter().take_while(|place| place.first < end) {
            let (low, high) = (first.max(place.first), end.min(place.end));
            // Whole children only: a histogram of two states would be a wrong one.
            let from = place.first + (low - place.first).next_multiple_of(place.child);
            let to = high - (high - place.first) % place.child;
            if from < to {
                let kept = place.kept + (from - place.first);
                match &mut run {
                    Some(run) if run.to == from && run.kept + (run.to - run.from) == kept => run.to = to,
                    _ => self.hand_on(run.replace(Run { kept, from, to }).as_ref(), first, sink),
                }
            }
            if high == end && first <= to && to < high {
                cut = Some(to);
            }
        }
        self.hand_on(run.as_ref(), first, sink);
        match cut {
            Some(start) => {
                self.cells.drain(..start - first);
                self.cut = Some((start, uptime));
            }
            None => self.cells.clear(),
        }
        true
    }

    fn hand_on(&self, run: Option<&Run>, first: usize, sink: &mut dyn Sink) {
        if let Some(&Run { kept, from, to }) = run
            && let Some(cells) = self.cells.get(from - first..to - first)
        {
            sink.cells(kept, cells);
        }
    }
}
