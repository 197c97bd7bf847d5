//! The gateway: from the bytes of many devices to one source of series.
//!
//! [`link`] brings bytes and knows nothing of what they mean; [`session`] makes frames, records and checked cells of
//! the bytes of one connection; [`fleet`] knows all devices and offers their series to a
//! [`Registry`](crate::registry::Registry). [`store`] keeps what devices
//! said of their series. [`status`] is what they report of themselves, [`site`] shows it.

pub mod fleet;
pub mod link;
mod now;
pub mod session;
pub mod site;
pub mod status;
pub mod store;

pub use now::Now;
