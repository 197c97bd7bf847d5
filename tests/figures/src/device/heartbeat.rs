//! W1: the heartbeat of a Bluetooth device, 13 numbers as Memfault publishes them.

use narthex::{Counter, Gauge, Metrics, Registry, registry};

use super::{Work, Worked as _};
use crate::random::Random;

/// A heartbeat.
#[derive(Debug, Metrics)]
pub(crate) struct Heartbeat {
    /// Time connected.
    #[metric(unit = "seconds", scale = -3)]
    connected_seconds_total: Counter,
    /// Connection interval.
    connection_interval: Gauge,
    /// Signal strength.
    #[metric(unit = "dbm")]
    signal_dbm: Gauge,
    /// Bytes sent.
    #[metric(unit = "bytes")]
    sent_bytes_total: Counter,
    /// Requests for other connection parameters.
    parameter_requests_total: Counter,
    /// Packets with a wrong CRC.
    crc_errors_total: Counter,
    /// Time without a connection.
    #[metric(unit = "seconds", scale = -3)]
    disconnected_seconds_total: Counter,
    /// Packets with a wrong MIC.
    mic_errors_total: Counter,
    /// Connections lost.
    disconnects_total: Counter,
    /// Most stack ever used.
    #[metric(unit = "bytes")]
    stack_bytes: Gauge,
    /// Packets that found no buffer.
    send_buffer_full_total: Counter,
    /// Time measured.
    #[metric(unit = "seconds", scale = -3)]
    interval_seconds_total: Counter,
    /// Reboots.
    reboots_total: Counter,
}

pub(crate) static HEARTBEAT: Heartbeat = Heartbeat::new();
static HEARTBEATS: Registry = registry![HEARTBEAT];

impl Work for Heartbeat {
    fn registry(&self) -> &'static Registry {
        &HEARTBEATS
    }

    /// The hour that was published, to the digit.
    fn day(&self, _: &mut Random) {
        self.connected_seconds_total.add(1_000);
        self.connection_interval.set(200);
        self.signal_dbm.set(-54);
        self.sent_bytes_total.add(20_000);
        self.parameter_requests_total.add(10);
        self.crc_errors_total.add(4);
        self.disconnected_seconds_total.add(600_000);
        self.disconnects_total.add(3);
        self.stack_bytes.set(3_000);
        self.interval_seconds_total.add(3_600_000);
    }

    fn moment(&self, random: &mut Random) {
        self.connected_seconds_total.moment(random);
        self.connection_interval.moment(random);
        self.signal_dbm.moment(random);
        self.sent_bytes_total.moment(random);
        self.parameter_requests_total.moment(random);
        self.crc_errors_total.moment(random);
        self.disconnected_seconds_total.moment(random);
        self.mic_errors_total.moment(random);
        self.disconnects_total.moment(random);
        self.stack_bytes.moment(random);
        self.send_buffer_full_total.moment(random);
        self.interval_seconds_total.moment(random);
        self.reboots_total.moment(random);
    }
}
