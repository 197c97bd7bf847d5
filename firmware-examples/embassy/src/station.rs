//! What the station measures, of weather that is simulated, and how well it keeps time.

use narthex::{Counter, Gauge, Histogram, LabelSet, Metrics, OptionalGauge, StateSet};

/// Whether it rains.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Sky {
    /// No rain.
    Dry,
    /// Some.
    Rain,
}

/// What the station measures.
#[derive(Debug, Metrics)]
#[metrics(prefix = "station")]
pub(crate) struct Station {
    /// Measurements taken.
    measurements_total: Counter,
    /// Measurements that failed: the sensor did not answer.
    failed_measurements_total: Counter,
    /// Temperature of the air.
    #[metric(unit = "celsius", scale = -2)]
    air_celsius: OptionalGauge,
    /// Pressure of the air.
    #[metric(unit = "pascals")]
    air_pascals: OptionalGauge,
    /// Speed of the wind, of all measurements.
    #[metric(unit = "meters_per_second", scale = -1, buckets = [20, 50, 100, 200])]
    wind_meters_per_second: Histogram<4>,
    /// What falls from the sky.
    sky: StateSet<Sky>,
    /// Strongest wind since boot.
    #[metric(unit = "meters_per_second", scale = -1)]
    strongest_wind_meters_per_second: Gauge,
}

/// How well the firmware keeps time.
#[derive(Debug, Metrics)]
#[metrics(prefix = "load")]
pub(crate) struct Load {
    /// Time from when a measurement was due to when it was taken.
    #[metric(unit = "seconds", scale = -6, buckets = [20, 50, 100, 1_000, 10_000])]
    pub(crate) late_seconds: Histogram<5>,
    /// Bytes of requests that the gateway has sent.
    #[metric(unit = "bytes")]
    pub(crate) asked_bytes_total: Counter,
    /// Snapshots sent.
    pub(crate) snapshots_total: Counter,
}

/// The metrics of the one station.
pub(crate) static STATION: Station = Station::new();
/// The metrics of the one executor.
pub(crate) static LOAD: Load = Load::new();

/// The weather: each value swings by a step of its own, so that what comes out is known.
#[derive(Debug)]
pub(crate) struct Sensor {
    reads: u32,
}

impl Sensor {
    pub(crate) const fn new() -> Self {
        Self { reads: 0 }
    }

    /// A sawtooth between 0 and `top`.
    const fn swing(&self, step: u32, top: u32) -> u32 {
        self.reads * step % top
    }
}

impl Station {
    /// Takes one measurement.
    pub(crate) fn measure(&self, sensor: &mut Sensor) {
        self.measurements_total.inc();
        sensor.reads = (sensor.reads + 1) % 10_000;
        if sensor.reads.is_multiple_of(17) {
            self.failed_measurements_total.inc();
            return;
        }
        let wind = sensor.swing(37, 250);
        self.air_celsius.set(sensor.swing(3, 1_500).cast_signed() - 250);
        self.air_pascals.set(98_000 + sensor.swing(11, 4_000).cast_signed());
        self.wind_meters_per_second().observe(wind);
        self.strongest_wind_meters_per_second.set_max(wind.cast_signed());
        self.sky.set(if sensor.swing(1, 40) < 10 { Sky::Rain } else { Sky::Dry });
    }
}
