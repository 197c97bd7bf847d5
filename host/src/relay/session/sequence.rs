//! Frames counted by their numbers.

/// What a frame's number says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Newer than all before.
    New {
        /// Numbers between the newest before it and this one, which have not come yet.
        skipped: u16,
        /// Numbers that are given up now.
        lost: u16,
    },
    /// Has come before.
    Repeated,
    /// Older than the newest, and has not come before.
    Late {
        /// Whether it was still waited for.
        missed: bool,
    },
}

/// The numbers of the frames of one boot, modulo 2^16.
///
/// Remembers the last 64, so that what comes late is told from what comes twice, and from what was lost. A number that
/// is missing is waited for: until a frame has come that belongs to the second snapshot after the gap began, or is 64
/// numbers ahead.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequence {
    newest: Option<u16>,
    /// Bit *n*: the frame *n* before the newest has come.
    seen: u64,
    /// Bit *n*: the frame *n* before the newest is waited for.
    missing: u64,
    /// How far before the newest the first frame of its snapshot was.
    start: u16,
}

impl Sequence {
    /// Takes the number of a frame that has just come; `later` if it belongs to a later snapshot than all before it:
    /// it was sent after them then, even if in a long silence numbers went round by half a turn and more.
    pub fn take(&mut self, number: u16, later: bool) -> Order {
        let Some(newest) = self.newest else {
            *self = Self { newest: Some(number), seen: 1, missing: 0, start: 0 };
            return Order::New { skipped: 0, lost: 0 };
        };
        let ahead = number.wrapping_sub(newest);
        if later || self.is_newer(number) {
            return self.advance(number, ahead, later);
        }
        let bit = bit(newest.wrapping_sub(number));
        if self.seen & bit != 0 {
            return Order::Repeated;
        }
        let missed = self.missing & bit != 0;
        self.seen |= bit;
        self.missing &= !bit;
        Order::Late { missed }
    }

    fn advance(&mut self, number: u16, ahead: u16, later: bool) -> Order {
        if ahead == 1 && self.missing == 0 {
            // As mostly: the same as below, where nothing is missing.
            let start = if later { 0 } else { self.start.saturating_add(1) };
            *self = Self { newest: Some(number), seen: (self.seen << 1) | 1, missing: 0, start };
            return Order::New { skipped: 0, lost: 0 };
        }
        // None ahead is a whole turn.
        let skipped = ahead.wrapping_sub(1);
        let gap = bit(skipped.saturating_add(1)).wrapping_sub(1) & !1;
        let shift = |bits: u64| if ahead == 0 { 0 } else { bits.checked_shl(ahead.into()).unwrap_or(0) };
        let waited = self.missing.count_ones() + u32::from(skipped);
        self.seen = shift(self.seen) | 1;
        self.missing = shift(self.missing) | gap;
        self.start = if ahead == 0 { u16::MAX } else { self.start.saturating_add(ahead) };
        if later {
            // This is the second snapshot after what is missing before the last one began.
            self.missing &= bit(self.start).wrapping_sub(1);
            self.start = 0;
        }
        self.newest = Some(number);
        // At most 63 and 65 535.
        let lost = u16::try_from(waited - self.missing.count_ones()).unwrap_or(u16::MAX);
        Order::New { skipped, lost }
    }

    /// Gives up what is still waited for: the boot, or the connection, has ended. Returns how many numbers.
    pub fn settle(&mut self) -> u16 {
        std::mem::take(&mut self.missing).count_ones() as u16
    }

    /// Whether a number is newer than all before it.
    pub fn is_newer(&self, number: u16) -> bool {
        // Less than half a turn ahead is newer; all else is older.
        self.newest.is_none_or(|newest| (1..1 << 15).contains(&number.wrapping_sub(newest)))
    }

    /// Whether a number is waited for.
    pub fn is_missing(&self, number: u16) -> bool {
        self.newest.is_some_and(|newest| self.missing & bit(newest.wrapping_sub(number)) != 0)
    }
}

