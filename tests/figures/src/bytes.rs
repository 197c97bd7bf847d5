//! Bytes of snapshots, framed.

use crate::device::heartbeat::HEARTBEAT;
use crate::device::interface::INTERFACE;
use crate::device::pump::PUMP;
use crate::device::threads::THREADS;
use crate::device::watch::WATCH;
use crate::device::{Sender, Work};
use crate::random::Random;
use crate::row;

/// Prints the bytes of all workloads.
pub(crate) fn all() {
    // The heartbeat first: its bytes are those of its published values.
    of("W1 heartbeat", &HEARTBEAT);
    of("W5 network interface", &INTERFACE);
    of("W6 threads and requests", &THREADS);
    let frames = of("W10 185 metrics", &WATCH);
    row("W10 185 metrics, frames of 256 B", frames as f64, 0);
    of("snapshot of 67 cells", &PUMP);
}

/// Prints the bytes of a full snapshot, and of sparse ones on average; returns the frames of the full one.
fn of(what: &str, work: &impl Work) -> usize {
    let mut random = Random::new(11);
    let (mut full, mut sparse) = (Sender::full(work, "tag"), Sender::sparse(work, "tag"));
    full.snapshot();
    work.day(&mut random);
    // The first sparse one follows the snapshot that told everything.
    sparse.snapshot();
    let frames = full.frames();
    row(&format!("{what}, full"), frames.concat().len() as f64, 0);
    let mut bytes = 0;
    for _ in 1..Sender::EVERY {
        work.moment(&mut random);
        bytes += sparse.snapshot().len();
    }
    row(&format!("{what}, sparse"), bytes as f64 / (Sender::EVERY - 1) as f64, 1);
    frames.len()
}
