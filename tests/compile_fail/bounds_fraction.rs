use narthex::{Histogram, Metrics};

#[derive(Metrics)]
struct Uart {
    /// Time spent in the interrupt.
    #[metric(buckets = [0.5, 1])]
    interrupt_seconds: Histogram<2>,
    /// Temperature.
    #[metric(buckets = [-40, 0, 40])]
    temperature: Histogram<3>,
}

fn main() {}
