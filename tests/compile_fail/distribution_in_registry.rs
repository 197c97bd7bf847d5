//! An exponential histogram in a registry whose type has no room for one.

use narthex::{ExponentialHistogram, Metrics, Registry, registry};

#[derive(Metrics)]
struct Radio {
    /// Sizes.
    #[metric(schema = 3)]
    sizes: ExponentialHistogram<8>,
}

static RADIO: Radio = Radio::new();
static REGISTRY: Registry = registry![RADIO];

fn main() {}
