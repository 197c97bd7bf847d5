//! One device: what it has said last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::Now;
use super::super::session::{FamilySchema, Refused};
use super::super::status::{DeviceStatus, FrameCounts, RefusedFamily, SchemaStatus};
use super::Origin;
use crate::model::LabelText;

/// Most refusals that are listed for a device; more are counted only.
const MAX_REFUSED: usize = 64;
/// A device is called silent after three of its intervals, but not before this.
const MIN_SILENCE: Duration = Duration::from_secs(10);

/// A device. Its session writes, pages read; each holds the lock for one frame, or for one family.
#[derive(Debug)]
pub(super) struct Device {
    state: Mutex<State>,
}

/// Everything about a device that changes.
#[derive(Debug)]
pub(super) struct State {
    /// `device="…"`, ready to be shown; empty while the device has no name.
    pub label: Box<str>,
    pub name: Arc<str>,
    pub firmware: Box<str>,
    pub origin: Origin,
    /// Which connection speaks for it; `None` once that has ended.
    pub connection: Option<u64>,
    pub boot: u32,
    pub boots: u64,
    /// When it booted, by our clock, in milliseconds since the Unix epoch.
    pub booted_ms: u64,
    /// Tenths of a second, as of its last frame.
    pub uptime: u32,
    /// Of its first frame on this connection, and of its newest.
    pub sequences: Option<(u16, u16)>,
    pub seen: Now,
    /// Longest time between two snapshots of late.
    interval: Duration,
    /// When the last snapshot began to arrive, and its uptime.
    snapshot: (u32, Now),
    pub schema: u32,
    pub known: usize,
    pub total: usize,
    /// Families in order of their cells.
    pub slots: Vec<Slot>,
    cells: Vec<u64>,
    /// Which cells hold a value of this boot.
    present: Vec<bool>,
    pub counts: FrameCounts,
    pub foreign: u64,
    pub refused: Vec<Refused>,
    /// Refusals, those that are not listed included.
    pub refusals: u64,
}

/// A family of a device.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub first: usize,
    pub schema: Arc<FamilySchema>,
    /// Whether the fleet shows it: not if another device has the name for something else.
    pub shown: bool,
}

impl Device {
    /// A device that has said nothing yet.
    pub(super) fn new(origin: Origin, connection: u64, now: Now) -> Self {
        Self {
            state: Mutex::new(State {
                label: Box::default(),
                name: "".into(),
                firmware: Box::default(),
                origin,
                connection: Some(connection),
                boot: 0,
                boots: 0,
                booted_ms: 0,
                uptime: 0,
                sequences: None,
                seen: now,
                interval: Duration::ZERO,
                snapshot: (0, now),
                schema: 0,
                known: 0,
                total: 0,
                slots: Vec::new(),
                cells: Vec::new(),
                present: Vec::new(),
                counts: FrameCounts::default(),
                foreign: 0,
                refused: Vec::new(),
                refusals: 0,
            }),
        }
    }

    /// Locks it. A panic elsewhere leaves it as consistent as one frame more or less.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives the device its name.
    pub(super) fn rename(&mut self, name: &Arc<str>, label_name: &str) {
        self.name = Arc::clone(name);
        let label = LabelText::new(&[(label_name, name)]);
        self.label = label.map(|text| text.as_str().into()).unwrap_or_default();
    }

    /// A new boot, or another schema: what was known of families and values is void.
    pub(super) fn reset(&mut self, boot: u32, schema: u32, booted: bool) {
        if booted {
            self.boots += 1;
            self.boot = boot;
            self.booted_ms = 0;
            self.sequences = None;
            self.interval = Duration::ZERO;
        }
        self.schema = schema;
        (self.known, self.total) = (0, 0);
        self.slots.clear();
        self.cells.clear();
        self.present.clear();
        self.refused.clear();
    }

    /// A good frame has come.
    pub(super) fn alive(&mut self, uptime: u32, sequence: u16, now: Now) {
        if self.booted_ms == 0 {
            self.booted_ms = now.unix_ms().saturating_sub(u64::from(uptime) * 100).max(1);
            self.snapshot = (uptime, now);
        }
        let (last, since) = self.snapshot;
        if last != uptime {
            let interval = now.instant.saturating_duration_since(since.instant);
            // Falls slowly, rises at once: a burst at boot must not make a slow device silent.
            self.interval = interval.max(self.interval.mul_f32(0.9));
            self.snapshot = (uptime, now);
        }
        let (first, _) = self.sequences.unwrap_or((sequence, sequence));
        self.sequences = Some((first, sequence));
        (self.uptime, self.seen) = (uptime, now);
    }

