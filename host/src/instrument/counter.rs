//! A value that only grows.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::{Point, Scale, Value};

/// Counts events. Integers only, so exact to the last one; wraps after 2^64.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one event.
    pub fn inc(&self) {
        self.add(1);
    }

    /// Counts `n` events.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// What was counted.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn point(&self) -> Point<'static> {
        Point::Value { value: Value::Unsigned(self.get()), scale: Scale::ONE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_count_is_lost_between_threads() {
        let counter = Counter::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1_000).for_each(|_| counter.inc()));
            }
        });
        counter.add(7);
        assert_eq!(counter.get(), 4_007);
    }
}
