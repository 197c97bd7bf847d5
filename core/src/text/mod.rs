//! The text encoder: Prometheus text 0.0.4 and OpenMetrics 1.0, for device and host.
//!
//! It has two floors. [`head`] writes what stays the same from page to page (comment lines, labels with their
//! escapes): the host renders it once and keeps it. [`line`](mod@line) joins such parts with a value. [`Encoder`] walks a
//! whole [`Source`](crate::model::Source) over both floors into the caller's buffer, stops at any line, and goes on
//! from there.
//!
//! Integers are scaled by moving the decimal point; no float and no `core::fmt` is involved. Digits of floats need
//! feature `f32` or `f64`; without it a float cannot come from this crate's instruments, and a line that would hold
//! one is left out.
//!
//! Formats: [text 0.0.4](https://prometheus.io/docs/instrumenting/exposition_formats/),
//! [OpenMetrics 1.0](https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md).

mod copy;
mod encoder;
mod exponential;
mod format;
pub mod head;
mod last;
pub mod line;
pub mod number;
mod out;
mod piece;

pub use encoder::{Encoder, Error};
pub use exponential::{Cumulative, Upper};
pub use format::Format;
pub use out::Out;
pub use piece::Piece;
