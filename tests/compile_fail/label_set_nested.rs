use narthex::LabelSet;

#[derive(Clone, Copy, LabelSet)]
struct Inner {
    dma: bool,
    retried: bool,
}

#[derive(Clone, Copy, LabelSet)]
struct Outer {
    ok: bool,
    inner: Inner,
}

fn main() {}
