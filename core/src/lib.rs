//! narthex
#![no_std]
#![forbid(unsafe_code)]
#[cfg(test)]
extern crate std;

mod declare;
pub mod frame;
pub mod instrument;
pub mod model;
pub mod registry;
pub mod text;
pub mod transport;
pub mod wire;

#[cfg(feature = "f32")]
pub use instrument::GaugeF32;
pub use instrument::{Counter, Gauge, Histogram, OptionalGauge};
#[cfg(feature = "derive")]
pub use narthex_derive::{LabelSet, Metrics};
pub use registry::{Family, LabelSet, Metrics, Registry};
