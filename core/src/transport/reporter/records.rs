//! Records: who the device is, what its numbers mean, and who is in the slots of its tables.

use super::inbox::Wants;
use super::values::ValueCursor;
use super::{Stage, State};
use crate::model::{Instance, Slots, Source};
use crate::wire::record::{self, Head, Written, kind};
use crate::wire::{Hello, Window, schema};

/// Where a round of records stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordCursor {
    instance: u16,
    /// 0 at the family that begins with the instance, one more than a slot of the instance at its labels.
    slot: u16,
    /// Where in the byte string the next part begins.
    offset: u16,
}

impl RecordCursor {
    pub(super) const START: Self = Self { instance: 0, slot: 0, offset: 0 };
}

/// Which records a round has.
struct Round {
    /// Families from this on.
    schema: usize,
    /// Labels from this family and slot on.
    labels: (usize, usize),
    /// Labels of births above the first, up to the second, wherever they are.
    births: (u32, u32),
}

impl Round {
    const ALL: Self = Self { schema: 0, labels: (0, 0), births: (0, 0) };
}

/// How many families and cells there are, in all and in front of one instance.
#[derive(Default)]
struct Place {
    families: usize,
    cells: usize,
    /// Slots of the instances in front that are of the same family.
    slots: usize,
}

impl Place {
    /// In front of the instance at `index`; in all, if there is none.
    fn of<S: Source + ?Sized>(source: &S, index: usize) -> Self {
        let (mut place, mut at) = (Self::default(), 0usize);
        while at < index
            && let Some(instance) = source.instance(at)
        {
            place.pass(&instance);
            at = at.wrapping_add(1);
        }
        place
    }

    const fn pass(&mut self, Instance { desc, first, .. }: &Instance<'_>) {
        let before = if *first { 0 } else { self.slots };
        self.slots = before.wrapping_add(desc.children());
        self.families = self.families.wrapping_add(*first as usize);
        self.cells = self.cells.wrapping_add(desc.all_cells());
    }
}

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

