//! W6: Spotflow's system metrics with its sample application: 32 threads, 18 kinds of requests.

use narthex::{Counter, Family, Gauge, LabelSet, Metrics, Registry, registry};

use super::work;

/// A thread.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Thread {
    Idle,
    Main,
    Sysworkq,
    Logging,
    Shell,
    BtRx,
    BtTx,
    BtHci,
    NetMgmt,
    NetRx,
    NetTx,
    TcpWork,
    Dhcp,
    Dns,
    Mqtt,
    Http,
    Tls,
    Upload,
    Ota,
    Storage,
    Sensor,
    Filter,
    Control,
    Motor,
    Display,
    Audio,
    Usb,
    Can,
    Modbus,
    Gps,
    Power,
    Watchdog,
}

/// A network interface.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Interface {
    Eth0,
    Wlan0,
}

/// Why it was reset.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Reason {
    PowerOn,
    Pin,
    Software,
    Watchdog,
    Brownout,
    Lockup,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Endpoint {
    Status,
    Config,
    Upload,
}

/// How.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Method {
    Get,
    Post,
}

/// What was answered.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Status {
    Ok,
    NotFound,
    Error,
}

/// A request.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) struct Request {
    endpoint: Endpoint,
    method: Method,
    status: Status,
}

/// A device.
#[derive(Debug, Metrics)]
pub(crate) struct Threads {
    /// Heap that is free.
    #[metric(unit = "bytes")]
    heap_free_bytes: Gauge,
    /// Heap that is in use.
    #[metric(unit = "bytes")]
    heap_allocated_bytes: Gauge,
    /// Load of the processor.
    #[metric(unit = "percent", scale = -1)]
    cpu_utilization_percent: Gauge,
    /// Stack that a thread has left.
    #[metric(unit = "bytes")]
    thread_stack_free_bytes: Family<Thread, Gauge>,
    /// Bytes sent.
    #[metric(unit = "bytes")]
    network_sent_bytes_total: Family<Interface, Counter>,
    /// Bytes received.
    #[metric(unit = "bytes")]
    network_received_bytes_total: Family<Interface, Counter>,
    /// Whether the broker is connected.
    mqtt_connected: Gauge,
    /// Boots, by why.
    boot_resets_total: Family<Reason, Counter>,
    /// Time of the last request.
    #[metric(unit = "seconds", scale = -3)]
    http_request_duration_seconds: Family<Request, Gauge>,
}

pub(crate) static THREADS: Threads = Threads::new();
static SYSTEMS: Registry = registry![THREADS];

work!(Threads, SYSTEMS, |system| &[
    &system.heap_free_bytes,
    &system.heap_allocated_bytes,
    &system.cpu_utilization_percent,
    &system.thread_stack_free_bytes,
    &system.network_sent_bytes_total,
    &system.network_received_bytes_total,
    &system.mqtt_connected,
    &system.boot_resets_total,
    &system.http_request_duration_seconds
]);
