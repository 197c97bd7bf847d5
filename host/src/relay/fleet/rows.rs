//! Where cells are: those of devices of one size side by side, so that a page of many devices goes through little memory,
//! and reads it without a lock.
//!
//! One writes a row at a time (its device is locked), any number read it. Each row has a state beside its cells, by which
//! a reader knows afterwards that nothing was written meanwhile; if something was, it does not try again but locks the
//! device. So a frame never waits for a page. This is a sequence lock with fences as H. Boehm describes it ("Can seqlocks
//! get along with programming language memory models?", 2012, section 4).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, Weak};

/// Rows of one size.
#[derive(Debug, Default)]
struct Slab {
    /// Cells of a row.
    cells: usize,
    /// Row behind row, each with its [state](State) in front.
    words: Box<[AtomicU64]>,
    /// A bit for each row that is someone's.
    taken: AtomicU64,
}

/// The row of a device, given back when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Row {
    slab: Arc<Slab>,
    at: usize,
}

/// How a page reads the row of a device that it has not locked.
#[derive(Clone, Debug)]
pub(super) struct View {
    slab: Arc<Slab>,
    at: u32,
    lease: u32,
}

/// Slabs that may have rows to give.
#[derive(Debug, Default)]
pub(super) struct Pool(BTreeMap<usize, Vec<Weak<Slab>>>);

/// The state of a row: in the upper half its lease, which no two owners in turn have the same; in the lower 0 while it is
/// closed to views, an odd number while it is written, else one that no state before had for long.
#[derive(Clone, Copy, Debug, PartialEq)]
struct State(u64);

impl State {
    const fn lease(self) -> u32 {
        (self.0 >> 32) as u32
    }

    const fn is_open(self) -> bool {
        self.0 as u32 != 0
    }

    const fn is_written(self) -> bool {
        self.0 & 1 == 1
    }

    const fn writing(self) -> Self {
        Self(self.0 | 1)
    }

    /// The next one that is open and not written.
    const fn opened(self) -> Self {
        let next = (self.0 as u32 & !1).wrapping_add(2);
        Self(self.0 >> 32 << 32 | if next == 0 { 2 } else { next as u64 })
    }

    /// Closed, and someone else's.
    const fn left(self) -> Self {
        Self((self.lease().wrapping_add(1) as u64) << 32)
    }
}

impl Slab {
    /// Most rows of a slab: as many as a word has bits.
    const ROWS: usize = 64;

    fn new(cells: usize, rows: usize) -> Arc<Self> {
        let words = (0..cells.saturating_add(1).saturating_mul(rows)).map(|_| AtomicU64::new(0)).collect();
        // What is too much to be there is taken.
        let taken = u64::MAX.checked_shl(rows.min(Self::ROWS) as u32).unwrap_or(0);
        Arc::new(Self { cells, words, taken: AtomicU64::new(taken) })
    }

    /// A row that is no one's. Only one may ask at a time.
    fn take(self: &Arc<Self>) -> Option<Row> {
        let taken = self.taken.load(Ordering::Acquire);
        let at = taken.trailing_ones();
        self.taken.fetch_or(1u64.checked_shl(at)?, Ordering::Relaxed);
        Some(Row { slab: Arc::clone(self), at: at as usize })
    }

    /// The state and the cells of a row.
    #[inline]
    fn row(&self, at: usize) -> Option<(&AtomicU64, &[AtomicU64])> {
        let words = self.cells + 1;
        self.words.get(at * words..)?.get(..words)?.split_first()
    }
}

impl Row {
    /// A row that stands alone, as long as it is not known which others are like it.
    pub(super) fn alone(cells: usize) -> Self {
        Slab::new(cells, 1).take().unwrap_or_default()
    }

    /// How many cells it has.
    pub(super) fn len(&self) -> usize {
        self.slab.cells
    }