impl<S: Source + ?Sized> State<'_, S> {
    /// Fills a payload with records, if this snapshot is to have more of them. Returns the length.
    pub(super) fn fill_records(&mut self, wants: Wants, flags: u64, payload: &mut [u8]) -> Option<usize> {
        if let Stage::Due { cursor, newest } = self.stage {
            let round = if self.trickle.anew {
                Round::ALL
            } else {
                Round {
                    schema: wants.schema.into(),
                    labels: (wants.family.into(), wants.slot.into()),
                    births: (self.told, newest),
                }
            };
            let mut at = 0;
            if self.trickle.greets && (self.trickle.anew || wants.hello) {
                at = self.greet(payload, flags);
            }
            let (len, next) = self.round(payload.get_mut(at..).unwrap_or_default(), cursor, &round);
            at = at.wrapping_add(len);
            if self.trickle.anew {
                self.trickle.count = self.trickle.count.wrapping_add(1);
            }
            self.stage = if let Some(cursor) = next {
                Stage::Due { cursor, newest }
            } else {
                self.told = newest;
                if core::mem::take(&mut self.trickle.anew) {
                    // The next round says hello in each snapshot too: up to as many frames again.
                    self.trickle.end(2);
                    Stage::Turn(0)
                } else {
                    Stage::Turn(self.trickle.frames())
                }
            };
            if at > 0 {
                return Some(at);
            }
        }
        if let Stage::Turn(left) = self.stage {
            self.stage = match left.checked_sub(1) {
                Some(left) => Stage::Turn(left),
                None => Stage::Values(ValueCursor::START),
            };
            let len = if left > 0 { self.fill_turn(flags, payload) } else { 0 };
            if len > 0 {
                return Some(len);
            }
            self.stage = Stage::Values(ValueCursor::START);
        }
        None
    }

    /// Fills a payload with the hello, once in a snapshot, and what comes next in turn.
    fn fill_turn(&mut self, flags: u64, payload: &mut [u8]) -> usize {
        let mut at = 0;
        if self.trickle.greets {
            // A record has four bytes more at most; one that is longer than half a frame takes turns with the others.
            let mut window = Window::new(&mut [], 0);
            self.hello(flags).write(&mut window);
            let short = window.total().wrapping_add(4) <= payload.len() / 2;
            self.trickle.greeted = !short && !self.trickle.greeted;
            if short || self.trickle.greeted {
                at = self.greet(payload, flags);
            }
        }
        let room = payload.get_mut(at..).unwrap_or_default();
        let (len, next) = self.round(room, self.trickle.cursor, &Round::ALL);
        self.trickle.count = self.trickle.count.wrapping_add(1);
        // Not a second round in the same frame: it would only repeat the first.
        self.trickle.cursor = next.unwrap_or(RecordCursor::START);
        if next.is_none() {
            self.trickle.end(1);
        }
        at.wrapping_add(len)
    }

    fn hello(&self, flags: u64) -> Hello<'_> {
        let Place { families, cells, .. } = Place::of(self.source, usize::MAX);
        Hello { identity: self.identity, families, cells, flags }
    }

    /// Writes the hello, or its next part. Returns the length.
    fn greet(&mut self, payload: &mut [u8], flags: u64) -> usize {
        let text = Text::Hello(self.hello(flags));
        let offset = u16::from(self.trickle.hello);
        let Some(written) = self.put(payload, &Head { kind: kind::HELLO, fields: &[] }, offset, &text) else {
            return 0;
        };
        self.trickle.greets = written.end < written.total;
        self.trickle.hello = if self.trickle.greets { written.end as u8 } else { 0 };
        written.len
    }

    /// Goes on with a round as far as `room` takes it. Returns the length, and where to go on, if it is not complete.
    fn round(
        &self,
        room: &mut [u8],
        mut cursor: RecordCursor,
        round: &Round,
    ) -> (usize, Option<RecordCursor>) {
        let families = Place::of(self.source, usize::MAX).families as u64;
        let mut place = Place::of(self.source, cursor.instance.into());
        let mut at = 0;
        loop {
            let index = usize::from(cursor.instance);
            let Some(instance) = self.source.instance(index) else { return (at, None) };
            let Instance { desc, first, .. } = instance;
            let table = if desc.capacity > 0 { self.source.slots(index) } else { None };
            let family = place.families.wrapping_sub(usize::from(!first));
            let before = if first { 0 } else { place.slots };
            while usize::from(cursor.slot) <= desc.capacity {
                let child = usize::from(cursor.slot).wrapping_sub(1);
                let slot = before.wrapping_add(child);
                let birth = table.map_or(0, |table| table.birth(child));
                let (told, newest) = round.births;
                let wanted = if cursor.slot == 0 {
                    first && family >= round.schema
                } else {
                    birth > 0 && ((family, slot) >= round.labels || (told < birth && birth <= newest))
                };
                if wanted {
                    let (kind, fields, text) = match table {
                        Some(slots) if cursor.slot > 0 => {
                            let dimensions = desc.dimensions.len();
                            let text = Text::Labels { slots, child, birth, dimensions };
                            (kind::LABEL, [family as u64, slot as u64, birth.into()], text)
                        }
                        _ => {
                            (kind::SCHEMA, [family as u64, families, place.cells as u64], Text::Family(index))
                        }
                    };
                    let room = room.get_mut(at..).unwrap_or_default();
                    let written = self.put(room, &Head { kind, fields: &fields }, cursor.offset, &text);
                    let Some(written) = written else { return (at, Some(cursor)) };
                    // What has become another's meanwhile is told with the next snapshot.
                    if cursor.slot == 0 || table.is_some_and(|table| table.birth(child) == birth) {
                        at = at.wrapping_add(written.len);
                        if written.end < written.total {
                            return (at, Some(RecordCursor { offset: written.end as u16, ..cursor }));
                        }
                    }
                }
                cursor = RecordCursor { slot: cursor.slot.wrapping_add(1), offset: 0, ..cursor };
            }
            place.pass(&instance);
            cursor = RecordCursor { instance: cursor.instance.wrapping_add(1), slot: 0, offset: 0 };
        }
    }

    /// Writes a record, or as much of it as fits.
    fn put(&self, room: &mut [u8], head: &Head<'_>, offset: u16, text: &Text<'_>) -> Option<Written> {
        let write = |part: &mut [u8], offset| {
            let mut window = Window::new(part, offset);
            match text {
                Text::Hello(hello) => hello.write(&mut window),
                Text::Family(index) => schema::write(&mut window, self.source, *index),
                Text::Labels { slots, child, birth, dimensions } => {
                    for dimension in 0..*dimensions {
                        let value = slots.label(*child, *birth, dimension).unwrap_or_default();
                        window.varint(value.as_bytes().len() as u64);
                        window.bytes(value.as_bytes());
                    }
                }
            }
            window.total()
        };
        // Another string than that whose first part was sent may be shorter.
        let offset = usize::from(offset);
        let offset = if offset > write(&mut [], 0) { 0 } else { offset };
        record::put(room, head, offset, |part| write(part, offset))
    }
}
