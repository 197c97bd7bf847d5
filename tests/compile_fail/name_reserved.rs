use narthex::{Counter, Gauge, Metrics};

#[derive(Metrics)]
struct Queue {
    /// Items waiting.
    queue_count: Gauge,
    /// Items that were ever waiting.
    queue_sum_total: Counter,
}

fn main() {}
