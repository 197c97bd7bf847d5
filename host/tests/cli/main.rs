//! What scripts and packagers rely on: statuses, messages, the ready line, and what each option and each key of the
//! configuration file does, through the real program.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, unreachable_pub, reason = "tests")]

mod access;
mod capture;
mod config;
mod decode;
mod device;
mod limits;
mod links;
mod program;
mod record;
mod reload;
mod running;
mod state;

/// Pages on a free port.
const ANY: [&str; 2] = ["--listen", "127.0.0.1:0"];
