use narthex::{Gauge, Metrics};

#[derive(Metrics)]
#[metrics(prefix = "uart")]
struct Uart {
    /// Bytes waiting.
    #[metric(name = "fifo-bytes")]
    fifo_bytes: Gauge,
    /// Filling.
    füllstand: Gauge,
}

fn main() {}
