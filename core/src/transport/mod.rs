//! Ways out of the device: what to send, and one adapter for each kind of link.
//!
//! [`Reporter`] decides what goes out and when; it fills the caller's buffer one frame at a time and knows no link.
//! Each adapter is one file and the only user of its external package.

#[cfg(feature = "embedded-io")]
mod embedded_io;
mod reporter;

#[cfg(feature = "embedded-io")]
pub use self::embedded_io::SendError;
pub use reporter::{Error, Inbox, LastValues, Memory, Reporter, Requests};
