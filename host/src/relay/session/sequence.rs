//! Frames counted by their numbers.

/// What a frame's number says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Newer than all before; that many were skipped.
    New {
        /// Numbers between the newest before it and this one.
        skipped: u16,
    },
    /// Has come before.
    Repeated,
    /// Older than the newest, and has not come before.
    Late,
}

/// The numbers of the frames of one boot, modulo 2^16.
///
/// Remembers the last 64, so that what comes late is told from what comes twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequence {
    newest: Option<u16>,
    /// Bit *n*: the frame *n* before the newest has come.
    seen: u64,
}

impl Sequence {
    /// Takes the number of a frame that has just come; `later` if something else shows that it was sent after all
    /// before it: in a long silence numbers may go round by half a turn and more.
    pub fn take(&mut self, number: u16, later: bool) -> Order {
        let Some(newest) = self.newest else {
            *self = Self { newest: Some(number), seen: 1 };
            return Order::New { skipped: 0 };
        };
        let ahead = number.wrapping_sub(newest);
        if later || self.is_newer(number) {
            // None ahead is a whole turn.
            self.seen = self.seen.checked_shl(ahead.into()).filter(|_| ahead > 0).unwrap_or(0) | 1;
            self.newest = Some(number);
            return Order::New { skipped: ahead.wrapping_sub(1) };
        }
        let bit = 1u64.checked_shl(newest.wrapping_sub(number).into()).unwrap_or(0);
        if self.seen & bit != 0 {
            return Order::Repeated;
        }
        self.seen |= bit;
        Order::Late
    }

    /// Whether a number is newer than all before it.
    pub fn is_newer(&self, number: u16) -> bool {
        // Less than half a turn ahead is newer; all else is older.
        self.newest.is_none_or(|newest| (1..1 << 15).contains(&number.wrapping_sub(newest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_repeats_and_latecomers_are_told_apart() {
        let mut sequence = Sequence::default();
        let mut take = |number| sequence.take(number, false);
        assert_eq!(take(65_534), Order::New { skipped: 0 });
        assert_eq!(take(65_535), Order::New { skipped: 0 });
        assert_eq!(take(2), Order::New { skipped: 2 });
        assert_eq!(take(0), Order::Late);
        assert_eq!(take(0), Order::Repeated);
        assert_eq!(take(2), Order::Repeated);
        assert_eq!(take(65_535), Order::Repeated);
        assert_eq!(take(500), Order::New { skipped: 497 });
        assert_eq!(take(499), Order::Late);
        assert!(sequence.is_newer(501) && !sequence.is_newer(500) && !sequence.is_newer(500 + (1 << 15)));
    }

    #[test]
    fn what_was_sent_later_is_new_however_far_numbers_went_round() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.take(1, true), Order::New { skipped: 0 });
        assert_eq!(sequence.take(40_001, true), Order::New { skipped: 39_999 });
        assert_eq!(sequence.take(40_001, false), Order::Repeated);
        assert_eq!(sequence.take(40_001, true), Order::New { skipped: 65_535 });
        assert_eq!(sequence.take(40_000, false), Order::Late);
    }
}
