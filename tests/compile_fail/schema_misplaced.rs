//! A schema on what has none, and none on what has one.

use narthex::{Counter, ExponentialHistogram, Histogram, Metrics};

#[derive(Metrics)]
struct OfCounter {
    /// Frames.
    #[metric(schema = 3)]
    frames_total: Counter,
}

#[derive(Metrics)]
struct OfHistogram {
    /// Sizes.
    #[metric(schema = 3)]
    sizes: Histogram<8>,
}

#[derive(Metrics)]
struct Missing {
    /// Sizes.
    sizes: ExponentialHistogram<8>,
}

#[derive(Metrics)]
struct Bounds {
    /// Sizes.
    #[metric(buckets = [1, 2, 3, 4, 5, 6, 7, 8])]
    sizes: ExponentialHistogram<8>,
}

fn main() {}
