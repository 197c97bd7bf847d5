use narthex::LabelValues;

#[derive(Clone, Copy, PartialEq, LabelValues)]
enum Kind {
    A,
}

#[derive(Clone, Copy, PartialEq, LabelValues)]
struct Tuple(u8);

#[derive(Clone, Copy, PartialEq, LabelValues)]
struct NoField {}

#[derive(Clone, Copy, PartialEq, LabelValues)]
struct Generic<T> {
    id: T,
}

#[derive(Clone, Copy, PartialEq, LabelValues)]
#[label(name = "peer")]
struct Named {
    id: u8,
}

#[derive(Clone, Copy, PartialEq, LabelValues)]
struct Twice {
    id: u8,
    #[label(name = "id")]
    number: u16,
}

#[derive(Clone, Copy, PartialEq, LabelValues)]
struct Key {
    #[label(value = "id")]
    number: u16,
}

fn main() {}
