use narthex::LabelValues;

#[derive(Clone, Copy, LabelValues)]
struct Peer {
    address: u16,
}

fn main() {}
