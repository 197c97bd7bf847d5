//! Processor time.

use std::time::Duration;

use cpu_time::ThreadTime;

/// Nanoseconds of processor time of this thread that `work` takes.
pub(crate) fn nanoseconds(work: impl FnOnce()) -> f64 {
    let start = ThreadTime::now();
    work();
    in_nanoseconds(start.elapsed())
}

pub(crate) fn in_nanoseconds(time: Duration) -> f64 {
    time.as_nanos() as f64
}

/// The middle of several measurements.
pub(crate) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().expect("something was measured")
}

/// Measures several variants so many rounds, each once in every round; returns the median of each.
pub(crate) fn rounds<const N: usize>(rounds: usize, mut variants: [&mut dyn FnMut() -> f64; N]) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..rounds {
        for (times, variant) in times.iter_mut().zip(&mut variants) {
            times.push(variant());
        }
    }
    times.map(median)
}
