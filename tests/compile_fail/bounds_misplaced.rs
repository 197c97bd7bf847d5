use narthex::{Counter, Metrics};

#[derive(Metrics)]
struct Uart {
    /// Bytes received.
    #[metric(buckets = [1, 2, 5])]
    received_bytes_total: Counter,
}

fn main() {}
