//! Bounds and a schema at once.

use narthex::{ExponentialHistogram, Metrics};

#[derive(Metrics)]
struct Both {
    /// Sizes.
    #[metric(buckets = [1, 2], schema = 3)]
    sizes: ExponentialHistogram<8>,
}

fn main() {}
