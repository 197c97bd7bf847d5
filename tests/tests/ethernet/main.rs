//! A device with a network, for real: firmware in QEMU whose emulated Ethernet controller is driven as the chip's would
//! be, and real clients at the other end: Prometheus, curl, wrk, and some that mean harm.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod both_ways;
mod device;
mod scrapes;
mod tools;
mod torture;
