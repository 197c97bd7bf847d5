use narthex::LabelValues;

#[derive(Clone, Copy, PartialEq, LabelValues)]
struct Peer {
    address: u16,
    rate: f32,
    name: &'static str,
}

fn main() {}
