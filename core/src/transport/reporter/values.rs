//! The values of a snapshot, child by child.

use super::place::Cursor;
use super::sparse::Draft;
use super::{Known, Memory, State};
use crate::frame::Kind;
use crate::model::{Desc, Instance, Source};
use crate::wire::{Cell, put_varint};

/// What has become of a payload.
enum Filled {
    /// It has so many bytes.
    Frame(Kind, usize),
    /// Nothing is left to be sent.
    Nothing,
    /// So much has changed that a frame without a bitmap holds more; all stands where that begins.
    TooMuch,
}

impl<S: Source + ?Sized> State<'_, S> {
    /// Fills a payload with values, and goes on to those behind. `None` when there are none left.
    pub(super) fn fill_values<M: Memory>(
        &mut self,
        memory: &mut M,
        payload: &mut [u8],
    ) -> Option<(Kind, usize)> {
        // A child that is cut is sent to its end as it began.
        let mut sparse = memory.is_sparse() && self.cursor.part == 0;
        loop {
            match self.fill_children(memory, payload, sparse) {
                Filled::Frame(kind, len) => return Some((kind, len)),
                Filled::Nothing => return None,
                Filled::TooMuch => sparse = false,
            }
        }
    }

    /// Fills a payload with children from the cursor on; with those alone that have changed, if it is to be `sparse`.
    ///
    /// Of a sparse one, a child that does not fit is looked at again in the next frame.
    #[inline]
    fn fill_children<M: Memory>(&mut self, memory: &mut M, payload: &mut [u8], sparse: bool) -> Filled {
        let Self { known: Known { source, .. }, cursor, position, birth, .. } = self;
        let (start, mut first) = (*cursor, usize::from(*position));
        let mut draft = if sparse { Draft::new(payload) } else { Draft::default() };
        let mut head = if sparse { draft.head() } else { put_head(payload, first) };
        // The first child that is covered, and the cell behind the last.
        let (mut front, mut end) = (start, first);
        let mut full = false;
        while let Some(Instance { desc, .. }) = source.instance(cursor.instance.into()) {
            if usize::from(cursor.child) >= desc.children() {
                cursor.next_instance();
                continue;
            }
            let (stride, begun) = (desc.stride(), usize::from(cursor.part));
            let room = payload.get_mut(head.wrapping_add(draft.cells)..).unwrap_or_default();
            let len = put_child(*source, desc, cursor, birth, room);
            full = usize::from(cursor.part) < stride;
            if sparse {
                let covered = end.wrapping_sub(first);
                full |= covered.wrapping_add(stride) > draft.most();
                if full {
                    cursor.part = 0;
                    break;
                }
                let slot = source.has_tables() && desc.details.capacity > 0;
                let taken = draft.take(payload, (end, covered, stride), len, slot, memory);
                if covered == 0 {
                    if taken {
                        front = Cursor { part: 0, ..*cursor };
                    } else {
                        first = end.wrapping_add(stride);
                    }
                }
            } else {
                let at = head.wrapping_add(draft.cells);
                memory.take(payload, (at, at.wrapping_add(len)), end, None);
                draft.cells = draft.cells.wrapping_add(len);
            }
            end = end.wrapping_add(usize::from(cursor.part)).wrapping_sub(begun);
            if full {
                break;
            }
            if !sparse && source.has_tables() && len == 0 && begun > 0 {
                // The rest is left out, and the frame begins behind it.
                first = end;
                head = put_head(payload, first);
            }
            cursor.next_child();
        }
        *position = end as u16;
        if sparse {
            if end == first {
                // A snapshot in which nothing has changed has one frame, which tells that the device is there.
                if full {
                    return Filled::TooMuch;
                }
                if start != Cursor::START || *cursor == start {
                    return Filled::Nothing;
                }
                first = 0;
            }
            if draft.pays(payload.len())
                && let Some(len) = draft.finish(payload, first)
            {
                return Filled::Frame(Kind::SPARSE, len);
            }
            memory.doubt(first..end);
            (*cursor, *position) = (front, first as u16);
            return Filled::TooMuch;
        }
        match payload.get(head..head.wrapping_add(draft.cells)) {
            Some([_, ..]) => Filled::Frame(
                if first == 0 { Kind::VALUES } else { Kind::PART },
                head.wrapping_add(draft.cells),
            ),
            _ => Filled::Nothing,
        }
    }
}

/// Writes where a frame of values begins, unless that is at the front. Returns the length.
fn put_head(payload: &mut [u8], first: usize) -> usize {
    if first == 0 { 0 } else { put_varint(payload, first as u64).unwrap_or(0) }
}

/// Writes the cells of one child from the cursor on, as many as fit, and moves the cursor within the child. Returns the
/// length. `birth` is that of the child when its first cells are written.
///
/// A slot that has become another's while it was read is written as an empty one. When some of its cells have been
/// sent before, it gets no more: nothing is written, and the cursor moves to the end.
fn put_child<S: Source + ?Sized>(
    source: &S,
    desc: &Desc<'_>,
    cursor: &mut Cursor,
    birth: &mut u32,
    room: &mut [u8],
) -> usize {
    // All that is no slot has one child for ever.
    let Some(slots) = source.slots(cursor.instance.into()) else {
        return put_cells(source, desc, cursor, None, room);
    };
    let (child, begun) = (usize::from(cursor.child), cursor.part);
    if begun == 0 {
        *birth = slots.birth(child);
    }
    loop {
        let len = put_cells(source, desc, cursor, Some(*birth), room);
        // What is sent as empty is that, whoever moves in.
        if *birth == 0 || slots.birth(child) == *birth {
            return len;
        }
        if begun > 0 {
            cursor.part = desc.stride() as u16;
            return 0;
        }
        (*birth, cursor.part) = (0, 0);
    }
}

/// As [`put_child`], without a look at who the child is. In front of the cells of a slot stands its birth; those of an
/// empty one are 0.
fn put_cells<S: Source + ?Sized>(
    source: &S,
    desc: &Desc<'_>,
    cursor: &mut Cursor,
    birth: Option<u32>,
    room: &mut [u8],
) -> usize {
    let (stride, mut len) = (desc.stride(), 0usize);
    while usize::from(cursor.part) < stride {
        let cell = usize::from(cursor.part);
        let number = match (birth, cell) {
            (Some(birth), 0) => birth.into(),
            (Some(0), _) => 0,
            _ => {
                let cell = cell.wrapping_sub(birth.is_some().into());
                Cell::of(source.read(cursor.instance.into(), cursor.child.into(), cell), desc).0
            }
        };
        let Some(n) = room.get_mut(len..).and_then(|room| put_varint(room, number)) else { break };
        len = len.wrapping_add(n);
        cursor.part = cursor.part.wrapping_add(1);
    }
    len
}
