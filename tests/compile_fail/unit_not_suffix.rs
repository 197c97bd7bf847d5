use narthex::{Counter, Gauge, Metrics};

#[derive(Metrics)]
struct Uart {
    /// Time spent.
    #[metric(unit = "seconds")]
    busy_total: Counter,
    /// Temperature.
    #[metric(unit = "°C")]
    temperature: Gauge,
}

fn main() {}
