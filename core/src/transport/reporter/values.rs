//! The values of a snapshot, child by child.

use super::place::Cursor;
use super::{Memory, State, sparse};
use crate::frame::Kind;
use crate::model::{Desc, Instance, Source};
use crate::wire::{Cell, put_varint};

impl<S: Source + ?Sized> State<'_, S> {
    /// Fills a payload with values, and goes on to those behind. `None` when there are none left.
    pub(super) fn fill_values<M: Memory>(
        &mut self,
        memory: &mut M,
        payload: &mut [u8],
    ) -> Option<(Kind, usize)> {
        let Self { source, cursor, birth, .. } = self;
        // A child that is cut is sent to its end as it began.
        if cursor.part == 0
            && let Some(last) = memory.last()
        {
            match sparse::fill(*source, cursor, last, payload) {
                sparse::Filled::Frame(len) => return Some((Kind::SPARSE, len)),
                sparse::Filled::Nothing => return None,
                sparse::Filled::TooMuch => {}
            }
        }
        let mut first = cursor.position(*source);
        let mut head = put_head(payload, first);
        let mut at = head;
        'all: while let Some(Instance { desc, .. }) = source.instance(cursor.instance.into()) {
            let (children, stride) = (desc.children(), desc.stride());
            while usize::from(cursor.child) < children {
                let begun = usize::from(cursor.part);
                let room = payload.get_mut(at..).unwrap_or_default();
                let len = put_child(*source, desc, cursor, birth, room);
                at = at.wrapping_add(len);
                if usize::from(cursor.part) < stride {
                    break 'all;
                }
                if len == 0 && begun > 0 {
                    // The rest is left out, and the frame begins behind it.
                    first = first.wrapping_add(stride.wrapping_sub(begun));
                    head = put_head(payload, first);
                    at = head;
                }
                cursor.next_child();
            }
            cursor.next_instance();
        }
        let cells = payload.get(head..at).filter(|cells| !cells.is_empty())?;
        memory.note(first, cells);
        Some((if first == 0 { Kind::VALUES } else { Kind::PART }, at))
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
pub(super) fn put_child<S: Source + ?Sized>(
    source: &S,
    desc: &Desc<'_>,
    cursor: &mut Cursor,
    birth: &mut u32,
    room: &mut [u8],
) -> usize {
    let (instance, child, begun) = (cursor.instance.into(), cursor.child.into(), cursor.part);
    let slots = source.slots(instance);
    // All that is no slot has one child for ever.
    let now = || slots.map_or(1, |slots| slots.birth(child));
    let table = usize::from(slots.is_some());
    let stride = desc.stride();
    if begun == 0 {
        *birth = now();
    }
    loop {
        let (mut len, mut at) = (0usize, begun);
        while usize::from(at) < stride {
            let number = match usize::from(at).checked_sub(table) {
                None => (*birth).into(),
                Some(_) if *birth == 0 => 0,
                Some(cell) => Cell::of(source.read(instance, child, cell), desc).0,
            };
            let Some(n) = room.get_mut(len..).and_then(|room| put_varint(room, number)) else { break };
            len = len.wrapping_add(n);
            at = at.wrapping_add(1);
        }
        // What is sent as empty is that, whoever moves in.
        if *birth == 0 || now() == *birth {
            cursor.part = at;
            return len;
        }
        if begun > 0 {
            cursor.part = stride as u16;
            return 0;
        }
        *birth = 0;
    }
}
