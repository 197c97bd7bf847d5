//! Records: who the device is, what its numbers mean, and who is in the slots of its tables.

use super::inbox::Wants;
use super::place::{Cursor, Place};
use super::{Stage, State};
use crate::model::{Instance, Slots, Source};
use crate::wire::record::{self, Head, Written, kind};
use crate::wire::{Hello, Window, schema};

/// The newest birth in all tables.
pub(super) fn newest_birth<S: Source + ?Sized>(source: &S) -> u32 {
    let (mut newest, mut at) = (0, 0usize);
    while let Some(Instance { desc, .. }) = source.instance(at) {
        if desc.capacity > 0
            && let Some(slots) = source.slots(at)
        {
            // Not the overflow, which everyone knows.
            newest = (0..desc.capacity).map(|slot| slots.birth(slot)).fold(newest, u32::max);
        }
        at = at.wrapping_add(1);
    }
    newest
}

/// What a byte string is made of.
enum Text<'a> {
    Hello(Hello<'a>),
    /// The family that begins at this instance.
    Family(usize),
    Labels {
        slots: &'a dyn Slots,
        child: usize,
        birth: u32,
        dimensions: usize,
    },
}

impl<'a, S: Source + ?Sized> State<'a, S> {
    /// Fills a payload with records, if this snapshot is to have more of them. Returns the length.
    pub(super) fn fill_records(&mut self, mut wants: Wants, flags: u64, payload: &mut [u8]) -> usize {
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
            if wants.hello && self.trickle.greets {
                at = self.greet(payload, flags, due);
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

    fn hello(&self, flags: u64) -> Hello<'a> {
        let Place { families, cells, .. } = Place::of(self.source, usize::MAX);
        Hello { identity: self.identity, families, cells, flags }
    }

    /// Writes the hello, or its next part. Returns the length.
    fn greet(&mut self, payload: &mut [u8], flags: u64, due: bool) -> usize {
        let hello = self.hello(flags);
        if !due {
            // A record has four bytes more at most; one that is longer than half a frame takes turns with the others.
            let mut window = Window::new(&mut [], 0);
            hello.write(&mut window);
            let short = window.total().wrapping_add(4) <= payload.len() / 2;
            self.trickle.greeted = !short && !self.trickle.greeted;
            if !short && !self.trickle.greeted {
                return 0;
            }
        }
        let text = Text::Hello(hello);
        let offset = u16::from(self.trickle.hello);
        let Some(written) = self.put(payload, &Head { kind: kind::HELLO, fields: &[] }, offset, &text) else {
            return 0;
        };
        self.trickle.greets = written.end < written.total;
        self.trickle.hello = if self.trickle.greets { written.end as u8 } else { 0 };
        written.len
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
            while usize::from(cursor.child) <= desc.capacity {
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
                    let (kind, fields, text) = match table {
                        Some(slots) if cursor.child > 0 => {
                            let dimensions = desc.dimensions.len();
                            let text = Text::Labels { slots, child, birth: now, dimensions };
                            (kind::LABEL, [family as u64, slot as u64, now.into()], text)
                        }
                        _ => {
                            (kind::SCHEMA, [family as u64, families, place.cells as u64], Text::Family(index))
                        }
                    };
                    let room = payload.get_mut(*at..).unwrap_or_default();
                    let written = self.put(room, &Head { kind, fields: &fields }, cursor.part, &text);
                    let Some(written) = written else { return false };
                    // What has become another's meanwhile is told with the next snapshot.
                    if birth() == now {
                        *at = at.wrapping_add(written.len);
                        if written.end < written.total {
                            cursor.part = written.end as u16;
                            return false;
                        }
                    }
                }
                cursor.next_child();
            }
            place.pass(&instance);
            cursor.next_instance();
        }
    }

    /// Writes a record, or as much of it as fits.
    fn put(&self, room: &mut [u8], head: &Head<'_>, offset: u16, text: &Text<'_>) -> Option<Written> {
        record::put(room, head, offset.into(), |window| self.write(window, text))
    }

    #[inline(never)]
    fn write(&self, window: &mut Window<'_>, text: &Text<'_>) {
        match text {
            Text::Hello(hello) => hello.write(window),
            Text::Family(index) => schema::write(window, self.source, *index),
            Text::Labels { slots, child, birth, dimensions } => {
                for dimension in 0..*dimensions {
                    let value = slots.label(*child, *birth, dimension).unwrap_or_default();
                    window.varint(value.as_bytes().len() as u64);
                    window.bytes(value.as_bytes());
                }
            }
        }
    }
}
