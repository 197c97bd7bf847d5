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
    /// The first instance of the family.
    instance: u16,
    /// 0 at the family itself, one more than a slot at its labels.
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

/// How many families and cells there are, and how many in front of one.
#[derive(Default)]
struct Place {
    family: usize,
    first_cell: usize,
    families: usize,
    cells: usize,
}

impl Place {
    fn of<S: Source + ?Sized>(source: &S, index: usize) -> Self {
        let (mut place, mut at) = (Self::default(), 0usize);
        while let Some(Instance { desc, first, .. }) = source.instance(at) {
            if at == index {
                (place.family, place.first_cell) = (place.families, place.cells);
            }
            place.families = place.families.saturating_add(usize::from(first));
            place.cells = place.cells.saturating_add(desc.all_cells());
            at = at.saturating_add(1);
        }
        place
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
        at = at.saturating_add(1);
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
            at = at.saturating_add(len);
            if self.trickle.anew {
                self.trickle.count = self.trickle.count.saturating_add(1);
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
            let short = window.total().saturating_add(4) <= payload.len() / 2;
            self.trickle.greeted = !short && !self.trickle.greeted;
            if short || self.trickle.greeted {
                at = self.greet(payload, flags);
            }
        }
        let room = payload.get_mut(at..).unwrap_or_default();
        let (len, next) = self.round(room, self.trickle.cursor, &Round::ALL);
        self.trickle.count = self.trickle.count.saturating_add(1);
        // Not a second round in the same frame: it would only repeat the first.
        self.trickle.cursor = next.unwrap_or(RecordCursor::START);
        if next.is_none() {
            self.trickle.end(1);
        }
        at.saturating_add(len)
    }

    fn hello(&self, flags: u64) -> Hello<'_> {
        let Place { families, cells, .. } = Place::of(self.source, 0);
        Hello { identity: self.identity, families, cells, flags }
    }

    /// Writes the hello, or its next part. Returns the length.
    fn greet(&mut self, payload: &mut [u8], flags: u64) -> usize {
        let text = Text::Hello(self.hello(flags));
        let offset = usize::from(self.trickle.hello);
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
        let mut at = 0;
        let mut place = Place::of(self.source, cursor.instance.into());
        loop {
            let index = usize::from(cursor.instance);
            let Some(Instance { desc, .. }) = self.source.instance(index) else { return (at, None) };
            let mut count = 1usize;
            while self.source.instance(index.saturating_add(count)).is_some_and(|other| !other.first) {
                count = count.saturating_add(1);
            }
            if cursor.slot == 0 && place.family >= round.schema {
                let fields = [place.family as u64, place.families as u64, place.first_cell as u64];
                let head = Head { kind: kind::SCHEMA, fields: &fields };
                let room = room.get_mut(at..).unwrap_or_default();
                let Some(written) = self.put(room, &head, cursor.offset.into(), &Text::Family(index)) else {
                    return (at, Some(cursor));
                };
                at = at.saturating_add(written.len);
                if written.end < written.total {
                    return (at, Some(RecordCursor { offset: written.end as u16, ..cursor }));
                }
            }
            if cursor.slot == 0 {
                cursor = RecordCursor { slot: 1, offset: 0, ..cursor };
            }
            let children = if desc.capacity > 0 { desc.children() } else { 0 };
            // One less than what a cursor holds, so that it comes to the end whatever a source says.
            let slots = children.saturating_mul(count).min(usize::from(u16::MAX) - 1);
            while usize::from(cursor.slot) <= slots {
                let slot = usize::from(cursor.slot) - 1;
                let instance = index.saturating_add(slot.checked_div(children).unwrap_or(0));
                let child = slot.checked_rem(children).unwrap_or(0);
                let table = self.source.slots(instance).filter(|_| child < desc.capacity);
                let birth = table.map_or(0, |table| table.birth(child));
                let (told, newest) = round.births;
                let wanted = (place.family, slot) >= round.labels || (told < birth && birth <= newest);
                if birth > 0
                    && wanted
                    && let Some(slots) = table
                {
                    let fields = [place.family as u64, slot as u64, birth.into()];
                    let head = Head { kind: kind::LABEL, fields: &fields };
                    let text = Text::Labels { slots, child, birth, dimensions: desc.dimensions.len() };
                    let room = room.get_mut(at..).unwrap_or_default();
                    let Some(written) = self.put(room, &head, cursor.offset.into(), &text) else {
                        return (at, Some(cursor));
                    };
                    // What has become another's meanwhile is told with the next snapshot.
                    if slots.birth(child) == birth {
                        at = at.saturating_add(written.len);
                        if written.end < written.total {
                            return (at, Some(RecordCursor { offset: written.end as u16, ..cursor }));
                        }
                    }
                }
                cursor = RecordCursor { slot: cursor.slot.saturating_add(1), offset: 0, ..cursor };
            }
            place.family = place.family.saturating_add(1);
            place.first_cell = place.first_cell.saturating_add(desc.all_cells().saturating_mul(count));
            cursor = RecordCursor { instance: index.saturating_add(count) as u16, slot: 0, offset: 0 };
        }
    }

    /// Writes a record, or as much of it as fits.
    fn put(&self, room: &mut [u8], head: &Head<'_>, offset: usize, text: &Text<'_>) -> Option<Written> {
        let write = |part: &mut [u8], offset| {
            let mut window = Window::new(part, offset);
            match text {
                Text::Hello(hello) => hello.write(&mut window),
                Text::Family(index) => schema::write(&mut window, self.source, *index),
                Text::Labels { slots, child, birth, dimensions } => {
                    for dimension in 0..*dimensions {
                        let value = slots.label(*child, *birth, dimension).unwrap_or_default();
                        window.string(value.as_str());
                    }
                }
            }
            window.total()
        };
        // Another string than that whose first part was sent may be shorter.
        let offset = if offset > write(&mut [], 0) { 0 } else { offset };
        record::put(room, head, offset, |part| write(part, offset))
    }
}
