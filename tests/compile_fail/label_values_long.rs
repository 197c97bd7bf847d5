use narthex::model::ShortStr;
use narthex::{LabelSet, LabelValues};

#[derive(Clone, Copy, PartialEq, LabelSet)]
struct Path {
    first: bool,
    second: bool,
}

#[derive(Clone, Copy, PartialEq, LabelSet)]
enum Verbose {
    #[label(value = "a text that says more than a label can hold")]
    Text,
}

#[derive(Clone, Copy, PartialEq, LabelValues)]
struct Long {
    name: ShortStr<40>,
}

#[derive(Clone, Copy, PartialEq, LabelValues)]
struct Several {
    path: Path,
}

#[derive(Clone, Copy, PartialEq, LabelValues)]
struct Wordy {
    verbose: Verbose,
}

fn main() {}
