use narthex::{Family, Histogram, LabelSet, Metrics};

#[derive(Clone, Copy, LabelSet)]
enum Route {
    Get,
    Put,
}

#[derive(Metrics)]
struct Uart {
    /// Time spent in the interrupt.
    #[metric(buckets = [1, 2, 5])]
    interrupt_seconds: Histogram<2>,
    /// Time spent on requests.
    #[metric(buckets = [1, 2])]
    request_seconds: Family<Route, Histogram<3>>,
}

fn main() {}
