//! The reference metrics: ten counters, one family of eight children, one histogram of eight buckets.
//!
//! Two programs use them. `ref-a` is never run: it is linked without metrics, with text and with snapshots, and the
//! sections are compared. `instructions` runs in an emulator that counts instructions.
#![no_std]

#[cfg(feature = "everything")]
pub mod everything;

use narthex::model::{Grid, Scale};
use narthex::{
    Counter, ExponentialHistogram, Family, Gauge, Histogram, LabelSet, LabelValues, Metrics, Registry,
    TableFamily, registry,
};

/// Why a frame was dropped.
#[derive(Clone, Copy, Debug, LabelSet)]
#[repr(u32)]
pub enum Reason {
    /// The checksum was wrong.
    Crc,
    /// It was too short.
    Short,
    /// It was too long.
    Long,
    /// It was for somebody else.
    Address,
    /// There was no buffer.
    Memory,
    /// It came too late.
    Late,
    /// It came twice.
    Repeated,
    /// It could not be deciphered.
    Key,
}

/// A radio, as a device of a sensor network would instrument it.
#[derive(Debug, Metrics)]
#[metrics(prefix = "radio")]
pub struct Radio {
    /// Frames received.
    pub received_frames_total: Counter,
    /// Bytes received.
    pub received_bytes_total: Counter,
    /// Frames sent.
    pub sent_frames_total: Counter,
    /// Bytes sent.
    pub sent_bytes_total: Counter,
    /// Frames sent again.
    pub retries_total: Counter,
    /// Times the channel was busy.
    pub busy_total: Counter,
    /// Acknowledgements that did not come.
    pub unacknowledged_total: Counter,
    /// Times the network was joined.
    pub joins_total: Counter,
    /// Beacons missed.
    pub missed_beacons_total: Counter,
    /// Times the radio was reset.
    pub resets_total: Counter,
    /// Frames dropped, by reason.
    pub dropped_frames_total: Family<Reason, Counter>,
    /// Time to an acknowledgement.
    #[metric(unit = "seconds", scale = -6, buckets = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000])]
    pub acknowledgement_seconds: Histogram<8>,
}

/// The metrics whose cost is measured.
pub static RADIO: Radio = Radio::new();

/// The registry that is printed and sent.
pub static REGISTRY: Registry = registry![RADIO];

/// A gauge, which the reference has none of; for counting instructions.
pub static LEVEL: Gauge = Gauge::new();

/// Exponential histograms, which the reference has none of, at the resolution that is usual and at the finest; for counting
/// instructions.
pub static TURNS: ExponentialHistogram<32> = ExponentialHistogram::new();
/// The grid of the one: microseconds shown as seconds, 8 buckets an octave.
pub static TURNS_GRID: [u32; Grid::words(3)] = Grid::table(Scale::new(-6), 32);
/// The other.
pub static FINE: ExponentialHistogram<256> = ExponentialHistogram::new();
/// The grid of the other: 256 buckets an octave.
pub static FINE_GRID: [u32; Grid::words(8)] = Grid::table(Scale::new(-6), 256);

/// Another radio.
#[derive(Clone, Copy, Debug, PartialEq, LabelValues)]
pub struct Peer {
    /// Its short address.
    pub address: u16,
}

/// A table of eight, which the reference has none of; for counting instructions.
pub static PEERS: TableFamily<Peer, Counter, 8> = TableFamily::new();
