//! The values of a snapshot, child by child.

use super::{Memory, sparse};
use crate::frame::Kind;
use crate::model::{Desc, Instance, Source};
use crate::wire::{Cell, put_varint};

/// Where the values of a snapshot stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ValueCursor {
    /// Of the child at hand, if it is a slot of which some cells were sent. In bytes, which need no padding.
    birth: [u8; 4],
    pub(super) instance: u16,
    pub(super) child: u16,
    pub(super) cell: u16,
}

impl ValueCursor {
    pub(super) const START: Self = Self { birth: [0; 4], instance: 0, child: 0, cell: 0 };

    pub(super) const fn next_child(self) -> Self {
        Self { birth: [0; 4], child: self.child.wrapping_add(1), cell: 0, ..self }
    }

    pub(super) const fn next_instance(self) -> Self {
        Self { birth: [0; 4], instance: self.instance.wrapping_add(1), child: 0, cell: 0 }
    }

    /// The position of the cell among all.
    pub(super) fn position<S: Source + ?Sized>(&self, source: &S) -> usize {
        let (mut position, mut at) = (usize::from(self.cell), 0);
        while let Some(Instance { desc, .. }) = source.instance(at) {
            if at >= usize::from(self.instance) {
                return position.wrapping_add(usize::from(self.child).wrapping_mul(desc.stride()));
            }
            position = position.wrapping_add(desc.all_cells());
            at = at.wrapping_add(1);
        }
        position
    }
}

/// Fills a payload with values, and goes on to those behind. `None` when there are none left.
pub(super) fn fill<S: Source + ?Sized, M: Memory>(
    source: &S,
    cursor: &mut ValueCursor,
    memory: &mut M,
    payload: &mut [u8],
) -> Option<(Kind, usize)> {
    // A child that is cut is sent to its end as it began.
    if cursor.cell == 0
        && let Some(last) = memory.last()
    {
        match sparse::fill(source, cursor, last, payload) {
            sparse::Filled::Frame(len) => return Some((Kind::SPARSE, len)),
            sparse::Filled::Nothing => return None,
            sparse::Filled::TooMuch => {}
        }
    }
    let mut first = cursor.position(source);
    let mut head = put_head(payload, first);
    let mut at = head;
    while let Some(Instance { desc, .. }) = source.instance(cursor.instance.into()) {
        let (children, stride) = (desc.children(), desc.stride());
        while usize::from(cursor.child) < children {
            let begun = usize::from(cursor.cell);
            let len = put_child(source, desc, cursor, payload.get_mut(at..).unwrap_or_default());
            at = at.wrapping_add(len);
            if usize::from(cursor.cell) < stride {
                return finish(memory, payload, first, head, at);
            }
            if len == 0 && begun > 0 {
                // The rest is left out, and the frame begins behind it.
                first = first.wrapping_add(stride.wrapping_sub(begun));
                head = put_head(payload, first);
                at = head;
            }
            *cursor = cursor.next_child();
        }
        *cursor = cursor.next_instance();
    }
    finish(memory, payload, first, head, at)
}

/// Writes where a frame of values begins, unless that is at the front. Returns the length.
fn put_head(payload: &mut [u8], first: usize) -> usize {
    if first == 0 { 0 } else { put_varint(payload, first as u64).unwrap_or(0) }
}

fn finish<M: Memory>(
    memory: &mut M,
    payload: &[u8],
    first: usize,
    head: usize,
    at: usize,
) -> Option<(Kind, usize)> {
    let cells = payload.get(head..at).filter(|cells| !cells.is_empty())?;
    memory.note(first, cells);
    Some((if first == 0 { Kind::VALUES } else { Kind::PART }, at))
}

/// Writes the cells of one child from the cursor on, as many as fit, and moves the cursor within the child. Returns the
/// length.
///
/// A slot that has become another's while it was read is written as an empty one. When some of its cells have been
/// sent before, it gets no more: nothing is written, and the cursor moves to the end.
pub(super) fn put_child<S: Source + ?Sized>(
    source: &S,
    desc: &Desc<'_>,
    cursor: &mut ValueCursor,
    room: &mut [u8],
) -> usize {
    let (instance, child, begun) = (cursor.instance.into(), cursor.child.into(), cursor.cell);
    let table = usize::from(desc.capacity > 0);
    let slots = if table > 0 { source.slots(instance) } else { None };
    let now = || slots.map_or(0, |slots| slots.birth(child));
    let stride = desc.stride();
    let mut birth = now();
    if begun > 0 && birth.to_ne_bytes() != cursor.birth {
        cursor.cell = stride as u16;
        return 0;
    }
    loop {
        let (mut len, mut cell) = (0usize, begun);
        while usize::from(cell) < stride {
            let number = match usize::from(cell).checked_sub(table) {
                None => birth.into(),
                Some(_) if table > 0 && birth == 0 => 0,
                Some(cell) => Cell::of(source.read(instance, child, cell), desc).0,
            };
            let Some(n) = room.get_mut(len..).and_then(|room| put_varint(room, number)) else { break };
            len = len.wrapping_add(n);
            cell = cell.wrapping_add(1);
        }
        // What is sent as empty is that, whoever moves in.
        if birth == 0 || now() == birth {
            (cursor.birth, cursor.cell) = (birth.to_ne_bytes(), cell);
            return len;
        }
        if begun > 0 {
            cursor.cell = stride as u16;
            return 0;
        }
        birth = 0;
    }
}
