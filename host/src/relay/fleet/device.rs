//! One device: what it has said last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::Now;
use super::super::session::{Added, Refused};
use super::super::status::{DeviceStatus, RefusedFamily, SchemaStatus};
use super::series::Series;
use super::tally::DeviceCounts;
use super::{Limits, Origin};
use crate::model::LabelText;

/// Most refusals that are listed for a device; more are counted only.
const MAX_REFUSED: usize = 64;
/// A device is called silent after three of its intervals, but not before this.
const MIN_SILENCE: Duration = Duration::from_secs(10);
/// And after this as long as its interval is not known.
const FIRST_SILENCE: Duration = Duration::from_secs(60);

/// A device. Its session writes, pages read; each holds the lock for one frame, or for one family of a few devices.
#[derive(Debug)]
pub(super) struct Device {
    state: Mutex<State>,
}

/// Everything about a device that changes.
#[derive(Debug)]
#[repr(C)] // What each frame needs stands in front, up to the cells.
pub(super) struct State {
    /// Empty while the fleet does not show it.
    pub(super) name: Arc<str>,
    pub(super) boots: u64,
    /// When it booted, by our clock, in milliseconds since the Unix epoch.
    pub(super) booted_ms: u64,
    pub(super) seen: Now,
    /// Tenths of a second, as of its last frame.
    pub(super) uptime: u32,
    /// Longest time between two snapshots of late, in tenths of a second; 0 until there were two.
    interval: u32,
    /// Of its first frame on this connection, and of its newest.
    sequences: Option<(u16, u16)>,
    pub(super) counts: DeviceCounts,
    pub(super) series: Series,
    /// The first of the labels that the gateway adds, ready to be shown; mostly there is but the device's.
    label: Box<str>,
    /// The rest of the labels that the gateway adds.
    labels: Box<[Box<str>]>,
    /// The labels of its info, ready to be shown.
    info: Box<str>,
    /// Which labels the gateway adds.
    pub(super) added: Added,
    pub(super) firmware: Box<str>,
    pub(super) origin: Origin,
    /// Which connection speaks for it; `None` once that has ended.
    pub(super) connection: Option<u64>,
    pub(super) boot: u32,
    pub(super) schema: u32,
    /// What its hash is computed over, once it is complete.
    pub(super) whole: Option<Arc<[u8]>>,
    pub(super) known: usize,
    pub(super) total: usize,
    refused: Vec<Refused>,
}

impl Device {
    /// A device that has said nothing yet.
    pub(super) fn new(origin: Origin, added: Added, connection: u64, now: Now) -> Self {
        Self {
            state: Mutex::new(State {
                label: Box::default(),
                booted_ms: 0,
                series: Series::default(),
                labels: Box::default(),
                info: Box::default(),
                name: "".into(),
                added,
                firmware: Box::default(),
                origin,
                connection: Some(connection),
                boot: 0,
                boots: 0,
                uptime: 0,
                sequences: None,
                seen: now,
                interval: 0,
                schema: 0,
                whole: None,
                known: 0,
                total: 0,
                counts: DeviceCounts::default(),
                refused: Vec::new(),
            }),
        }
    }

    /// Locks it. A panic elsewhere leaves it as consistent as one frame more or less.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives the device its name, and the labels that it has beside: of one name, the device's before its link's.
    pub(super) fn rename(&mut self, name: &Arc<str>, label_name: &str, own: &[(String, String)]) {
        self.name = Arc::clone(name);
        let access = Arc::clone(&self.origin.access);
        let more = own.iter().chain(&access.labels).map(|(name, value)| (&**name, &**value));
        let labels: Vec<_> = std::iter::once((label_name, &**name)).chain(more).collect();
        let mut labels = self.added.render(&labels).unwrap_or_default().into_iter();
        (self.label, self.labels) = (labels.next().unwrap_or_default(), labels.collect());
        self.render_info();
    }

    /// Takes the device's name and labels back.
    pub(super) fn unname(&mut self) {
        self.name = "".into();
        (self.label, self.labels, self.info) = Default::default();
    }

    /// Takes what the device says of its firmware.
    pub(super) fn set_firmware(&mut self, firmware: &str) {
        if *self.firmware != *firmware {
            self.firmware = firmware.into();
            self.render_info();
        }
    }

    fn render_info(&mut self) {
        let device = self.added.device();
        let labels = [(device, &*self.name), ("firmware", &*self.firmware), ("link", &*self.origin.link)];
        let text = LabelText::new(&labels).unwrap_or_default();
        self.info = if self.name.is_empty() { Box::default() } else { text.as_str().into() };
    }

    /// The labels of the device's info, ready to be shown.
    pub(super) fn info(&self) -> &str {
        &self.info
    }

    /// The labels that the gateway adds, ready to be shown: the first, and the rest.
    pub(super) fn labels(&self) -> (&str, &[Box<str>]) {
        (&self.label, &self.labels)
    }

    /// Whether the gateway adds other labels than the device's.
    pub(super) fn has_more_labels(&self) -> bool {
        let (first, rest) = self.labels();
        let all = std::iter::once(first).chain(rest.iter().map(|text| &**text));
        all.filter(|text| !text.is_empty()).count() > 1
    }

    /// `device="…"`, ready to be shown.
    pub(super) fn device_label(&self) -> &str {
        match self.added.index().checked_sub(1) {
            None => &self.label,
            Some(at) => self.labels.get(at).map_or("", |label| label),
        }
    }

