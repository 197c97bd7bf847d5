use narthex::LabelSet;

#[derive(Clone, Copy, LabelSet)]
#[label(name = "drop-reason")]
enum Reason {
    Crc,
}

#[derive(Clone, Copy, LabelSet)]
struct Transfer {
    #[label(name = "__dma")]
    dma: bool,
    #[label(name = "9")]
    nine: bool,
}

fn main() {}
