//! What the tests that cross the crates of narthex share; the tests themselves are in `tests/`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

pub mod answers;
pub mod attacks;
pub mod bad_link;
pub mod board;
pub mod cable;
pub mod children;
pub mod device;
pub mod firmware;
pub mod folder;
pub mod gateway;
pub mod history;
pub mod host;
pub mod hostile;
pub mod http;
pub mod hub;
pub mod layers;
pub mod machine;
pub mod page;
pub mod peers;
pub mod program;
pub mod prometheus;
pub mod random;

// Only to be linked: machines have tables.
use critical_section as _;

/// The README's code, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

use std::path::Path;

/// The root of the tree.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
