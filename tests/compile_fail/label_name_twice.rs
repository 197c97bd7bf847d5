use narthex::LabelSet;

#[derive(Clone, Copy, LabelSet)]
struct Transfer {
    dma: bool,
    #[label(name = "dma")]
    by_dma: bool,
}

fn main() {}
