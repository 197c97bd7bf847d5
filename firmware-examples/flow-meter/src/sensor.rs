//! A simulated temperature sensor on a bus, in place of the one a real meter has.
//!
//! It is deterministic, so that a test knows what to expect: every 97th transfer fails its CRC, every 251st times
//! out, every 503rd reading is out of range, and over any 1000 transfers each duration from 1 µs to 1000 µs occurs
//! once.

use crate::meter::Fault;

/// What the water warms up to and cools down to, in 0.01 °C, each for half a minute.
const TARGETS: [i32; 2] = [1_800, 1_200];
/// Measurements until the water turns: half a minute's.
const TURN: u32 = 3_000;
/// Transfers after which durations repeat.
const DURATIONS: u32 = 1_000;
/// Step from one duration to the next: the golden section of [`DURATIONS`], so that any stretch of them is spread
/// evenly. The two have no common factor, so all are reached.
const STEP: u32 = 617;

/// One reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Temperature of the water, in 0.01 °C.
    pub(crate) temperature: i32,
    /// The supply, in millivolts.
    pub(crate) supply: i32,
}

/// The sensor and the water around it.
#[derive(Debug)]
pub(crate) struct Sensor {
    transfers: u32,
    duration: u32,
    /// Temperature in 1/256 of 0.01 °C, so that slow changes are not lost.
    temperature: i32,
    /// What the sensor has drifted by since it was last calibrated, in 0.01 °C.
    drift: i32,
}

impl Sensor {
    pub(crate) const fn new() -> Self {
        Self { transfers: 0, duration: 0, temperature: 1_500 * 256, drift: 0 }
    }

    /// One transfer: how long it took, in microseconds, and what it brought.
    pub(crate) fn read(&mut self) -> (u32, Result<Reading, Fault>) {
        self.transfers += 1;
        self.duration = (self.duration + STEP) % DURATIONS;
        (self.duration + 1, self.reading())
    }

    fn reading(&mut self) -> Result<Reading, Fault> {
        // Water follows its target like a low-pass filter of 5 s.
        let [warm, cold] = TARGETS;
        let target = if (self.transfers / TURN).is_multiple_of(2) { warm } else { cold };
        self.temperature += (target * 256 - self.temperature) / 512;
        if self.transfers.is_multiple_of(100) {
            self.drift += 1;
        }
        // The supply sags a little with each transfer, and recovers.
        let sag = (self.duration % 16).cast_signed();
        match self.transfers {
            n if n.is_multiple_of(97) => Err(Fault::Crc),
            n if n.is_multiple_of(251) => Err(Fault::Timeout),
            n if n.is_multiple_of(503) => Err(Fault::Range),
            _ => Ok(Reading { temperature: self.temperature / 256 + self.drift, supply: 3_300 - sag }),
        }
    }

    /// Takes the drift out; returns what it was, in 0.01 °C.
    pub(crate) fn recalibrate(&mut self) -> i32 {
        core::mem::take(&mut self.drift)
    }
}
