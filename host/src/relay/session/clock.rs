//! The device's clock, and what it says about boots.

use narthex::frame::Header;

use super::Sequence;

/// By how much uptime must fall to show a new boot where nothing else does, in tenths of a second: what is late is
/// not that late.
const REBOOT: i64 = 100;
/// How near to its end uptime is followed by that near to its beginning, in tenths of a second: a day.
const TURN: u32 = 864_000;

/// The newest uptime of a boot, in tenths of a second, and what came after it and was not newer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    pub(super) uptime: u32,
    /// Number and uptime of the frame before, if that was not newer and nobody waited for it.
    old: Option<(u16, u32)>,
}

impl Clock {
    /// How far `uptime` is ahead of the newest; negative if behind. After 13 years it goes round.
    pub(super) fn ahead(self, uptime: u32) -> i64 {
        between(self.uptime, uptime)
    }

    /// Whether a frame of the same boot id is from another boot all the same.
    ///
    /// Uptime rises with the numbers of frames: a newer number at an earlier time is another boot's, however little it
    /// fell. An older number may be late; not if the time fell far, nor if one follows another from snapshot to
    /// snapshot: then a device counts anew that cannot tell its boots apart.
    pub(super) fn is_boot(&mut self, header: &Header, sequence: &Sequence) -> bool {
        let (number, uptime) = (header.sequence, header.uptime);
        let ahead = self.ahead(uptime);
        let before = self.old.take();
        if sequence.is_newer(number) {
            return ahead < 0;
        }
        if ahead > 0 {
            // In a long silence numbers go round, or time does; not both at once.
            return uptime < self.uptime;
        }
        if ahead < -REBOOT {
            return true;
        }
        let follows =
            before.is_some_and(|(n, then)| number == n.wrapping_add(1) && between(then, uptime) > 0);
        let runs = before.is_some_and(|(n, _)| number == n.wrapping_add(1));
        // What is waited for may be late, as may be what follows it.
        let waited = sequence.is_missing(number);
        self.old = (!waited || runs).then_some((number, uptime));
        follows && !waited
    }
}

/// How far `to` is ahead of `from`.
fn between(from: u32, to: u32) -> i64 {
    let ahead = i64::from(to) - i64::from(from);
    let (low, high) = (from.min(to), from.max(to));
    if high > u32::MAX - TURN && low < TURN {
        // Round the end, whichever came first.
        return if ahead < 0 { ahead + (1 << 32) } else { ahead - (1 << 32) };
    }
    ahead
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::*;
    use narthex::frame::Kind;

    /// What becomes of frames, by number and uptime.
    fn run(frames: &[(u16, u32)]) -> Vec<bool> {
        let mut clock = Clock::default();
        let mut sequence = Sequence::default();
        let mut first = true;
        let frame = |&(number, uptime): &(u16, u32)| {
            let header = Header { kind: Kind::VALUES, boot: 0, schema: 0, sequence: number, uptime };
            let boot = std::mem::take(&mut first) || clock.is_boot(&header, &sequence);
            if boot {
                (sequence, clock) = (Sequence::default(), Clock::default());
                clock.uptime = uptime;
            }
            if matches!(sequence.take(number, clock.ahead(uptime) > 0), Order::New { .. }) {
                clock.uptime = uptime;
            }
            boot
        };
        frames.iter().map(frame).collect()
    }

    #[test]
    fn a_fall_of_time_is_a_boot() {
        assert_eq!(run(&[(500, 9000), (1, 10)]), [true, true]);
        assert_eq!(run(&[(500, 9000), (501, 8990)]), [true, true]);
        assert_eq!(run(&[(500, 9000), (499, 8990), (501, 9010)]), [true, false, false]);
    }

    #[test]
    fn a_crash_loop_is_seen_at_the_second_snapshot() {
        assert_eq!(run(&[(1, 10), (2, 20), (3, 30), (1, 10), (2, 20)]), [true, false, false, false, true]);
        // Several frames a snapshot.
        let loops = [(1, 10), (2, 10), (3, 20), (4, 20), (1, 10), (2, 10), (3, 20)];
        assert_eq!(run(&loops), [true, false, false, false, false, false, true]);
        let loops = [(1, 10), (2, 10), (3, 20), (4, 20), (5, 30), (1, 10), (2, 10), (3, 20)];
        assert_eq!(run(&loops).iter().rposition(|boot| *boot), Some(7));
        // Of another length, with a frame lost in between.
        assert_eq!(run(&[(70, 90), (1, 10), (3, 30), (4, 40)]), [true, false, false, true]);
    }

    #[test]
    fn what_was_held_up_is_no_boot() {
        let late = [(1, 10), (2, 20), (5, 50), (3, 30), (4, 40), (6, 60)];
        assert_eq!(run(&late), [true, false, false, false, false, false]);
        // The same frame again and again is no step forward.
        assert_eq!(run(&[(9, 90), (7, 70), (7, 70), (8, 70)]), [true, false, false, false]);
        let both = [(1, 10), (2, 20), (5, 50), (2, 20), (3, 30), (4, 40), (6, 60)];
        assert_eq!(run(&both), [true, false, false, false, false, false, false]);
    }

    #[test]
    fn after_13_years_time_goes_on() {
        let end = u32::MAX;
        assert_eq!(run(&[(1, end - 9), (2, 0), (3, 10), (2, 0)]), [true, false, false, false]);
        // Late, over the turn.
        assert_eq!(run(&[(1, end - 19), (3, 0), (2, end - 9), (4, 10)]), [true, false, false, false]);
        // A clock that was in the future, and one that was seven years.
        assert_eq!(run(&[(1, 5_000_000), (2, end - 9), (3, 5_000_020)]), [true, false, true]);
        assert_eq!(run(&[(1, 2_300_000_000), (2, 10)]), [true, true]);
        assert_eq!(run(&[(500, end - 9), (1, 10), (2, 20)]), [true, true, false]);
    }
}
