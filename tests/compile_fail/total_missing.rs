use narthex::{Counter, Family, LabelSet, Metrics};

#[derive(Clone, Copy, LabelSet)]
enum Reason {
    Crc,
    Overrun,
}

#[derive(Metrics)]
#[metrics(prefix = "uart")]
struct Uart {
    /// Bytes received.
    bytes: Counter,
    /// Frames dropped.
    dropped_frames: Family<Reason, Counter>,
}

fn main() {}
