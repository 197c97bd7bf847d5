use narthex::{Histogram, Metrics};

#[derive(Metrics)]
struct Uart {
    /// Time spent in the interrupt.
    #[metric(buckets = [1, 5, 2])]
    interrupt_seconds: Histogram<3>,
}

fn main() {}
