use narthex::{Counter, Metrics};

#[derive(Metrics)]
struct Uart {
    /// Bytes received.
    received_bytes_total: Counter,
    /// Bytes sent.
    #[metric(name = "received_bytes_total")]
    sent_bytes_total: Counter,
}

fn main() {}
