//! The peer with the same children: prometheus-client.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::device::node::{BOUNDS, ZONE};
use crate::random::Random;
use crate::rig;

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Labels {
    device: &'static str,
    zone: &'static str,
}

/// A registry with the ten children of so many nodes.
pub(crate) fn nodes(devices: usize) -> Registry {
    let mut registry = Registry::default();
    let mut random = Random::new(7);
    let labels: Vec<_> = (0..devices).map(|n| Labels { device: rig::name(n), zone: ZONE }).collect();
    for (name, help) in [
        ("requests_handled", "Requests that were handled"),
        ("requests_failed", "Requests that have failed"),
        ("received_bytes", "Bytes received"),
        ("sent_bytes", "Bytes sent"),
        ("received_packets", "Packets received"),
        ("sent_packets", "Packets sent"),
        ("dropped_packets", "Packets dropped"),
    ] {
        let family = Family::<Labels, Counter>::default();
        for labels in &labels {
            family.get_or_create(labels).inc_by(random.total().into());
        }
        registry.register(format!("node_{name}"), help, family);
    }
    let celsius = Family::<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>::default();
    let entries = Family::<Labels, Gauge>::default();
    let seconds = Family::<Labels, Histogram>::new_with_constructor(|| {
        Histogram::new(BOUNDS.map(|milliseconds| f64::from(milliseconds) / 1000.0))
    });
    for labels in &labels {
        celsius.get_or_create(labels).set(f64::from(random.total()) / 100.0);
        entries.get_or_create(labels).set(random.total().into());
        let histogram = seconds.get_or_create(labels);
        for _ in 0..64 {
            histogram.observe(f64::from(random.below(6_000)) / 1000.0);
        }
    }
    registry.register("node_board_temperature_celsius", "Temperature of the board", celsius);
    registry.register("node_queue_entries", "Entries of the queue", entries);
    registry.register("node_request_duration_seconds", "Time to handle a request", seconds);
    registry
}

/// Writes its page into `text`, in place of what that holds; returns its bytes.
pub(crate) fn scrape(registry: &Registry, text: &mut String) -> usize {
    text.clear();
    encode(text, registry).expect("a string takes everything");
    text.len()
}
