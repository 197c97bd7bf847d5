//! An exponential histogram of a number of buckets that no ring has.

use narthex::ExponentialHistogram;

static SIZES: ExponentialHistogram<20> = ExponentialHistogram::new();

fn main() {
    let _ = &SIZES;
}
