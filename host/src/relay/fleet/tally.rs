//! What has been counted over the whole fleet.

use std::sync::atomic::{AtomicU64, Ordering};

use super::super::session::Fault;
use super::super::status::FrameCounts;
use super::Limits;

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
    /// Families, records and frames refused, by fault, as in [`Fault::ALL`].
    refusals: [AtomicU64; Fault::ALL.len()],
    /// Devices refused, by cause, as in [`Cause::ALL`].
    devices: [AtomicU64; Cause::ALL.len()],
}

/// A reading of a [`Tally`], or what is to be added to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) frames: FrameCounts,
    pub(super) foreign: u64,
    /// Families, records and frames refused, by fault.
    pub(super) refusals: [u64; Fault::ALL.len()],
    /// Devices refused, by cause.
    pub(super) devices: [u64; Cause::ALL.len()],
}

/// What is counted of one device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DeviceCounts {
    pub(super) frames: FrameCounts,
    /// Bytes outside of frames.
    pub(super) foreign: u64,
    /// Families, records and frames refused.
    pub(super) refused: u64,
}

impl DeviceCounts {
    pub(super) fn add(&mut self, other: &Self) {
        self.frames.add(&other.frames);
        self.foreign += other.foreign;
        self.refused += other.refused;
    }
}

/// Why a device is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// There are as many as there may be.
    FleetFull,
    /// The link does not let a device have this name.
    NameNotAllowed,
    /// Another live device has it.
    NameTaken,
    /// Its source, or its connection, has brought too many new names.
    TooManyNames,
    /// Its source has brought too many new schemas.
    TooManySchemas,
}

impl Cause {
    /// Sorted by what they are called.
    pub(super) const ALL: [Self; 5] =
        [Self::FleetFull, Self::NameNotAllowed, Self::NameTaken, Self::TooManyNames, Self::TooManySchemas];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::FleetFull => "fleet_full",
            Self::NameNotAllowed => "name_not_allowed",
            Self::NameTaken => "name_taken",
            Self::TooManyNames => "too_many_names",
            Self::TooManySchemas => "too_many_schemas",
        }
    }

    /// As the log says it.
    pub(super) fn why(self, limits: &Limits) -> String {
        match self {
            Self::FleetFull => format!("there are {} already (max_devices)", limits.max_devices),
            Self::NameNotAllowed => "the link does not allow this name (devices)".to_owned(),
            Self::NameTaken => "another live device has this name".to_owned(),
            Self::TooManyNames => "its source brings too many new names (new_names_per_minute)".to_owned(),
            Self::TooManySchemas => {
                "its source brings too many new schemas (new_schemas_per_minute)".to_owned()
            }
        }
    }
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
        ]
        .into_iter()
        .chain(self.refusals.iter().zip(counts.refusals))
        .chain(self.devices.iter().zip(counts.devices))
        {
            // Most are zero, and many connections share these.
            if n > 0 {
                total.fetch_add(n, Ordering::Relaxed);
            }
        }
    }

    /// So many frames were received.
    pub(super) fn receive(&self, frames: u64) {
        self.received.fetch_add(frames, Ordering::Relaxed);
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
            refusals: self.refusals.each_ref().map(read),
            devices: self.devices.each_ref().map(read),
        }
    }
}

impl Counts {
    /// So much was refused.
    pub(super) fn refuse(&mut self, fault: Fault, times: u64) {
        if let Some(count) = self.refusals.get_mut(fault as usize) {
            *count += times;
        }
    }

    /// What of it is counted for a device.
    pub(super) fn of_device(&self) -> DeviceCounts {
        let Self { frames, foreign, refusals, .. } = *self;
        DeviceCounts { frames, foreign, refused: refusals.iter().sum() }
    }

    /// One device that was not taken.
    pub(super) fn refused(cause: Cause) -> Self {
        let mut counts = Self::default();
        if let Some(count) = counts.devices.get_mut(cause as usize) {
            *count = 1;
        }
        counts
    }
}
