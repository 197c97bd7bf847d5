//! Which devices there are, and lists of some of them.

use std::sync::Arc;

use super::device::Device;
use super::show::Shown;

/// The devices of the fleet by name. Each has a number as long as it is here, so that a list of devices, of which each
/// family has one, takes four bytes a device.
#[derive(Default)]
pub(super) struct Roster {
    /// By number.
    entries: Vec<Option<Entry>>,
    /// Numbers that no device has.
    free: Vec<u32>,
    all: Members,
}

pub(super) struct Entry {
    pub(super) name: Arc<str>,
    pub(super) device: Arc<Device>,
    /// How pages read it without locking it.
    pub(super) shown: Option<Shown>,
}

/// Some devices of a roster by number, in the order of their names.
///
/// One list in one piece: a device that comes or goes moves those behind it, which even among 16 384 are 64 KiB at
/// most; a tree would take six times the memory, on each device of each family.
#[derive(Default)]
pub(super) struct Members(Vec<u32>);

impl Roster {
    pub(super) fn len(&self) -> usize {
        self.all.0.len()
    }

    /// All devices.
    pub(super) fn all(&self) -> &Members {
        &self.all
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Device>> {
        self.device(self.number(name)?)
    }

    /// The number of the device of this name.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        let at = self.all.search(self, name, 0).ok()?;
        self.all.0.get(at).copied()
    }

    /// All devices in the order of their names.
    pub(super) fn devices(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.all.0.iter().filter_map(|number| self.device(*number))
    }

    /// The device of this number.
    #[inline]
    pub(super) fn device(&self, number: u32) -> Option<&Arc<Device>> {
        Some(&self.entry(number)?.device)
    }

    /// Numbers of these devices, in the order of their names, from `name` on.
    pub(super) fn from<'a>(&self, members: &'a Members, name: &str) -> &'a [u32] {
        let (Ok(at) | Err(at)) = members.search(self, name, 0);
        members.0.get(at..).unwrap_or_default()
    }

    /// Puts a device here, in place of another one of its name.
    pub(super) fn insert(&mut self, name: &Arc<str>, device: &Arc<Device>) {
        self.remove(name);
        let entry = Some(Entry { name: Arc::clone(name), device: Arc::clone(device), shown: None });
        let number = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            // There are far fewer than 2³².
            (self.entries.len() - 1) as u32
        });
        if let Some(place) = self.entries.get_mut(number as usize) {
            *place = entry;
        }
        let mut all = std::mem::take(&mut self.all);
        all.insert(self, number, &mut 0);
        self.all = all;
    }

    /// Pages read the device of this name that way now.
    pub(super) fn show(&mut self, name: &str, shown: Option<Shown>) {
        let place = self.number(name).and_then(|number| self.entries.get_mut(number as usize));
        if let Some(entry) = place.and_then(Option::as_mut) {
            entry.shown = shown;
        }
    }

    /// Removes a device, which must be in no list any more.
    pub(super) fn remove(&mut self, name: &str) {
        let mut all = std::mem::take(&mut self.all);
        if let Some(number) = all.remove(self, name, &mut 0) {
            if let Some(place) = self.entries.get_mut(number as usize) {
                *place = None;
            }
            self.free.push(number);
        }
        self.all = all;
    }

    /// What there is under this number.
    #[inline]
    pub(super) fn entry(&self, number: u32) -> Option<&Entry> {
        self.entries.get(number as usize)?.as_ref()
    }
}

impl Members {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a device. `hint` is where it stands in a like list, and then where it stands here.
    pub(super) fn insert(&mut self, roster: &Roster, number: u32, hint: &mut usize) {
        let Some(Entry { name, .. }) = roster.entry(number) else { return };
        let search = self.search(roster, name, *hint);
        let (Ok(at) | Err(at)) = search;
        if search.is_err() {
            if self.0.len() == self.0.capacity() {
                // Of many lists, twice the memory would be much.
                self.0.reserve_exact(self.0.len() / 8 + 1);
            }
            self.0.insert(at, number);
        }
        *hint = at;
    }

    /// Removes a device, and returns its number. `hint` is as for [`insert`](Self::insert).
    pub(super) fn remove(&mut self, roster: &Roster, name: &str, hint: &mut usize) -> Option<u32> {
        let at = self.search(roster, name, *hint).ok()?;
        *hint = at;
        let number = self.0.remove(at);
        if self.0.len() < self.0.capacity() / 2 {
            self.0.shrink_to_fit();
        }
        Some(number)
    }

    /// Where a device is, or would be.
    fn search(&self, roster: &Roster, name: &str, hint: usize) -> Result<usize, usize> {
        let order = |number: &u32| roster.entry(*number).map_or("", |entry| &*entry.name).cmp(name);
        let near = self.0.get(hint.saturating_sub(1)..).unwrap_or_default();
        match near {
            // Families of the same firmware have the same devices.
            [before, ..] if hint > 0 && order(before).is_lt() => match near.get(1).map(order) {
                Some(std::cmp::Ordering::Equal) => Ok(hint),
                None | Some(std::cmp::Ordering::Greater) => Err(hint),
                Some(std::cmp::Ordering::Less) => self.0.binary_search_by(order),
            },
            _ => self.0.binary_search_by(order),
        }
    }
}
