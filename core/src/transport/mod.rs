//! Ways out of the device: what to send, and one adapter for each kind of link.
//!
//! [`Reporter`] decides what goes out and when; it fills the caller's buffer one frame at a time and knows no link.
//! Each adapter is one file and the only user of its external package.

#[cfg(feature = "defmt")]
pub mod defmt;
#[cfg(feature = "embedded-io")]
mod embedded_io;
#[cfg(feature = "embedded-io-async")]
mod embedded_io_async;
mod reporter;
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
mod send_error;
#[cfg(feature = "smoltcp")]
pub mod smoltcp;

#[cfg(all(feature = "embedded-io-async", feature = "http"))]
pub use self::embedded_io_async::{HttpStream, ServeError};
pub use reporter::{Error, Inbox, LastValues, Memory, Reporter, Requests};
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
pub use send_error::SendError;
