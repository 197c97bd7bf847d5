//! The device whose children are measured: ten families of one child each, two labels; 70 % counters, 20 % gauges, half
//! of them with two decimals, 10 % histograms of ten buckets. 22 lines.

use narthex::{Counter, Gauge, Histogram, Metrics, Registry, registry};

use super::{Buckets, work};

/// A node of a network.
#[derive(Debug, Metrics)]
#[metrics(prefix = "node")]
pub(crate) struct Node {
    /// Requests that were handled.
    pub(crate) requests_handled_total: Counter,
    /// Requests that have failed.
    pub(crate) requests_failed_total: Counter,
    /// Bytes received.
    #[metric(unit = "bytes")]
    pub(crate) received_bytes_total: Counter,
    /// Bytes sent.
    #[metric(unit = "bytes")]
    pub(crate) sent_bytes_total: Counter,
    /// Packets received.
    pub(crate) received_packets_total: Counter,
    /// Packets sent.
    pub(crate) sent_packets_total: Counter,
    /// Packets dropped.
    pub(crate) dropped_packets_total: Counter,
    /// Temperature of the board.
    #[metric(unit = "celsius", scale = -2)]
    pub(crate) board_temperature_celsius: Gauge,
    /// Entries of the queue.
    pub(crate) queue_entries: Gauge,
    /// Time to handle a request.
    #[metric(unit = "seconds", scale = -3, buckets = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000])]
    pub(crate) request_duration_seconds: Histogram<10>,
}

pub(crate) static NODE: Node = Node::new();
static NODES: Registry = registry![NODE { zone: ZONE }];

/// The second label's value.
pub(crate) const ZONE: &str = "north-2";
/// Children of one device.
pub(crate) const CHILDREN: usize = 10;
/// Bounds of the histogram, in milliseconds.
pub(crate) const BOUNDS: [u32; 10] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000];
/// A value in each bucket.
const VALUES: &[u32] = &[5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 5_001];

work!(Node, NODES, |node| &[
    &node.requests_handled_total,
    &node.requests_failed_total,
    &node.received_bytes_total,
    &node.sent_bytes_total,
    &node.received_packets_total,
    &node.sent_packets_total,
    &node.dropped_packets_total,
    &node.board_temperature_celsius,
    &node.queue_entries,
    &Buckets(node.request_duration_seconds(), VALUES),
]);
