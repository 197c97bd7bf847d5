//! The fleet as a source: family by family, device by device.

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::super::session::ChildSchema;
use super::Fleet;
use super::device::State;
use super::layout::Slot;
use super::roster::{Members, Roster};
use super::table::{Named, Table, text};
use crate::model::{Child, Family, Kind};
use crate::registry::{Indexed, Resume};

/// Most pieces of a label text that are lent as they are; more are joined first.
const PIECES: usize = 12;

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
        // Devices with the same firmware have a family in the same place.
        let mut hint = 0;
        each_device(&index.devices, &offered.devices, resume, |state, from| {
            let Some(slot) = state.series.find(family, &mut hint) else { return ControlFlow::Continue(()) };
            children(state, slot, from, visitor)
        })
    }
}

/// Shows the children of one device in the order of their own labels, from the text `from` on.
fn children(
    state: &State,
    slot: &Slot,
    from: &str,
    visitor: &mut dyn FnMut(&Child<'_>) -> ControlFlow<()>,
) -> ControlFlow<String> {
    let table = state.series.table(slot);
    let is_before = |child: &ChildSchema| !from.is_empty() && text(child).lt(from.bytes());
    let fixed = &*slot.schema.children;
    let named = table.map_or(&[][..], Table::named);
    let mut fixed = fixed.get(fixed.partition_point(is_before)..).unwrap_or_default();
    let mut named = named.get(named.partition_point(|named| is_before(&named.child))..).unwrap_or_default();
    let counts = matches!(slot.schema.family.kind, Kind::Counter | Kind::Histogram);
    loop {
        let (child, birth) = match (fixed, named) {
            ([], []) => return ControlFlow::Continue(()),
            ([child, rest @ ..], []) => {
                fixed = rest;
                (child, None)
            }
            ([child, rest @ ..], [first, ..]) if text(child).cmp(text(&first.child)) == Ordering::Less => {
                fixed = rest;
                (child, None)
            }
            (_, [Named { child, birth }, rest @ ..]) => {
                named = rest;
                (child, Some(*birth))
            }
        };
        let Some(point) = state.series.point(slot, child, birth) else { continue };
        let since = table.map_or(0, |table| table.since(child.index));
        let created = counts.then(|| state.unix_ms(since));
        let mut joined = String::new();
        let mut pieces = [""; PIECES];
        let labels = lend(child, &state.labels, &mut pieces, &mut joined);
        if visitor(&Child { labels, point, created }).is_break() {
            return ControlFlow::Break(child.pieces.concat());
        }
    }
}

/// The label text of a child with the device's labels in between, in pieces of which none is empty.
fn lend<'a, 'b>(
    child: &'a ChildSchema,
    added: &'a [Box<str>],
    pieces: &'b mut [&'a str; PIECES],
    joined: &'a mut String,
) -> &'b [&'a str] {
    let added = added.iter().map(|text| &**text).chain(std::iter::repeat(""));
    let all = child.pieces.iter().zip(added).flat_map(|(piece, added)| [&**piece, added]);
    let mut len = 0;
    let mut fits = true;
    for piece in all.clone().filter(|piece| !piece.is_empty()) {
        match pieces.get_mut(len) {
            Some(to) => *to = piece,
            None => fits = false,
        }
        len += 1;
    }
    if !fits {
        joined.extend(all);
        (pieces[0], len) = (joined, 1);
    }
    pieces.get(..len).unwrap_or_default()
}

/// Goes through devices from `resume` on, with the text of the child to begin with; a device that is left tells the
/// one to go on with. Returns whether all were seen.
///
/// The key is the device's name and that text, the index the length of the name. Whatever devices come, go, boot or
/// change meanwhile, what stands in front of the key was shown and what stands behind was not: no series is shown
/// twice.
pub(super) fn each_device(
    roster: &Roster,
    members: &Members,
    resume: &mut Resume,
    mut visit: impl FnMut(&State, &str) -> ControlFlow<String>,
) -> bool {
    let key = std::mem::take(&mut resume.key);
    let (last, text) = key.split_at_checked(resume.index).unwrap_or((&key, ""));
    for (name, device) in roster.from(members, last) {
        let from = if **name == *last { text } else { "" };
        if let ControlFlow::Break(next) = visit(&device.lock(), from) {
            resume.key = [&**name, &next].concat();
            resume.index = name.len();
            return false;
        }
    }
    true
}
