use narthex::{Gauge, Metrics};

#[derive(Metrics)]
struct Supply {
    /// Voltage.
    #[metric(scale = -19)]
    supply_volts: Gauge,
    /// Current.
    #[metric(scale = 1000)]
    supply_amperes: Gauge,
}

fn main() {}
