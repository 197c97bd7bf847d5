use narthex::{Gauge, Metrics};

#[derive(Metrics)]
struct Heap {
    /// Bytes in all.
    heap_bytes_total: Gauge,
}

fn main() {}
