//! The fleet as a source: family by family, device by device.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::session::ChildSchema;
use super::Fleet;
use super::device::State;
use super::layout::{Layout, Slot};
use super::roster::{Entry, Members, Roster};
use super::rows::View;
use super::runs::Runs;
use super::table::{Named, text};
use crate::model::{Child, Family, Form, Kind, Number, Shape};
use crate::registry::{Indexed, Resume, Visitor};

/// Most pieces of a label text that are lent as they are; more are joined first.
const PIECES: usize = 12;

/// How a page reads a device without locking it: what families of plain series show of it. Changes under the index's lock
/// for writing.
pub(super) struct Shown {
    layout: Arc<Layout>,
    view: View,
    /// When it booted, as in [`Child::created`].
    booted_ms: u64,
    /// The labels that the gateway adds, joined.
    text: [u8; Self::TEXT],
    len: u8,
}

impl Shown {
    /// Most bytes of the labels: those of a device without others, and of most with one.
    const TEXT: usize = 47;

    /// `None` if families are to come, or the labels are longer than most.
    pub(super) fn of(state: &State) -> Option<Self> {
        let (layout, view) = state.series.view()?;
        let (first, rest) = state.labels();
        let (mut text, mut len) = ([0; Self::TEXT], 0usize);
        for label in std::iter::once(first).chain(rest.iter().map(|label| &**label)) {
            text.get_mut(len..)?.get_mut(..label.len())?.copy_from_slice(label.as_bytes());
            len += label.len();
        }
        Some(Self { layout: Arc::clone(layout), view, booted_ms: state.booted_ms, text, len: len as u8 })
    }
}

impl Indexed for Fleet {
    fn families(&self) -> Vec<Arc<Family>> {
        let index = self.read();
        let devices = index.families.values().map(|offered| &offered.family);
        let mut families: Vec<_> = self.own.families().chain(devices).cloned().collect();
        families.sort_by(|a, b| a.name.cmp(&b.name));
        families
    }

    fn visit(&self, family: &str, resume: &mut Resume, visitor: &mut dyn Visitor) -> bool {
        if let Some(done) = self.own.visit(self, family, resume, visitor) {
            return done;
        }
        let index = self.read();
        let Some(offered) = index.families.get(family) else { return true };
        let mut walk = Walk { family, same: None, runs: Runs::new(&index.devices, resume, visitor) };
        let all = each_device(&index.devices, &offered.devices, resume, |device, from, next| match device {
            Some((number, entry)) => walk.device(number, entry, from, next),
            None => walk.runs.flush(next),
        });
        walk.runs.end(resume);
        all
    }
}

/// A family of many devices, on the way to who is shown it: those that are alike in runs, others child by child.
struct Walk<'a> {
    family: &'a str,
    /// The family in the layout where it was looked for last.
    same: Option<(&'a Arc<Layout>, Option<Alike<'a>>)>,
    runs: Runs<'a>,
}

/// A family that can be shown in runs.
#[derive(Clone, Copy)]
struct Alike<'a> {
    slot: &'a Slot,
    shape: &'a Arc<Shape>,
    /// Whether its children began to count at some time.
    counts: bool,
    /// Where the cell of its only child is, if that can hold any value: so most families are.
    only: Option<usize>,
}

impl<'a> Alike<'a> {
    fn of(layout: &'a Layout, family: &str) -> Option<Self> {
        let slot = layout.slots().get(layout.search(family).ok()?)?;
        let counts = matches!(slot.schema.family.kind, Kind::Counter | Kind::Histogram | Kind::Summary);
        let shape = slot.schema.shape.as_ref()?;
        let is_plain = shape.number == Number::Unsigned && shape.form == Form::Value;
        let only = match &*slot.schema.children {
            [child] if is_plain => Some(slot.place + child.index),
            _ => None,
        };
        Some(Self { slot, shape, counts, only })
    }
}

