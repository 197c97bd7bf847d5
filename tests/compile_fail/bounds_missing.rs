use narthex::{Histogram, Metrics};

#[derive(Metrics)]
struct Uart {
    /// Time spent in the interrupt.
    interrupt_seconds: Histogram<6>,
}

fn main() {}
