//! Instruments: what a host program updates, and a registry shows.
//!
//! A [`Counter`], [`Gauge`] or [`Histogram`] is a few atomic cells; an update is one atomic operation or two, takes
//! no lock and allocates nothing. A [`Scalar`] puts one of them under a family, a [`Vector`] one for each set of label
//! values: keep the handle that [`Vector::with`] gives, and the labels cost nothing.
//!
//! ```
//! use narthex_host::instrument::{Counter, Gauge, Scalar, Vector};
//! use narthex_host::model::Family;
//! use narthex_host::registry::{Registerer, Registry};
//!
//! let registry = Registry::new();
//! let links = Scalar::<Gauge>::new(Family::gauge("links", "Links that are up.")?);
//! let frames = Vector::<Counter>::new(Family::counter("frames_total", "Frames, by outcome.")?, &["outcome"])?;
//! registry.register(links.clone())?;
//! registry.register(frames.clone())?;
//!
//! let lost = frames.with(&["lost"])?;
//! lost.inc();
//! links.set(2.0);
//! assert_eq!((lost.get(), links.get()), (1, 2.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod counter;
mod gauge;
mod histogram;
mod metric;
mod scalar;
mod vector;

pub use counter::Counter;
pub use gauge::Gauge;
pub use histogram::{Bounds, BoundsError, Histogram};
pub use metric::Metric;
pub use scalar::Scalar;
pub use vector::{LabelsError, Vector};
