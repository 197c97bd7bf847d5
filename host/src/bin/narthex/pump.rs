//! A device that could exist: the controller of a small water pump, without its water.

use narthex::model::{Instance, Source, Value};
use narthex::registry::Group;
use narthex::wire::schema;
use narthex::{Counter, Family, Gauge, Histogram, LabelSet, Metrics, OptionalGauge};

/// Why the controller stopped its motor.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Fault {
    DryRun,
    OverCurrent,
    OverTemperature,
}

/// What the firmware of a pump controller counts and measures.
#[derive(Metrics)]
#[metrics(prefix = "pump")]
pub(crate) struct Instruments {
    /// Times the motor was started.
    starts_total: Counter,
    /// Water delivered.
    #[metric(unit = "liters", scale = -3)]
    delivered_liters_total: Counter,
    /// Times the motor was stopped by a fault, by what it was.
    faults_total: Family<Fault, Counter>,
    /// Whether the motor runs.
    running: Gauge,
    /// Temperature of the motor.
    #[metric(unit = "celsius", scale = -2)]
    motor_celsius: Gauge,
    /// Water level in the tank.
    #[metric(unit = "meters", scale = -3)]
    level_meters: Gauge,
    /// Pressure behind the pump; known while the motor runs.
    #[metric(unit = "pascals", scale = 2)]
    pressure_pascals: OptionalGauge,
    /// Supply voltage.
    #[metric(unit = "volts", scale = -3)]
    supply_volts: Gauge,
    /// Time one pass of the control loop took.
    #[metric(unit = "seconds", scale = -6, buckets = [50, 100, 200, 500, 1000, 2000, 5000])]
    loop_seconds: Histogram<7>,
}

/// A registry owned by one of many simulated devices. Firmware has one in a `static`, made by `registry!`; here as
/// many are needed as the user asks for.
pub(crate) struct Owned {
    /// What the simulation updates and the reporter reads, as on a device.
    pub(crate) instruments: Instruments,
    schema_hash: u32,
}

impl Owned {
    /// Instruments that have seen nothing; fails like `registry!` where the compiler would.
    pub(crate) fn new() -> Result<Self, schema::Error> {
        let instances: Vec<_> = Instruments::DESCS.iter().map(instance).collect();
        Ok(Self { instruments: Instruments::new(), schema_hash: schema::hash(&instances)? })
    }
}

fn instance<'a>(desc: &'a narthex::model::Desc<'a>) -> Instance<'a> {
    Instance { desc, labels: &[], first: true }
}

impl Source for Owned {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        Instruments::DESCS.get(index).map(instance)
    }

    fn read(&self, index: usize, child: usize, cell: usize) -> Option<Value> {
        self.instruments.metric(index)?.read(child, cell)
    }

    fn schema_hash(&self) -> u32 {
        self.schema_hash
    }
}

/// Passes of the control loop in a second.
const PASSES: u32 = 20;
/// The pump starts below this level of the tank, ...
const LOW_MM: i32 = 900;
/// ... and stops above this one.
const HIGH_MM: i32 = 1900;
/// The motor is stopped above this temperature, ...
const HOT_CENTI: i32 = 8500;
/// ... and may start again below this one.
const COOL_CENTI: i32 = 6000;
/// Air around it.
const AIR_CENTI: i32 = 2150;

/// The world around one controller, and what its firmware makes of it.
pub(crate) struct Pump {
    random: Random,
    level: i32,
    motor: i32,
    supply: i32,
    running: bool,
    /// Liters a second that are drawn from the tank, in thousandths.
    drawn: i32,
    /// How strong this pump is, in thousandths of a liter a second.
    strength: i32,
}

impl Pump {
    /// The pump of this number: each lives a life of its own, the same in every run.
    pub(crate) fn new(number: u32) -> Self {
        let mut random = Random(u64::from(number) + 1);
        Self {
            level: random.between(LOW_MM, HIGH_MM),
            motor: random.between(AIR_CENTI, 5000),
            supply: random.between(23_600, 24_400),
            running: random.between(0, 1) == 1,
            drawn: random.between(200, 700),
            strength: random.between(900, 1600),
            random,
        }
    }

    /// One second passes.
    pub(crate) fn step(&mut self, instruments: &Instruments) {
        self.flow(instruments);
        self.motor(instruments);
        let load = if self.running { 350 } else { 0 };
        instruments.supply_volts.set(self.supply - load + self.random.between(-40, 40));
        instruments.level_meters.set(self.level);
        instruments.running.set(i32::from(self.running));
        for _ in 0..PASSES {
            // Mostly short; now and then an interrupt gets in between.
            let late = if self.random.between(0, 40) == 0 { self.random.between(300, 4000) } else { 0 };
            let micros = 70 + self.random.between(0, 50) + self.random.between(0, 50) + late;
            instruments.loop_seconds().observe(micros.unsigned_abs());
        }
    }

    /// Water comes in while the motor runs, and is drawn all the time. A liter is a centimeter.
    fn flow(&mut self, instruments: &Instruments) {
        self.drawn = (self.drawn + self.random.between(-60, 60)).clamp(50, 850);
        if self.running {
            let delivered = self.strength + self.random.between(-80, 80);
            instruments.delivered_liters_total.add(delivered.unsigned_abs());
            // A column of water above the pump, in hectopascals, and what it takes to move it.
            instruments.pressure_pascals.set(1800 + self.level / 10 + self.random.between(-25, 25));
            self.level += delivered / 100;
        } else {
            instruments.pressure_pascals.clear();
        }
        self.level -= self.drawn / 100;
    }

    fn motor(&mut self, instruments: &Instruments) {
        let towards = if self.running { 7800 } else { AIR_CENTI };
        self.motor += (towards - self.motor) / 40 + self.random.between(-12, 12);
        instruments.motor_celsius.set(self.motor);
        if !self.running {
            if self.level < LOW_MM && self.motor < COOL_CENTI {
                self.running = true;
                instruments.starts_total.inc();
            }
            return;
        }
        // One stop in some minutes is a fault.
        let fault = match self.random.between(0, 400) {
            0 => Some(Fault::DryRun),
            1 => Some(Fault::OverCurrent),
            _ if self.motor > HOT_CENTI => Some(Fault::OverTemperature),
            _ => None,
        };
        if let Some(fault) = fault {
            instruments.faults_total.at(fault).inc();
        }
        self.running = fault.is_none() && self.level < HIGH_MM;
    }
}

/// `SplitMix64`: good enough for weather.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    fn between(&mut self, low: i32, high: i32) -> i32 {
        low + (self.next() % u64::from((high - low + 1).unsigned_abs())) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_a_pump_is_plausible() {
        for number in 0..50 {
            let (mut pump, owned) = (Pump::new(number), Owned::new().unwrap());
            let mut heard = false;
            for _ in 0..3600 {
                pump.step(&owned.instruments);
                assert!((0..4000).contains(&pump.level), "pump {number}: {} mm", pump.level);
                assert!((1500..9500).contains(&pump.motor), "pump {number}: {} c°C", pump.motor);
                heard |= owned.instruments.pressure_pascals.get().is_some();
            }
            let instruments = &owned.instruments;
            assert!(heard && instruments.starts_total.get() > 0, "pump {number}");
            assert!(instruments.delivered_liters_total.get() > 100_000, "pump {number}");
            assert_eq!(owned.instruments.loop_seconds.count(), 3600 * u64::from(PASSES));
        }
    }
}
