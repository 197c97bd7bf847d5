//! What the instrument measures: water by turbine pulses, its temperature, and the supply.

use lm3s6965evb::clock;
use lm3s6965evb::gptm::Timer;
use narthex::{Counter, Family, Gauge, Histogram, LabelSet, Metrics, OptionalGauge};

use crate::sensor::Sensor;

/// Pulses a second of the turbine, which timer 1 plays: half a litre a second.
const PULSES_PER_SECOND: u32 = 250;
/// Time from one pulse to the next.
const MICROSECONDS_PER_PULSE: u64 = 1_000_000 / PULSES_PER_SECOND as u64;
/// Water that passes from one pulse to the next, in millilitres.
const MILLILITRES_PER_PULSE: u32 = 2;

/// Why a measurement failed.
#[derive(Clone, Copy, Debug, LabelSet)]
#[label(name = "reason")]
pub(crate) enum Fault {
    /// The checksum of the transfer was wrong.
    Crc,
    /// The sensor did not answer.
    Timeout,
    /// The value is none the sensor can measure.
    Range,
}

/// What the instrument measures.
#[derive(Debug, Metrics)]
#[metrics(prefix = "meter")]
pub(crate) struct Meter {
    /// Time since boot.
    #[metric(unit = "seconds", scale = -1)]
    pub(crate) uptime_seconds: Gauge,
    /// Pulses of the turbine.
    pulses_total: Counter,
    /// Water that has passed.
    #[metric(unit = "liters", scale = -3)]
    volume_liters_total: Counter,
    /// Temperature of the water.
    #[metric(unit = "celsius", scale = -2)]
    temperature_celsius: OptionalGauge,
    /// Supply voltage.
    #[metric(unit = "volts", scale = -3)]
    supply_volts: OptionalGauge,
    /// Lowest supply voltage since boot.
    #[metric(unit = "volts", scale = -3)]
    supply_lowest_volts: OptionalGauge,
    /// Measurements that failed, by reason.
    failed_measurements_total: Family<Fault, Counter>,
    /// Duration of the sensor's transfers.
    #[metric(unit = "seconds", scale = -6, buckets = [100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000])]
    transfer_seconds: Histogram<10>,
    /// Longest time between two looks at the turbine's edges, since boot.
    #[cfg(feature = "gaps")]
    #[metric(unit = "seconds", scale = -6)]
    longest_gap_seconds: Gauge,
    /// Times the sensor was calibrated.
    calibrations_total: Counter,
}

/// The metrics of the one meter.
pub(crate) static METER: Meter = Meter::new();

/// Starts the turbine.
pub(crate) fn start() {
    Timer::One.every(PULSES_PER_SECOND);
}

/// Counts the pulses that have passed by now: one, or more if this interrupt comes late, as the counter of edges
/// that a turbine is wired to would show. The handler of timer 1's interrupt calls this.
pub(crate) fn on_pulse() {
    Timer::One.acknowledge();
    #[cfg(feature = "gaps")]
    {
        let since = clock::micros().saturating_sub(METER.pulses_total.get() * MICROSECONDS_PER_PULSE);
        METER.longest_gap_seconds.set_max(since as i32);
    }
    while (METER.pulses_total.get() + 1) * MICROSECONDS_PER_PULSE <= clock::micros() {
        METER.pulses_total.inc();
        METER.volume_liters_total.add(MILLILITRES_PER_PULSE);
    }
}

/// Takes one measurement.
pub(crate) fn measure(sensor: &mut Sensor) {
    let (duration, reading) = sensor.read();
    METER.transfer_seconds().observe(duration);
    match reading {
        Ok(reading) => {
            METER.temperature_celsius.set(reading.temperature);
            METER.supply_volts.set(reading.supply);
            METER.supply_lowest_volts.set_min(reading.supply);
        }
        Err(fault) => METER.failed_measurements_total.at(fault).inc(),
    }
}

/// Calibrates the sensor; returns what it had drifted by, in 0.01 °C.
pub(crate) fn recalibrate(sensor: &mut Sensor) -> i32 {
    METER.calibrations_total.inc();
    sensor.recalibrate()
}