    /// A cell.
    #[inline]
    pub(super) fn get(&self, cell: usize) -> Option<u64> {
        Some(self.cells().get(cell)?.load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn cells(&self) -> &[AtomicU64] {
        self.slab.row(self.at).map_or(&[], |(_, cells)| cells)
    }

    /// Lets `write` write cells, all of which views see at once.
    #[inline]
    pub(super) fn write(&mut self, write: impl FnOnce(&[AtomicU64])) {
        let Some((state, cells)) = self.slab.row(self.at) else { return };
        let before = State(state.load(Ordering::Relaxed));
        if before.is_open() {
            state.store(before.writing().0, Ordering::Relaxed);
        }
        // Who sees one of the cells sees the state, too.
        fence(Ordering::Release);
        write(cells);
        if before.is_open() {
            state.store(before.opened().0, Ordering::Release);
        }
    }

    /// Writes cells from `start` on, so far as there are.
    pub(super) fn set(&mut self, start: usize, new: &[u64]) {
        self.write(|cells| {
            let cells = cells.get(start..).unwrap_or_default();
            cells.iter().zip(new).for_each(|(cell, new)| cell.store(*new, Ordering::Relaxed));
        });
    }

    /// Whether views can read it.
    pub(super) fn open(&mut self, open: bool) {
        if let Some((state, _)) = self.slab.row(self.at) {
            let before = State(state.load(Ordering::Relaxed));
            let after = if open { before.opened() } else { before.left() };
            state.store(after.0, Ordering::Release);
        }
    }

    /// Moves to a row of so many cells, of which those that there were before are as they were.
    pub(super) fn move_to(&mut self, mut row: Self) {
        let cells: Vec<_> = self.cells().iter().map(|cell| cell.load(Ordering::Relaxed)).collect();
        row.set(0, &cells);
        *self = row;
    }

    /// A view of it, until someone else has it.
    pub(super) fn view(&self) -> Option<View> {
        let (state, _) = self.slab.row(self.at)?;
        let lease = State(state.load(Ordering::Relaxed)).lease();
        Some(View { slab: Arc::clone(&self.slab), at: self.at as u32, lease })
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        self.open(false);
        if self.slab.cells > 0 {
            self.slab.taken.fetch_and(!(1 << self.at), Ordering::Release);
        }
    }
}

impl View {
    /// Lets `read` read the cells. Returns false if that could not, or may have seen two states.
    #[inline]
    pub(super) fn read(&self, read: impl FnOnce(&[AtomicU64]) -> bool) -> bool {
        let Some((state, cells)) = self.slab.row(self.at as usize) else { return false };
        let before = State(state.load(Ordering::Acquire));
        if before.lease() != self.lease || !before.is_open() || before.is_written() || !read(cells) {
            return false;
        }
        fence(Ordering::Acquire);
        State(state.load(Ordering::Relaxed)) == before
    }
}

impl Pool {
    /// A row of so many cells. The first stands alone, later ones side by side.
    pub(super) fn take(&mut self, cells: usize) -> Row {
        let slabs = self.0.entry(cells).or_default();
        if let Some(row) = slabs.iter().rev().filter_map(Weak::upgrade).find_map(|slab| slab.take()) {
            return row;
        }
        slabs.retain(|slab| slab.strong_count() > 0);
        let rows = match slabs.len() {
            few @ ..6 => 1 << few,
            _ => Slab::ROWS,
        };
        let slab = Slab::new(cells, rows);
        slabs.push(Arc::downgrade(&slab));
        slab.take().unwrap_or_default()
    }

    /// Forgets what no device uses any more.
    pub(super) fn sweep(&mut self) {
        for slabs in self.0.values_mut() {
            slabs.retain(|slab| slab.strong_count() > 0);
        }
        self.0.retain(|_, slabs| !slabs.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn seen(view: &View, cells: usize) -> Option<Vec<u64>> {
        let mut seen = vec![0; cells];
        let read = view.read(|cells| {
            seen.iter_mut().zip(cells).for_each(|(to, cell)| *to = cell.load(Ordering::Relaxed));
            true
        });
        read.then_some(seen)
    }

    #[test]
    fn a_view_sees_what_is_written_while_it_is_open() {
        let mut row = Pool::default().take(3);
        let view = row.view().unwrap();
        row.set(0, &[1, 2, 3]);
        assert_eq!(seen(&view, 3), None, "closed");
        row.open(true);
        assert_eq!(seen(&view, 3), Some(vec![1, 2, 3]));
        row.set(1, &[5, 6, 7]);
        assert_eq!(seen(&view, 3), Some(vec![1, 5, 6]));
        assert!(!view.read(|_| false));
        row.open(false);
        assert_eq!(seen(&view, 3), None);
        // Someone may have looked before.
        row.open(true);
        assert_eq!(seen(&view, 3), None);
        assert_eq!(seen(&row.view().unwrap(), 3), Some(vec![1, 5, 6]));
    }

    #[test]
    fn what_is_written_while_it_is_read_is_not_taken() {
        let mut row = Row::alone(1);
        row.open(true);
        let view = row.view().unwrap();
        assert!(!view.read(|_| {
            row.set(0, &[1]);
            true
        }));
        assert!(view.read(|_| true));
        // Half written.
        let (state, _) = row.slab.row(0).unwrap();
        state.store(State(state.load(Ordering::Relaxed)).writing().0, Ordering::Relaxed);
        assert!(!view.read(|_| true));
    }

    #[test]
    fn a_row_is_taken_again_and_its_old_views_see_nothing() {
        let mut pool = Pool::default();
        // So many that no row is free.
        let mut rows: Vec<_> = (0..319).map(|_| pool.take(2)).collect();
        let places: std::collections::HashSet<_> =
            rows.iter().map(|row| row.cells().as_ptr() as usize).collect();
        assert_eq!(places.len(), 319);
        for (n, row) in rows.iter_mut().enumerate() {
            row.set(0, &[n as u64; 2]);
            row.open(true);
        }
        let views: Vec<_> = rows.iter().filter_map(Row::view).collect();
        rows.drain(100..200);
        let mut again: Vec<_> = (0..100).map(|_| pool.take(2)).collect();
        assert!(again.iter().all(|row| places.contains(&(row.cells().as_ptr() as usize))));
        for row in &mut again {
            row.set(0, &[9; 2]);
            row.open(true);
        }
        for (n, view) in views.iter().enumerate() {
            let want = (!(100..200).contains(&n)).then_some(vec![n as u64; 2]);
            assert_eq!(seen(view, 2), want, "{n}");
        }
        drop((rows, again));
        pool.sweep();
        assert!(!pool.0.is_empty(), "views keep slabs");
        drop(views);
        pool.sweep();
        assert!(pool.0.is_empty());
    }

    #[test]
    fn a_state_is_never_half_of_it() {
        let mut last = State(5 << 32 | 0xffff_fffe);
        assert_eq!(last.opened(), State(5 << 32 | 2), "never closed by counting");
        last = last.left();
        assert_eq!((last.lease(), last.is_open()), (6, false));
        assert_eq!(State(u64::MAX).left(), State(0));
    }

    #[test]
    fn two_states_are_never_mixed() {
        let mut row = Pool::default().take(40);
        row.open(true);
        let (view, done) = (row.view().unwrap(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..200_000 {
                    row.set(0, &[n; 40]);
                }
                done.store(true, Ordering::Release);
            });
            let mut last = 0;
            while !done.load(Ordering::Acquire) {
                if let Some(seen) = seen(&view, 40) {
                    assert!(seen.iter().all(|cell| *cell == seen[0]) && seen[0] >= last);
                    last = seen[0];
                }
            }
        });
        assert_eq!(seen(&view, 40), Some(vec![199_999; 40]));
    }
}
