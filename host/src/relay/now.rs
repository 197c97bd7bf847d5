//! The time, as an argument.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One moment, on both clocks: read once where bytes arrive, and passed in everywhere else.
///
/// Durations are taken between instants, which never go back; the wall clock only dates what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock.
    pub instant: Instant,
    /// The wall clock.
    pub wall: SystemTime,
}

impl Now {
    /// Reads both clocks.
    pub fn read() -> Self {
        Self { instant: Instant::now(), wall: SystemTime::now() }
    }

    /// The same moment moved on by `by`, on both clocks.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self { instant: self.instant + by, wall: self.wall + by }
    }

    /// The wall clock in milliseconds since the Unix epoch; 0 before it.
    pub fn unix_ms(self) -> u64 {
        self.wall
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}