/// The bit of the frame that came so many before the newest; none if that is too long ago.
fn bit(before: u16) -> u64 {
    1u64.checked_shl(before.into()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(skipped: u16, lost: u16) -> Order {
        Order::New { skipped, lost }
    }

    #[test]
    fn gaps_repeats_and_latecomers_are_told_apart() {
        let mut sequence = Sequence::default();
        let mut take = |number| sequence.take(number, false);
        assert_eq!(take(65_534), new(0, 0));
        assert_eq!(take(65_535), new(0, 0));
        assert_eq!(take(2), new(2, 0));
        assert_eq!(take(0), Order::Late { missed: true });
        assert_eq!(take(0), Order::Repeated);
        assert_eq!(take(2), Order::Repeated);
        assert_eq!(take(65_535), Order::Repeated);
        // 1 is given up with all that 500 leaves behind, but for the last 63 before it.
        assert_eq!(take(500), new(497, 497 - 63 + 1));
        assert_eq!(take(499), Order::Late { missed: true });
        assert_eq!(take(400), Order::Late { missed: false });
        assert!(sequence.is_missing(498) && !sequence.is_missing(499) && !sequence.is_missing(430));
        assert!(sequence.is_newer(501) && !sequence.is_newer(500) && !sequence.is_newer(500 + (1 << 15)));
        assert_eq!((sequence.settle(), sequence.settle()), (62, 0));
    }

    #[test]
    fn what_was_sent_later_is_new_however_far_numbers_went_round() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.take(1, true), new(0, 0));
        assert_eq!(sequence.take(40_001, true), new(39_999, 39_999 - 63));
        assert_eq!(sequence.take(40_001, false), Order::Repeated);
        assert_eq!(sequence.take(40_001, true), new(65_535, 65_535));
        assert_eq!(sequence.take(40_000, false), Order::Late { missed: true });
    }

    #[test]
    fn a_gap_is_settled_by_the_second_snapshot_after_it() {
        // One frame a snapshot: 2 is missing, 3 is the first after it, 4 the second.
        let mut sequence = Sequence::default();
        sequence.take(1, true);
        assert_eq!(sequence.take(3, true), new(1, 0));
        assert_eq!(sequence.take(4, true), new(0, 1));
        assert_eq!(sequence.take(2, false), Order::Late { missed: false });
        // Two frames a snapshot, the second of one is missing: that of the next is no sign yet.
        assert_eq!(sequence.take(5, true), new(0, 0));
        assert_eq!(sequence.take(7, true), new(1, 0));
        assert_eq!(sequence.take(8, false), new(0, 0));
        assert_eq!(sequence.take(6, false), Order::Late { missed: true });
        assert_eq!(sequence.take(10, true), new(1, 0));
        assert_eq!(sequence.take(11, false), new(0, 0));
        assert_eq!(sequence.take(12, true), new(0, 1));
        // In the middle of a snapshot: the next is the first after it.
        assert_eq!(sequence.take(14, false), new(1, 0));
        assert_eq!(sequence.take(15, true), new(0, 0));
        assert_eq!(sequence.take(16, true), new(0, 1));
        assert_eq!(sequence.settle(), 0);
    }

    #[test]
    fn every_number_is_counted_once() {
        // Whatever comes in whatever order: received, lost and late add up.
        let mut random = 1u64;
        for round in 0..2000 {
            let mut sequence = Sequence::default();
            let (mut lost, mut came, mut newest) = (0u64, 1u64, 1000u64);
            sequence.take(1000, true);
            for _ in 0..40 {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let draw = random >> 33;
                let number = (newest + draw % 9).saturating_sub(3).max(1000);
                match sequence.take(number as u16, number > newest && draw.is_multiple_of(7)) {
                    Order::New { lost: now, .. } => {
                        came += 1;
                        newest = number;
                        lost += u64::from(now);
                    }
                    Order::Late { missed } => came += u64::from(missed),
                    Order::Repeated => {}
                }
            }
            assert_eq!(came + lost + u64::from(sequence.settle()), newest - 1000 + 1, "round {round}");
        }
    }
}
