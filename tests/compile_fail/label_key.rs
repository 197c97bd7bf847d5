use narthex::LabelSet;

#[derive(Clone, Copy, LabelSet)]
#[label(value = "reason")]
enum Reason {
    #[label(name = "crc")]
    Crc,
}

#[derive(Clone, Copy, LabelSet)]
#[label(name = "transfer")]
struct Transfer {
    dma: bool,
}

fn main() {}
