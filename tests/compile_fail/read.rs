use narthex::{Counter, CounterFn, GaugeFn, Metrics};

fn frames() -> u64 {
    0
}

#[derive(Metrics)]
struct Missing {
    /// Frames received.
    mac_frames_total: CounterFn,
}

#[derive(Metrics)]
struct Misplaced {
    /// Frames received.
    #[metric(read = frames)]
    mac_frames_total: Counter,
}

#[derive(Metrics)]
struct OtherType {
    /// Frames waiting.
    #[metric(read = frames)]
    mac_waiting_frames: GaugeFn,
}

#[derive(Metrics)]
struct NotAPath {
    /// Frames received.
    #[metric(read = || 0)]
    mac_frames_total: CounterFn,
}

fn main() {}
