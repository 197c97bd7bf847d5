//! A schema that is no resolution of a grid.

use narthex::{ExponentialHistogram, Metrics};

#[derive(Metrics)]
struct Radio {
    /// Time to an acknowledgement.
    #[metric(unit = "seconds", scale = -6, schema = 9)]
    radio_acknowledgement_seconds: ExponentialHistogram<32>,
}

#[derive(Metrics)]
struct Other {
    /// Time to an acknowledgement.
    #[metric(schema = -1)]
    acknowledgement: ExponentialHistogram<32>,
}

fn main() {}
