use narthex::{Counter, Gauge, Info, Metrics};

#[derive(Metrics)]
struct Missing {
    /// What this device is.
    build_info: Info,
}

#[derive(Metrics)]
struct Misplaced {
    /// Bytes received.
    #[metric(labels(port = "a"))]
    received_bytes_total: Counter,
}

#[derive(Metrics)]
struct NotConstant {
    /// What this device is.
    #[metric(labels(version = 1))]
    build_info: Info,
}

#[derive(Metrics)]
struct Twice {
    /// What this device is.
    #[metric(labels(version = "1.2.0", version = "1.2.1"))]
    build_info: Info,
}

#[derive(Metrics)]
struct Name {
    /// What this device is.
    #[metric(labels(version = "1.2.0"))]
    build: Info,
}

#[derive(Metrics)]
struct NoList {
    /// What this device is.
    #[metric(labels = "1.2.0")]
    build_info: Info,
}

#[derive(Metrics)]
struct NoValue {
    /// Bytes waiting.
    #[metric(unit("bytes"))]
    fifo_bytes: Gauge,
}

fn main() {}
