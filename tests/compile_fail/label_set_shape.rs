use narthex::LabelSet;

#[derive(Clone, Copy, LabelSet)]
enum Empty {}

#[derive(Clone, Copy, LabelSet)]
enum Fields {
    Plain,
    Tuple(u8),
    Named { code: u8 },
}

#[derive(Clone, Copy, LabelSet)]
enum Discriminants {
    Low = 1,
    High = 2,
}

#[derive(Clone, Copy, LabelSet)]
struct Generic<T> {
    on: T,
}

#[derive(Clone, Copy, LabelSet)]
struct Tuple(bool);

#[derive(Clone, Copy, LabelSet)]
struct NoField {}

#[derive(Clone, Copy, LabelSet)]
union Any {
    a: u8,
}

fn main() {}