impl<'a> Walk<'a> {
    /// Shows the children of a device, now or later, from the text `from` on. If one is refused, breaks with its device,
    /// and writes its text to `next`.
    #[inline]
    fn device(
        &mut self,
        number: u32,
        entry: &'a Entry,
        from: &str,
        next: &mut String,
    ) -> ControlFlow<&'a str> {
        if let Some(shown) = entry.shown.as_ref().filter(|_| from.is_empty())
            && let Some(alike) = self.alike(&shown.layout)
        {
            let added = self.runs.push(number, alike.shape, next, |shape, row, to| {
                row.text.set_first_of(&shown.text, shown.len.into());
                row.created = alike.counts.then_some(shown.booted_ms);
                shown.view.read(|cells| match (alike.only, &mut *to) {
                    (Some(only), [to]) => {
                        cells.get(only).map(|cell| *to = cell.load(Ordering::Relaxed)).is_some()
                    }
                    (_, to) => copy(alike.slot, shape, cells, to),
                })
            })?;
            if added {
                return ControlFlow::Continue(());
            }
        }
        self.one(entry, from, next)
    }

    /// The family in a layout, if it can be shown in runs.
    #[inline]
    fn alike(&mut self, layout: &'a Arc<Layout>) -> Option<Alike<'a>> {
        match self.same {
            Some((there, alike)) if Arc::ptr_eq(there, layout) => alike,
            _ => {
                let alike = Alike::of(layout, self.family);
                self.same = Some((layout, alike));
                alike
            }
        }
    }

    /// Shows the children of a device one by one.
    fn one(&mut self, entry: &'a Entry, from: &str, next: &mut String) -> ControlFlow<&'a str> {
        self.runs.flush(next)?;
        let state = entry.device.lock();
        let Some(slot) = state.series.find(self.family) else { return ControlFlow::Continue(()) };
        let (visitor, copy) = self.runs.singly();
        Singly { state: &state, slot, visitor, next, copy }.all(from).map_break(|()| &*entry.name)
    }
}

/// Copies the cells of all children of a family in the order in which these are shown. Returns false if one of them does
/// not show what it is, or is not there.
fn copy(slot: &Slot, shape: &Shape, from: &[AtomicU64], to: &mut [u64]) -> bool {
    let (schema, stride) = (&*slot.schema, shape.cells_of_child());
    let mut rest = to;
    for child in &schema.children {
        let from = from.get(slot.place + child.index * stride..).and_then(|from| from.get(..stride));
        let (Some(from), Some((to, behind))) = (from, rest.split_at_mut_checked(stride)) else {
            return false;
        };
        rest = behind;
        let Some((sum, buckets)) = from.split_last() else { return false };
        let Some((to, places)) = to.split_last_mut() else { return false };
        let mut count = 0u64;
        for (to, from) in places.iter_mut().zip(buckets) {
            *to = from.load(Ordering::Relaxed);
            // What no device can have counted would break the order of the buckets on the page.
            let Some(more) = count.checked_add(*to) else { return false };
            count = more;
        }
        *to = sum.load(Ordering::Relaxed);
        if shape.number != Number::Unsigned {
            let Some(value) = schema.value(*to) else { return false };
            *to = Shape::cell(value);
        }
    }
    true
}

/// The children of one device that is locked, shown one by one.
struct Singly<'a> {
    state: &'a State,
    slot: &'a Slot,
    visitor: &'a mut dyn Visitor,
    /// Where the text of a child that is refused is written to.
    next: &'a mut String,
    copy: &'a mut Vec<u64>,
}

impl Singly<'_> {
    /// Shows all in the order of their own labels, from the text `from` on.
    fn all(&mut self, from: &str) -> ControlFlow<()> {
        let (state, slot) = (self.state, self.slot);
        let is_before = |child: &ChildSchema| text(child).lt(from.bytes());
        let mut fixed = &*slot.schema.children;
        if !from.is_empty() {
            fixed = fixed.get(fixed.partition_point(is_before)..).unwrap_or_default();
        }
        let Some(table) = state.series.table(slot) else {
            return fixed.iter().try_for_each(|child| self.one(child, None, 0));
        };
        let mut named = table.named();
        if !from.is_empty() {
            named = named.get(named.partition_point(|named| is_before(&named.child))..).unwrap_or_default();
        }
        while let [Named { child, birth }, rest @ ..] = named {
            if let [first, others @ ..] = fixed
                && text(first).lt(text(child))
            {
                fixed = others;
                self.one(first, None, table.since(first.index))?;
            } else {
                named = rest;
                self.one(child, Some(*birth), table.since(child.index))?;
            }
        }
        fixed.iter().try_for_each(|child| self.one(child, None, table.since(child.index)))
    }

    /// Shows a child, if it is there.
    fn one(&mut self, child: &ChildSchema, birth: Option<u32>, since: u32) -> ControlFlow<()> {
        let Self { state, slot, visitor, next, copy } = self;
        let Some(point) = state.series.point(slot, child, birth, copy) else {
            return ControlFlow::Continue(());
        };
        let counts = matches!(slot.schema.family.kind, Kind::Counter | Kind::Histogram | Kind::Summary);
        let created = counts.then(|| state.unix_ms(since));
        let (first, rest) = state.labels();
        let added = std::iter::once(first).chain(rest.iter().map(|text| &**text));
        let (mut pieces, mut joined) = ([""; PIECES], String::new());
        let labels = lend(&child.pieces, added, &mut pieces, &mut joined);
        let shown = visitor.child(&Child { labels, point, created });
        if shown.is_break() {
            next.extend(child.pieces.iter().map(|piece| &**piece));
        }
        shown
    }
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
/// the one to go on with, and breaks with a device's name: its own, or that of one before which was not done with. At
/// the end it is called with no device. Returns whether all were seen.
///
/// The key is the device's name and that text, the index the length of the name. Whatever devices come, go, boot or
/// change meanwhile, what stands in front of the key was shown and what stands behind was not: no series is shown
/// twice.
pub(super) fn each_device<'a>(
    roster: &'a Roster,
    members: &Members,
    resume: &mut Resume,
    mut visit: impl FnMut(Option<(u32, &'a Entry)>, &str, &mut String) -> ControlFlow<&'a str>,
) -> bool {
    let (mut key, last, mut next) = resume.leave();
    let (name, text) = key.split_at_checked(last).unwrap_or((&key, ""));
    let mut from = text;
    let devices = roster.from(members, name).iter();
    let mut devices = devices.filter_map(|number| Some((*number, roster.entry(*number)?)));
    let end = devices.try_for_each(|(number, entry)| {
        // Only the first can be the one that was left.
        let from = match std::mem::take(&mut from) {
            text if !text.is_empty() && *entry.name == *name => text,
            _ => "",
        };
        visit(Some((number, entry)), from, &mut next)
    });
    let end = match end {
        ControlFlow::Continue(()) => visit(None, "", &mut next),
        end @ ControlFlow::Break(_) => end,
    };
    if let ControlFlow::Break(name) = end {
        next.insert_str(0, name);
        resume.stop(next, name.len(), key);
        return false;
    }
    key.clear();
    resume.stop(key, 0, next);
    true
}
