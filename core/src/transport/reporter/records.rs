//! Records: who the device is, what its numbers mean, and who is in the slots of its tables.

use super::place::{Cursor, Place};
use super::{Known, Stage, State, Trickle};
use crate::model::{Instance, Source};
use crate::wire::record::{self, Head, kind};
use crate::wire::{Hello, Wants, Window, schema};

/// The newest birth in all tables.
pub(super) fn newest_birth<S: Source + ?Sized>(source: &S) -> u32 {
    let (mut newest, mut at) = (0, 0usize);
    while source.has_tables()
        && let Some(Instance { desc, .. }) = source.instance(at)
    {
        if let Some(slots) = source.slots(at) {
            // Not the overflow, which everyone knows.
            newest = slots.newest(desc.details.capacity).max(newest);
        }
        at = at.wrapping_add(1);
    }
    newest
}

/// Births whose label records are wanted, asked for or not: those behind the first, up to the second.
type Births = (u32, u32);

impl<S: Source + ?Sized> State<'_, S> {
    /// Fills a payload with records, if this snapshot is to have more of them. Returns the length.
    pub(super) fn fill_records(&mut self, wants: Option<&Wants>, payload: &mut [u8]) -> usize {
        let births = (self.told, self.birth);
        let Self { known, stage, trickle, cursor, .. } = self;
        let flags = if wants.is_some() { Hello::READS_REQUESTS } else { 0 };
        let half = payload.len() / 2;
        let mut page = Window::new(payload, 0);
        loop {
            // Where it cannot be, what answers is not linked.
            let asked = (wants.is_some() || known.source.has_tables()) && *stage == Stage::Asked;
            if !asked && !matches!(stage, Stage::Turn(1..)) {
                break;
            }
            let (cursor, wants) = if asked {
                (&mut *cursor, wants.unwrap_or(&Wants::NOTHING))
            } else {
                (&mut trickle.cursor, &Wants::ALL)
            };
            if wants.hello() {
                known.greet(&mut page, &mut trickle.hello, flags);
            }
            let greeted = page.kept();
            let complete = known.round(&mut page, cursor, wants, births);
            if complete && known.source.has_tables() && (asked || trickle.anew) {
                self.told = births.1;
            }
            match stage {
                Stage::Turn(left) => {
                    // A frame of which the hello takes most comes on top of the others.
                    if greeted <= half {
                        trickle.count = trickle.count.saturating_add(1);
                        *left = left.wrapping_sub(u8::from(!trickle.anew));
                    }
                    if complete {
                        if trickle.anew || page.kept() == greeted {
                            *left = 0;
                        }
                        trickle.end();
                    }
                }
                _ if complete => *stage = Stage::Turn(trickle.share),
                _ => {}
            }
            if page.kept() > 0 {
                return page.kept();
            }
            if !complete {
                // Not even one byte has room: it is given up.
                *stage = Stage::Turn(0);
            }
        }
        if let Stage::Turn(_) = stage {
            (*stage, *cursor, self.position) = (Stage::Values, Cursor::START, 0);
        }
        0
    }
}

impl<S: Source + ?Sized> Known<'_, S> {
    /// Says who the device is, unless this snapshot has it.
    fn greet(&self, page: &mut Window<'_>, part: &mut u8, flags: u32) {
        let mut offset = (*part).into();
        if *part != Trickle::SAID {
            let head = Head { kind: kind::HELLO, fields: &[] };
            let complete = record::put(page, &head, &mut offset, &|window| {
                let Place { families, cells, .. } = Place::of(self.source, usize::MAX);
                Hello { identity: self.identity, families, cells, flags }.write(window);
            });
            *part = if complete { Trickle::SAID } else { offset as u8 };
        }
    }

    /// Goes on with a round as far as the payload takes it. Returns whether it is complete.
    fn round(&self, page: &mut Window<'_>, cursor: &mut Cursor, wants: &Wants, births: Births) -> bool {
        let families = Place::of(self.source, usize::MAX).families as u32;
        loop {
            let index = usize::from(cursor.instance);
            let Some(Instance { first, .. }) = self.source.instance(index) else { return true };
            if cursor.child == 0 && first {
                let Place { families: family, cells, .. } = Place::of(self.source, index);
                if wants.schema(family) {
                    let fields = [family as u32, families, cells as u32];
                    let head = Head { kind: kind::SCHEMA, fields: &fields };
                    let write = |window: &mut Window<'_>| schema::write(window, self.source, index);
                    if !record::put(page, &head, &mut cursor.part, &write) {
                        return false;
                    }
                }
            }
            if self.source.has_tables() && !self.labels(page, cursor, wants, births) {
                return false;
            }
            cursor.next_instance();
        }
    }

    /// Goes on with the labels of one instance. Returns whether they are complete.
    fn labels(&self, page: &mut Window<'_>, cursor: &mut Cursor, wants: &Wants, births: Births) -> bool {
        let index = usize::from(cursor.instance);
        let (told, newest) = births;
        let Some(Instance { desc, first, .. }) = self.source.instance(index) else { return true };
        let Some(table) = self.source.slots(index) else { return true };
        let Place { families, slots, .. } = Place::of(self.source, index);
        let family = families.wrapping_sub(usize::from(!first));
        if cursor.child == 0 {
            cursor.next_child();
        }
        while usize::from(cursor.child) <= desc.details.capacity {
            let child = usize::from(cursor.child).wrapping_sub(1);
            let slot = slots.wrapping_add(child);
            let birth = table.birth(child);
            let asked = wants.labels(family, slot);
            if birth > 0 && (asked || (told < birth && birth <= newest)) {
                let before = page.kept();
                let fields = [family as u32, slot as u32, birth];
                let head = Head { kind: kind::LABEL, fields: &fields };
                let complete = record::put(page, &head, &mut cursor.part, &|window| {
                    table.each_label(child, birth, desc.details.dimensions.len(), &mut |value| {
                        window.varint(value.len() as u32);
                        window.bytes(value);
                    });
                });
                if table.birth(child) != birth {
                    // What has become another's meanwhile is told with the next snapshot.
                    page.cut(before);
                } else if !complete {
                    return false;
                }
            }
            cursor.next_child();
        }
        true
    }
}
