use narthex::LabelValues;

#[derive(Clone, Copy, PartialEq, LabelValues)]
struct Peer {
    le: u8,
    #[label(name = "net work")]
    network: u8,
}

fn main() {}
