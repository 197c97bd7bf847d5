//! What the monitor measures.
//!
//! The meter is simulated and deterministic, so that a test knows what to expect: of its readings every 97th has a wrong
//! checksum and every 251st is out of range; of the others each voltage from 220.0 V to 244.9 V occurs as often.

use narthex::{Counter, Family, Gauge, Histogram, Info, LabelSet, Metrics, OptionalGauge, StateSet};

/// Readings that the meter keeps until they are taken: one of each cycle in a second.
const KEPT: u32 = 50;
/// Lowest voltage, and how many there are from there up, in 0.1 V.
const LOWEST: u32 = 2_200;
const VOLTAGES: u32 = 250;
/// Step from one voltage to the next. It has no factor in common with how many there are, so all occur.
const STEP: u32 = 107;

/// Why a reading was refused.
#[derive(Clone, Copy, Debug, LabelSet)]
#[label(name = "reason")]
pub enum Fault {
    /// Its checksum was wrong.
    Checksum,
    /// It said what cannot be.
    Range,
}

/// What the supplier asks for energy.
#[derive(Clone, Copy, Debug, LabelSet)]
pub enum Tariff {
    /// The usual price.
    Standard,
    /// Less, as there is plenty.
    Reduced,
}

/// What the monitor measures.
#[derive(Debug, Metrics)]
#[metrics(prefix = "mains")]
pub struct Mains {
    /// The meter that is built in.
    #[metric(labels(bus = "spi", model = "EM-50"))]
    pub meter_info: Info,
    /// Readings taken out of the meter, one of each cycle.
    pub readings_total: Counter,
    /// Readings refused, by reason.
    pub refused_readings_total: Family<Fault, Counter>,
    /// Voltage of a cycle.
    #[metric(unit = "volts", scale = -1, buckets = [2_250, 2_300, 2_350, 2_400, 2_450])]
    pub cycle_volts: Histogram<5>,
    /// Highest voltage since boot.
    #[metric(unit = "volts", scale = -1)]
    pub highest_volts: Gauge,
    /// Energy that was taken.
    #[metric(unit = "joules", scale = -3)]
    pub energy_joules_total: Counter,
    /// Current at last.
    #[metric(unit = "amperes", scale = -3)]
    pub current_amperes: OptionalGauge,
    /// What the supplier asks for energy.
    pub tariff: StateSet<Tariff>,
}

/// The metrics of the one monitor.
pub static MAINS: Mains = Mains::new();

impl Mains {
    /// Takes what the meter has kept.
    pub fn measure(&self) {
        for _ in 0..KEPT {
            self.readings_total.inc();
            let reading = self.readings_total.get() as u32;
            if reading.is_multiple_of(97) {
                self.refused_readings_total.at(Fault::Checksum).inc();
            } else if reading.is_multiple_of(251) {
                self.refused_readings_total.at(Fault::Range).inc();
            } else {
                self.read(reading);
            }
        }
        let minute = self.readings_total.get() as u32 / KEPT / 60;
        self.tariff.set(if minute.is_multiple_of(2) { Tariff::Standard } else { Tariff::Reduced });
    }

    /// One cycle of 20 ms, by its number.
    fn read(&self, cycle: u32) {
        let voltage = LOWEST + cycle.wrapping_mul(STEP) % VOLTAGES;
        // Milliamperes: 4 A, and up to 1 A more.
        let current = 4_000 + cycle % 1_000;
        self.cycle_volts().observe(voltage);
        self.highest_volts.set_max(voltage.cast_signed());
        self.current_amperes.set(current.cast_signed());
        // 0.1 V × 1 mA × 20 ms is 2 µJ.
        self.energy_joules_total.add(voltage * current / 500);
    }
}
