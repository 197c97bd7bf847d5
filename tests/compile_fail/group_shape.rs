use narthex::{Counter, Metrics};

#[derive(Metrics)]
struct Generic<const N: usize> {
    /// Bytes received.
    received_bytes_total: Counter,
}

#[derive(Metrics)]
struct Tuple(Counter);

#[derive(Metrics)]
struct Unit;

#[derive(Metrics)]
enum Either {
    Left,
    Right,
}

#[derive(Metrics)]
union Any {
    a: u8,
    b: u8,
}

fn main() {}
