//! Pages: what a registry gathers, as bytes.
//!
//! [`Page`] writes text chunk by chunk; [`negotiate`] finds out what a client wants; [`compress`] packs chunks;
//! [`http`] serves all that.
//!
//! ```
//! use narthex_host::expose::{Format, Page};
//! use narthex_host::instrument::{Gauge, Scalar};
//! use narthex_host::model::Family;
//! use narthex_host::registry::{Gatherer, Registerer, Registry};
//!
//! let registry = Registry::new();
//! let links = Scalar::<Gauge>::new(Family::gauge("links", "Links that are up.")?);
//! registry.register(links.clone())?;
//! links.set(3.0);
//! assert_eq!(
//!     Page::new(registry.gather(), Format::Text).into_text(),
//!     "# HELP links Links that are up.\n# TYPE links gauge\nlinks 3\n"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod compress;
mod heads;
pub mod http;
mod lines;
mod memory;
pub mod negotiate;
mod page;

pub use narthex::text::Format;
pub use page::Page;
