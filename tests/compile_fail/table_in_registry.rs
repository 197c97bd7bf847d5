//! A table family in a registry whose type has no room for one.

use narthex::{Counter, LabelValues, Metrics, Registry, TableFamily, registry};

#[derive(Clone, Copy, PartialEq, LabelValues)]
struct Peer {
    address: u16,
}

/// A radio.
#[derive(Metrics)]
struct Radio {
    /// Packets received.
    radio_packets_total: TableFamily<Peer, Counter, 8>,
}

static RADIO: Radio = Radio::new();
static REGISTRY: Registry = registry![RADIO];

fn main() {}
