use narthex::LabelSet;

#[derive(Clone, Copy, LabelSet)]
enum Quantile {
    Half,
}

#[derive(Clone, Copy, LabelSet)]
struct Bucket {
    le: bool,
}

fn main() {}
