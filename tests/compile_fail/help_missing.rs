use narthex::{Gauge, Metrics};

#[derive(Metrics)]
struct Uart {
    fifo_bytes: Gauge,
}

fn main() {}
