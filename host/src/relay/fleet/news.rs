//! What a connection has heard, and its device has not been told yet.

use super::super::Now;
use super::device::State;
use super::tally::{Counts, Tally};

/// What the device is told when it is locked the next time: so a frame of values takes one lock.
#[derive(Debug, Default)]
#[repr(C)] // What each frame needs stands at the end, beside what else its connection needs.
pub(super) struct News {
    counts: Counts,
    counted: bool,
    /// Uptime and number of its newest frame.
    pub(super) heard: Option<(u32, u16)>,
    /// Frames received: of most there is nothing else to count.
    pub(super) received: u64,
    /// And back: whether it was heard and had no name when it was locked last.
    pub(super) nameless: bool,
}

impl News {
    /// Whether there is nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.heard.is_none() && self.received == 0 && !self.counted
    }

    /// All other counts, to be added to.
    pub(super) fn counts(&mut self) -> &mut Counts {
        self.counted = true;
        &mut self.counts
    }

    /// Tells it, the fleet its part.
    pub(super) fn tell(&mut self, state: &mut State, tally: &Tally, now: Now) {
        if let Some((uptime, sequence)) = self.heard.take() {
            state.alive(uptime, sequence, now);
        }
        let received = std::mem::take(&mut self.received);
        if received > 0 {
            tally.receive(received);
            state.counts.frames.received += received;
        }
        if std::mem::take(&mut self.counted) {
            let counts = std::mem::take(&mut self.counts);
            tally.add(&counts);
            state.counts.add(&counts.of_device());
        }
        self.nameless = state.name.is_empty() && state.boots > 0;
    }
}
