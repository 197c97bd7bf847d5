//! What has been counted over the whole fleet.

use std::sync::atomic::{AtomicU64, Ordering};

use super::super::status::FrameCounts;

/// Counts of all devices and connections, those that are gone included. They only rise.
#[derive(Debug, Default)]
pub(super) struct Tally {
    received: AtomicU64,
    lost: AtomicU64,
    repeated: AtomicU64,
    reordered: AtomicU64,
    corrupt: AtomicU64,
    unknown_schema: AtomicU64,
    unknown_kind: AtomicU64,
    unknown_record: AtomicU64,
    /// Bytes outside of frames.
    foreign: AtomicU64,
    /// Families and frames refused.
    refusals: AtomicU64,
    /// Claims of names that another live device has.
    names_taken: AtomicU64,
    /// Devices beyond the limit.
    fleet_full: AtomicU64,
}

/// A reading of a [`Tally`], or what is to be added to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) frames: FrameCounts,
    pub(super) foreign: u64,
    pub(super) refusals: u64,
    pub(super) names_taken: u64,
    pub(super) fleet_full: u64,
}

impl Tally {
    pub(super) fn add(&self, counts: &Counts) {
        let frames = &counts.frames;
        for (total, n) in [
            (&self.received, frames.received),
            (&self.lost, frames.lost),
            (&self.repeated, frames.repeated),
            (&self.reordered, frames.reordered),
            (&self.corrupt, frames.corrupt),
            (&self.unknown_schema, frames.unknown_schema),
            (&self.unknown_kind, frames.unknown_kind),
            (&self.unknown_record, frames.unknown_record),
            (&self.foreign, counts.foreign),
            (&self.refusals, counts.refusals),
            (&self.names_taken, counts.names_taken),
            (&self.fleet_full, counts.fleet_full),
        ] {
            // Most are zero, and many connections share these.
            if n > 0 {
                total.fetch_add(n, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn read(&self) -> Counts {
        let read = |total: &AtomicU64| total.load(Ordering::Relaxed);
        Counts {
            frames: FrameCounts {
                received: read(&self.received),
                lost: read(&self.lost),
                repeated: read(&self.repeated),
                reordered: read(&self.reordered),
                corrupt: read(&self.corrupt),
                unknown_schema: read(&self.unknown_schema),
                unknown_kind: read(&self.unknown_kind),
                unknown_record: read(&self.unknown_record),
            },
            foreign: read(&self.foreign),
            refusals: read(&self.refusals),
            names_taken: read(&self.names_taken),
            fleet_full: read(&self.fleet_full),
        }
    }
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.frames.add(&other.frames);
        self.foreign += other.foreign;
        self.refusals += other.refusals;
        self.names_taken += other.names_taken;
        self.fleet_full += other.fleet_full;
    }
}
