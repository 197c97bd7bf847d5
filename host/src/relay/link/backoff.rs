//! How long to wait before trying again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Waits that double from 0.25 s to 5 s, each cut by up to a third at random, so that a thousand peers that went
/// away together do not come back together.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
    random: RandomState,
    tries: u64,
}

impl Backoff {
    /// The first wait.
    pub const FIRST: Duration = Duration::from_millis(250);
    /// The longest wait.
    pub const LONGEST: Duration = Duration::from_secs(5);

    /// Nothing has failed yet.
    pub fn new() -> Self {
        Self { next: Self::FIRST, random: RandomState::new(), tries: 0 }
    }

    /// It worked: the next wait is the first again.
    pub fn reset(&mut self) {
        self.next = Self::FIRST;
    }

    /// How long to wait now. The wait after it is twice as long.
    pub fn wait(&mut self) -> Duration {
        let whole = self.next;
        self.next = Self::LONGEST.min(whole * 2);
        self.tries = self.tries.wrapping_add(1);
        // The hasher has a random key, so the hash of the count is as random as this needs; no package for that.
        let parts = (self.random.hash_one(self.tries) % 1024) as u32;
        whole.saturating_sub(whole / 3 * parts / 1024)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut backoff = Backoff::new();
        let mut whole = Backoff::FIRST;
        for _ in 0..9 {
            let wait = backoff.wait();
            assert!(wait <= whole && wait >= whole * 2 / 3, "{wait:?} of {whole:?}");
            whole = Backoff::LONGEST.min(whole * 2);
        }
        assert_eq!(whole, Backoff::LONGEST);
        backoff.reset();
        assert!(backoff.wait() <= Backoff::FIRST);
    }
}