    /// When it was up for so many tenths of a second, by our clock, in milliseconds since the Unix epoch; no later than
    /// when it was last heard, whatever its own clock says.
    pub(super) fn unix_ms(&self, uptime: u32) -> u64 {
        if uptime == 0 {
            return self.booted_ms;
        }
        let then = self.booted_ms.saturating_add(u64::from(uptime).saturating_mul(100));
        then.min(self.seen.unix_ms().max(self.booted_ms))
    }

    /// A new boot, or another schema: what was known of families and values is void.
    pub(super) fn reset(&mut self, boot: u32, schema: u32, booted: bool) {
        if booted {
            self.boots += 1;
            self.boot = boot;
            self.booted_ms = 0;
            self.sequences = None;
        }
        self.schema = schema;
        self.whole = None;
        (self.known, self.total) = (0, 0);
        self.series.clear();
        self.refused.clear();
    }

    /// A good frame has come.
    pub(super) fn alive(&mut self, uptime: u32, sequence: u16, now: Now) {
        if self.booted_ms == 0 {
            self.booted_ms = now.unix_ms().saturating_sub(u64::from(uptime) * 100).max(1);
        }
        let (first, last) = self.sequences.unwrap_or((sequence, sequence));
        if sequence == last.wrapping_add(1) && uptime > self.uptime {
            // Measured where no frame was lost in between. Rises at once and falls slowly: a burst at boot must not
            // make a slow device silent.
            self.interval = (uptime - self.uptime).max(self.interval - self.interval / 10);
        }
        self.sequences = Some((first, sequence));
        (self.uptime, self.seen) = (uptime, now);
    }

    /// Whether its schema has not come whole yet.
    pub(super) const fn is_learning(&self) -> bool {
        self.total == 0 || self.known < self.total
    }

    /// Lists a refusal. Returns whether it is new, and there was room for it.
    pub(super) fn refuse(&mut self, refused: Refused) -> bool {
        let new = self.refused.len() < MAX_REFUSED && !self.refused.contains(&refused);
        if new {
            self.refused.push(refused);
        }
        new
    }

    /// Whether nothing has been heard of it for too long, or its connection has ended.
    pub(super) fn is_stale(&self, now: Now) -> bool {
        let patience = match self.interval {
            0 => FIRST_SILENCE,
            interval => MIN_SILENCE.max(tenths(interval) * 3),
        };
        self.connection.is_none() || self.silence(now) > patience
    }

    /// How long nothing has been heard of it.
    pub(super) fn silence(&self, now: Now) -> Duration {
        now.instant.saturating_duration_since(self.seen.instant)
    }

    /// Whether it is in the same boot as `old`, which it may be once more.
    pub(super) fn is_same_boot(&self, old: &Self, now: Now) -> bool {
        self.boot == old.boot
            && self.uptime >= old.uptime
            // A device that cannot tell its boots apart must have been up since.
            && (self.boot != 0 || tenths(self.uptime) > old.silence(now))
    }

    /// Whether it can be `old` come back: from the same place, by a boot since that was last heard.
    pub(super) fn succeeds(&self, old: &Self, now: Now) -> bool {
        self.origin.is_near(&old.origin)
            && !self.is_same_boot(old, now)
            && tenths(self.uptime) <= old.silence(now)
    }

    /// Goes on where the device was before, as `old`: its counts, and if it has not booted in between, what is known
    /// of it.
    pub(super) fn inherit(&mut self, old: &mut Self, limits: &Limits, now: Now) {
        let same = self.is_same_boot(old, now);
        self.boots = old.boots.saturating_add(self.boots).saturating_sub(same.into());
        old.boots = 1;
        let counts = std::mem::take(&mut old.counts);
        self.counts.add(&counts);
        if self.interval == 0 {
            self.interval = old.interval;
        }
        if self.firmware.is_empty() && same {
            self.set_firmware(&old.firmware);
        }
        if self.schema == old.schema && self.whole.is_none() {
            // Its session is about to ask for it.
            self.whole.clone_from(&old.whole);
        }
        if same {
            self.booted_ms = old.booted_ms;
            // Where labels are cut elsewhere, families must come again.
            if self.schema == old.schema && self.added == old.added {
                self.series.resume(&old.series, limits.max_series);
                (self.known, self.total) = (self.known.max(old.known), self.total.max(old.total));
            }
        }
    }

    /// How many frames of this boot were lost between the last one heard of `old` and the first one heard since.
    pub(super) fn lost_since(&self, old: &Self, now: Now) -> u64 {
        match (self.sequences, old.sequences) {
            (Some((first, _)), Some((_, last))) if self.is_same_boot(old, now) => {
                let skipped = first.wrapping_sub(last).wrapping_sub(1);
                if skipped < 1 << 15 { skipped.into() } else { 0 }
            }
            _ => 0,
        }
    }

    pub(super) fn status(&self, now: Now) -> DeviceStatus {
        let all = self.refused.iter().chain(self.series.refused());
        let refused = all.map(|Refused { family, why, .. }| (&**family, &**why));
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
            series: self.series.count(),
            schema: SchemaStatus {
                hash: format!("{:08x}", self.schema),
                known: self.known,
                total: self.total,
            },
            frames: self.counts.frames,
            refused: refused
                .map(|(family, why)| RefusedFamily { family: family.into(), why: why.into() })
                .collect(),
        }
    }
}

fn tenths(n: u32) -> Duration {
    Duration::from_millis(u64::from(n) * 100)
}
