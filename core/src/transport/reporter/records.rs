//! Records: who the device is, what its numbers mean, and who is in the slots of its tables.

use super::inbox::Wants;
use super::place::{Cursor, Place};
use super::{Stage, State, Trickle};
use crate::model::{Instance, Source};
use crate::wire::record::{self, Head, Written, kind};
use crate::wire::{Hello, Window, schema};

/// The newest birth in all tables.
pub(super) fn newest_birth<S: Source + ?Sized>(source: &S) -> u32 {
    let (mut newest, mut at) = (0, 0usize);
    while let Some(Instance { desc, .. }) = source.instance(at) {
        if let Some(slots) = source.slots(at) {
            // Not the overflow, which everyone knows.
            newest = slots.newest(desc.details.capacity).max(newest);
        }
        at = at.wrapping_add(1);
    }
    newest
}

/// What a record tells.
#[derive(Clone, Copy)]
enum What {
    Hello,
    /// The family that begins at this instance.
    Family(usize),
    /// The labels of a child of this instance.
    Labels {
        instance: usize,
        child: usize,
        birth: u32,
    },
}

impl<'a, S: Source + ?Sized> State<'a, S> {
    /// Fills a payload with records, if this snapshot is to have more of them. Returns the length.
    pub(super) fn fill_records(&mut self, mut wants: Wants, payload: &mut [u8]) -> usize {
        loop {
            let due = self.stage == Stage::Due;
            // Everything at first, and in turn.
            let all = !due || self.trickle.anew;
            if all {
                wants = Wants::ALL;
            }
            match &mut self.stage {
                Stage::Due => {}
                Stage::Turn(left @ 1..) => *left -= 1,
                Stage::Turn(0) => {
                    (self.stage, self.cursor) = (Stage::Values, Cursor::START);
                    return 0;
                }
                Stage::Idle | Stage::Values => return 0,
            }
            let mut at = 0;
            if wants.hello && self.trickle.hello != Trickle::SAID && self.greets(payload.len(), due) {
                let mut part = self.trickle.hello.into();
                if self.put(
                    payload,
                    &mut at,
                    &mut part,
                    &Head { kind: kind::HELLO, fields: &[] },
                    What::Hello,
                ) {
                    part = Trickle::SAID.into();
                }
                self.trickle.hello = part as u8;
            }
            let mut cursor = if due { self.cursor } else { self.trickle.cursor };
            let complete = self.round(payload, &mut at, &mut cursor, wants);
            self.trickle.count = self.trickle.count.wrapping_add(all.into());
            if complete {
                cursor = Cursor::START;
                if all {
                    // The round behind the first says hello in each snapshot too: up to as many frames again.
                    self.trickle.end(1 + u16::from(due));
                }
            }
            if !due {
                self.trickle.cursor = cursor;
                if at == 0 {
                    self.stage = Stage::Turn(0);
                    continue;
                }
                return at;
            }
            self.cursor = cursor;
            if complete {
                self.told = self.birth;
                let anew = core::mem::take(&mut self.trickle.anew);
                self.stage = Stage::Turn(if anew { 0 } else { self.trickle.share });
            }
            if at > 0 || !complete {
                return at;
            }
        }
    }

    fn hello(&self) -> Hello<'a> {
        let Place { families, cells, .. } = Place::of(self.source, usize::MAX);
        Hello { identity: self.identity, families, cells, flags: self.flags.into() }
    }

    /// Whether a frame begins with the hello. In turn, one that is longer than half a frame takes turns with other
    /// records.
    fn greets(&mut self, room: usize, due: bool) -> bool {
        let mut window = Window::new(&mut [], 0);
        self.hello().write(&mut window);
        // A record has four bytes more at most.
        let short = due || window.total().wrapping_add(4) <= room / 2;
        self.trickle.greeted = !short && !self.trickle.greeted;
        short || self.trickle.greeted
    }

    /// Goes on with a round as far as the payload from `at` on takes it, and moves both behind it. Returns whether it
    /// is complete.
    fn round(&self, payload: &mut [u8], at: &mut usize, cursor: &mut Cursor, wants: Wants) -> bool {
        let families = Place::of(self.source, usize::MAX).families as u64;
        let mut place = Place::of(self.source, cursor.instance.into());
        loop {
            let index = usize::from(cursor.instance);
            let Some(instance) = self.source.instance(index) else { return true };
            let Instance { desc, first, .. } = instance;
            let table = self.source.slots(index);
            let family = place.families.wrapping_sub(usize::from(!first));
            let before = if first { 0 } else { place.slots };
            while usize::from(cursor.child) <= desc.details.capacity {
                let child = usize::from(cursor.child).wrapping_sub(1);
                let slot = before.wrapping_add(child);
                let birth = || table.map_or(0, |table| table.birth(child));
                let now = birth();
                let wanted = if cursor.child == 0 {
                    first && family >= wants.schema.into()
                } else {
                    let asked = (family, slot) >= (wants.family.into(), wants.slot.into());
                    now > 0 && (asked || (self.told < now && now <= self.birth))
                };
                if wanted {
                    let before = *at;
                    let (kind, fields, what) = if cursor.child == 0 {
                        (kind::SCHEMA, [family as u64, families, place.cells as u64], What::Family(index))
                    } else {
                        let what = What::Labels { instance: index, child, birth: now };
                        (kind::LABEL, [family as u64, slot as u64, now.into()], what)
                    };
                    let complete =
                        self.put(payload, at, &mut cursor.part, &Head { kind, fields: &fields }, what);
                    if birth() != now {
                        // What has become another's meanwhile is told with the next snapshot.
                        *at = before;
                    } else if !complete {
                        return false;
                    }
                }
                cursor.next_child();
            }
            place.pass(&instance);
            cursor.next_instance();
        }
    }

    /// Writes a record into the payload from `at` on, its byte string from `part` on as far as it fits, and moves both
    /// behind it. Returns whether it is complete.
    fn put(&self, payload: &mut [u8], at: &mut usize, part: &mut u16, head: &Head<'_>, what: What) -> bool {
        let room = payload.get_mut(*at..).unwrap_or_default();
        let written = record::put(room, head, (*part).into(), |window| self.write(window, what));
        let Some(Written { len, end, total }) = written else { return false };
        *at = at.wrapping_add(len);
        *part = end as u16;
        end >= total
    }

    #[inline(never)]
    fn write(&self, window: &mut Window<'_>, what: What) {
        match what {
            What::Hello => self.hello().write(window),
            What::Family(instance) => schema::write(window, self.source, instance),
            What::Labels { instance, child, birth } => {
                if let Some(slots) = self.source.slots(instance)
                    && let Some(Instance { desc, .. }) = self.source.instance(instance)
                {
                    slots.each_label(child, birth, desc.details.dimensions.len(), &mut |value| {
                        window.varint(value.len() as u64);
                        window.bytes(value);
                    });
                }
            }
        }
    }
}
