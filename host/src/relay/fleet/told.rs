//! What the log says of devices: enough to see what is wrong, never as much as a device likes.

use std::time::{Duration, Instant};

use super::super::Now;
use super::super::session::Refused;
use super::device::State;
use super::{Cause, Fleet};

/// Least time between two lines about devices refused for the same cause.
const PAUSE: Duration = Duration::from_secs(1);
/// So many other lines may come at once; later, one more each [`PAUSE`].
const LINES: u32 = 64;

/// When what was told.
#[derive(Debug, Default)]
pub(super) struct Told {
    causes: [Option<Instant>; Cause::ALL.len()],
    /// When all lines may come at once again.
    full: Option<Instant>,
    /// Lines that were left out since the last one.
    left_out: u64,
}

impl Told {
    /// Whether it is time to tell a refusal of this cause: a line a second tells it all.
    pub(super) fn cause(&mut self, cause: Cause, now: Instant) -> bool {
        let Some(last) = self.causes.get_mut(cause as usize) else { return false };
        let due = last.is_none_or(|last| now.saturating_duration_since(last) >= PAUSE);
        if due {
            *last = Some(now);
        }
        due
    }

    /// Whether there is room for another line: how many were left out before it.
    pub(super) fn line(&mut self, now: Instant) -> Option<u64> {
        let full = self.full.map_or(now, |full| full.max(now));
        if full.saturating_duration_since(now) > PAUSE * (LINES - 1) {
            self.left_out += 1;
            return None;
        }
        self.full = Some(full + PAUSE);
        Some(std::mem::take(&mut self.left_out))
    }
}

impl Fleet {
    /// Whether the log has room for another line, and what to say behind it of those that were left out.
    pub(super) fn has_line(&self, now: Now) -> Option<String> {
        let left_out = self.told().line(now.instant)?;
        Some(if left_out == 0 { String::new() } else { format!("; {left_out} lines before it are left out") })
    }

    /// Logs that a family of a device is refused, if there is room for it.
    pub(super) fn tell(&self, link: &str, name: &str, Refused { family, why, .. }: &Refused, now: Now) {
        if let Some(left_out) = self.has_line(now) {
            tracing::warn!("{link}: device {name:?}: family {family:?} refused: {why}{left_out}");
        }
    }

    /// Logs which families of a device the fleet does not show, if any of them is `new`.
    pub(super) fn tell_conflicts(&self, state: &State, new: u64, now: Now) {
        for refused in state.series.refused().iter().filter(|_| new > 0) {
            self.tell(&state.origin.link, &state.name, refused, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_at_once_then_one_a_second() {
        let (mut told, start) = (Told::default(), Instant::now());
        let mut lines = |after| {
            let now = start + Duration::from_secs(after);
            (0..1000).filter_map(|_| told.line(now)).collect::<Vec<_>>()
        };
        assert_eq!(lines(0), [0; LINES as usize]);
        assert_eq!(lines(1), [1000 - u64::from(LINES)]);
        assert_eq!(lines(3), [999, 0]);
        assert_eq!(lines(1000).len(), LINES as usize);
    }
}