    /// Takes a family whose cells begin at `first`. Returns the one that is kept.
    pub(super) fn family(&mut self, first: usize, schema: &Arc<FamilySchema>) {
        let at = self.slots.partition_point(|slot| slot.first < first);
        // It may be known already, from a connection before this one.
        if self.slots.get(at).is_none_or(|slot| slot.first != first) {
            self.slots.insert(at, Slot { first, schema: Arc::clone(schema), shown: false });
        }
    }

    /// Goes on where the same boot of the device was on a connection before this one.
    pub(super) fn resume(&mut self, old: &Self) {
        self.booted_ms = old.booted_ms;
        if let (Some((first, _)), Some((_, last))) = (self.sequences, old.sequences) {
            let skipped = first.wrapping_sub(last).wrapping_sub(1);
            self.counts.lost += if skipped < 1 << 15 { u64::from(skipped) } else { 0 };
        }
        if self.schema != old.schema {
            return;
        }
        for slot in &old.slots {
            self.family(slot.first, &slot.schema);
        }
        (self.known, self.total) = (self.known.max(old.known), self.total.max(old.total));
        for (first, cell) in old.cells.iter().enumerate() {
            let is_new = self.present.get(first).copied().unwrap_or(false);
            if !is_new && old.present.get(first).copied().unwrap_or(false) {
                self.write(first, &[*cell]);
            }
        }
    }

    /// New values of whole children.
    pub(super) fn write(&mut self, first: usize, cells: &[u64]) {
        let end = first.saturating_add(cells.len());
        if self.cells.len() < end {
            self.cells.resize(end, 0);
            self.present.resize(end, false);
        }
        if let Some(place) = self.cells.get_mut(first..end) {
            place.copy_from_slice(cells);
        }
        if let Some(place) = self.present.get_mut(first..end) {
            place.fill(true);
        }
    }

    /// The cells of a child, if all of them have come.
    pub(super) fn child(&self, slot: &Slot, index: usize) -> Option<&[u64]> {
        let first = slot.first.checked_add(index.checked_mul(slot.schema.cells)?)?;
        let range = first..first.checked_add(slot.schema.cells)?;
        // Children come whole, so the first cell speaks for all.
        self.present.get(first).copied().filter(|present| *present)?;
        self.cells.get(range)
    }

    pub(super) fn refuse(&mut self, refused: Refused) {
        self.refusals += 1;
        if self.refused.len() < MAX_REFUSED && !self.refused.contains(&refused) {
            self.refused.push(refused);
        }
    }

    /// Whether nothing has been heard of it for too long, or its connection has ended.
    pub(super) fn is_stale(&self, now: Now) -> bool {
        self.connection.is_none() || self.silence(now) > MIN_SILENCE.max(self.interval * 3)
    }

    /// How long nothing has been heard of it.
    pub(super) fn silence(&self, now: Now) -> Duration {
        now.instant.saturating_duration_since(self.seen.instant)
    }

    /// How many of its series are shown.
    pub(super) fn series(&self) -> usize {
        let shown = self.slots.iter().filter(|slot| slot.shown);
        shown
            .map(|slot| slot.schema.children.iter().filter(|child| self.is_set(slot, child.index)).count())
            .sum()
    }

    fn is_set(&self, slot: &Slot, child: usize) -> bool {
        let cells = self.child(slot, child).and_then(<[u64]>::first);
        cells.is_some_and(|cell| slot.schema.value(*cell).is_some())
    }

    pub(super) fn status(&self, now: Now) -> DeviceStatus {
        DeviceStatus {
            device: self.name.to_string(),
            link: self.origin.link.to_string(),
            peer: self.origin.peer.clone(),
            firmware: self.firmware.to_string(),
            boot_id: self.boot,
            boots: self.boots,
            uptime_seconds: f64::from(self.uptime) / 10.0,
            last_seen_seconds_ago: self.silence(now).as_secs_f64(),
            stale: self.is_stale(now),
            series: self.series(),
            schema: SchemaStatus {
                hash: format!("{:08x}", self.schema),
                known: self.known,
                total: self.total,
            },
            frames: self.counts,
            refused: self
                .refused
                .iter()
                .map(|Refused { family, why }| RefusedFamily { family: family.clone(), why: why.clone() })
                .collect(),
        }
    }
}
