//! What any bytes at all must not do: each target takes bytes, and panics where something is wrong.
//!
//! A target is a plain function, so the inputs in `corpus/` are replayed by an ordinary test; with the feature
//! `fuzzing` libFuzzer looks for others (`fuzz_targets/`, `tests/fuzz/run.sh`). No target parses the text format: the
//! gateway only writes it, and so do devices.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is what a target has to say"
)]

mod accept;
mod bytes;
mod capture;
mod family;
mod frame;
mod frames;
mod http;
mod program;
mod request;
mod session;
mod store;
mod wire;

// The program's own modules, by the paths that they know each other by.
#[allow(dead_code, unused_imports, reason = "not all of the program is here")]
#[path = "../../../host/src/bin/narthex/config/mod.rs"]
mod config;
#[allow(dead_code, unused_imports, reason = "not all of the program is here")]
#[path = "../../../host/src/bin/narthex/failure.rs"]
mod failure;
#[allow(dead_code, unused_imports, reason = "not all of the program is here")]
#[path = "../../../host/src/bin/narthex/options.rs"]
mod options;
#[allow(dead_code, unused_imports, reason = "not all of the program is here")]
#[path = "../../../host/src/bin/narthex/settings.rs"]
mod settings;
#[allow(dead_code, unused_imports, reason = "not all of the program is here")]
#[path = "../../../host/src/bin/narthex/value.rs"]
mod value;

pub(crate) use failure::{Failure, why};

pub use accept::accept;
pub use capture::capture;
pub use family::family;
pub use frame::frame;
pub use frames::frames;
pub use http::http;
pub use program::{command_line, configuration};
pub use request::request;
pub use session::session;
pub use store::store;
pub use wire::wire;

/// A target.
pub type Target = fn(&[u8]);

/// All targets, by the names of their folders in `corpus/` and of their programs in `fuzz_targets/`.
pub const TARGETS: [(&str, Target); 12] = [
    ("accept", accept),
    ("capture", capture),
    ("command_line", command_line),
    ("configuration", configuration),
    ("family", family),
    ("frame", frame),
    ("frames", frames),
    ("http", http),
    ("request", request),
    ("session", session),
    ("store", store),
    ("wire", wire),
];
