use narthex::{Family, LabelSet, Metrics, StateSet};

#[derive(Clone, Copy, LabelSet)]
enum Link {
    Down,
    Up,
}

#[derive(Clone, Copy, LabelSet)]
struct Pair {
    link: Link,
    joined: bool,
}

#[derive(Clone, Copy, LabelSet)]
#[label(name = "radio_link")]
enum Radio {
    Uplink,
    Mesh,
}

#[derive(Metrics)]
struct SeveralLabels {
    /// State of the link.
    radio_link: StateSet<Pair>,
}

#[derive(Metrics)]
struct LabelOfTheStates {
    /// State of the link.
    radio_link: Family<Radio, StateSet<Link>>,
}

#[derive(Metrics)]
struct Scaled {
    /// State of the link.
    #[metric(scale = -3)]
    radio_link: StateSet<Link>,
}

fn main() {}
