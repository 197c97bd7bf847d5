//! The fleet as a source: family by family, device by device.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::super::session::ChildSchema;
use super::Fleet;
use super::device::State;
use super::layout::Slot;
use super::roster::{Members, Roster};
use super::series::Place;
use super::table::{Named, text};
use crate::model::{Child, Family, Kind};
use crate::registry::{Indexed, Resume};

/// Most pieces of a label text that are lent as they are; more are joined first.
const PIECES: usize = 12;
/// For how many devices memory is asked for at once: about as many as a core can wait for.
const AHEAD: usize = 16;

impl Indexed for Fleet {
    fn families(&self) -> Vec<Arc<Family>> {
        let index = self.read();
        let devices = index.families.values().map(|offered| &offered.family);
        let mut families: Vec<_> = self.own.families().chain(devices).cloned().collect();
        families.sort_by(|a, b| a.name.cmp(&b.name));
        families
    }

    fn visit(
        &self,
        family: &str,
        resume: &mut Resume,
        visitor: &mut dyn FnMut(&Child<'_>) -> ControlFlow<()>,
    ) -> bool {
        if let Some(done) = self.own.visit(self, family, resume, visitor) {
            return done;
        }
        let index = self.read();
        let Some(offered) = index.families.get(family) else { return true };
        let place = RefCell::new(Place::default());
        let touch = |state: &State| {
            state.touch_label();
            state.series.touch(&place.borrow());
        };
        each_device(&index.devices, &offered.devices, resume, touch, |state, from, next| {
            match state.series.find(family, &mut place.borrow_mut()) {
                Some(slot) => children(state, slot, from, next, visitor),
                None => ControlFlow::Continue(()),
            }
        })
    }
}

type Visitor<'a> = dyn FnMut(&Child<'_>) -> ControlFlow<()> + 'a;

/// Shows the children of one device in the order of their own labels, from the text `from` on. If one is refused, writes
/// its text to `next`.
#[inline]
fn children(
    state: &State,
    slot: &Slot,
    from: &str,
    next: &mut String,
    visitor: &mut Visitor<'_>,
) -> ControlFlow<()> {
    let is_before = |child: &ChildSchema| text(child).lt(from.bytes());
    let mut fixed = &*slot.schema.children;
    if !from.is_empty() {
        fixed = fixed.get(fixed.partition_point(is_before)..).unwrap_or_default();
    }
    if let Some(table) = state.series.table(slot) {
        let mut named = table.named();
        if !from.is_empty() {
            named = named.get(named.partition_point(|named| is_before(&named.child))..).unwrap_or_default();
        }
        while let [Named { child, birth }, rest @ ..] = named {
            if let [first, others @ ..] = fixed
                && text(first).lt(text(child))
            {
                fixed = others;
                show(state, slot, first, None, table.since(first.index), next, visitor)?;
            } else {
                named = rest;
                show(state, slot, child, Some(*birth), table.since(child.index), next, visitor)?;
            }
        }
        for child in fixed {
            show(state, slot, child, None, table.since(child.index), next, visitor)?;
        }
        return ControlFlow::Continue(());
    }
    fixed.iter().try_for_each(|child| show(state, slot, child, None, 0, next, visitor))
}

/// Shows a child, if it is there. If it is refused, writes its text to `next`.
#[inline]
fn show(
    state: &State,
    slot: &Slot,
    child: &ChildSchema,
    birth: Option<u32>,
    since: u32,
    next: &mut String,
    visitor: &mut Visitor<'_>,
) -> ControlFlow<()> {
    let Some(point) = state.series.point(slot, child, birth) else { return ControlFlow::Continue(()) };
    let counts = matches!(slot.schema.family.kind, Kind::Counter | Kind::Histogram);
    let created = counts.then(|| state.unix_ms(since));
    let (first, rest) = state.labels();
    let shown = match (&*child.pieces, rest) {
        // The device label is all that is added.
        ([before, after], []) => {
            let all: [&str; 3] = [before, first, after];
            let labels = match (before.is_empty(), after.is_empty()) {
                (true, true) => &all[1..2],
                (true, false) => &all[1..],
                (false, true) => &all[..2],
                (false, false) => &all[..],
            };
            visitor(&Child { labels, point, created })
        }
        (all, rest) => {
            let added = std::iter::once(first).chain(rest.iter().map(|text| &**text));
            let (mut pieces, mut joined) = ([""; PIECES], String::new());
            let labels = lend(all, added, &mut pieces, &mut joined);
            visitor(&Child { labels, point, created })
        }
    };
    if shown.is_break() {
        next.extend(child.pieces.iter().map(|piece| &**piece));
    }
    shown
}

/// The label text of a child with the device's labels in between, in pieces of which none is empty.
fn lend<'a, 'b>(
    pieces: &'a [Box<str>],
    added: impl Iterator<Item = &'a str> + Clone,
    lent: &'b mut [&'a str; PIECES],
    joined: &'a mut String,
) -> &'b [&'a str] {
    let added = added.chain(std::iter::repeat(""));
    let all = pieces.iter().zip(added).flat_map(|(piece, added)| [&**piece, added]);
    let mut len = 0;
    let mut fits = true;
    for piece in all.clone().filter(|piece| !piece.is_empty()) {
        match lent.get_mut(len) {
            Some(to) => *to = piece,
            None => fits = false,
        }
        len += 1;
    }
    if !fits {
        joined.extend(all);
        (lent[0], len) = (joined, 1);
    }
    lent.get(..len).unwrap_or_default()
}

/// Goes through devices from `resume` on, with the text of the child to begin with; a device that is left writes that of
/// the one to go on with. Returns whether all were seen.
///
/// The key is the device's name and that text, the index the length of the name. Whatever devices come, go, boot or
/// change meanwhile, what stands in front of the key was shown and what stands behind was not: no series is shown
/// twice.
///
/// Among many devices none is in a cache. So memory is asked for [`AHEAD`] of them at once, and waited for once: where
/// they are, and then what `touch` reads of each.
pub(super) fn each_device(
    roster: &Roster,
    members: &Members,
    resume: &mut Resume,
    touch: impl Fn(&State),
    mut visit: impl FnMut(&State, &str, &mut String) -> ControlFlow<()>,
) -> bool {
    let (mut key, last, mut next) = resume.leave();
    let (name, text) = key.split_at_checked(last).unwrap_or((&key, ""));
    let mut from = text;
    for some in roster.from(members, name).chunks(AHEAD) {
        for device in some.iter().filter_map(|number| roster.device(*number)) {
            device.touch();
        }
        let mut states = [const { None }; AHEAD];
        for (state, number) in states.iter_mut().zip(some) {
            *state = roster.device(*number).map(|device| device.lock());
        }
        states.iter().flatten().for_each(|state| touch(state));
        for state in states.iter().flatten() {
            // Only the first can be the one that was left.
            let from = match std::mem::take(&mut from) {
                text if !text.is_empty() && *state.name == *name => text,
                _ => "",
            };
            if visit(state, from, &mut next).is_break() {
                next.insert_str(0, &state.name);
                resume.stop(next, state.name.len(), key);
                return false;
            }
        }
    }
    key.clear();
    resume.stop(key, 0, next);
    true
}
