//! How many new names and schemas each source may bring.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Most sources that are remembered one by one; those beyond share one measure.
const MAX_SOURCES: usize = 4096;
const MINUTE: f64 = 60.0;
/// How long to wait before looking again for sources to be forgotten: strangers must not make it costly.
const SWEEP: Duration = Duration::from_secs(1);

/// What each source has left. A source that has not asked for a minute has all that it may have, and is forgotten.
#[derive(Debug, Default)]
pub(super) struct Sources {
    known: HashMap<Box<str>, Left>,
    others: Option<Left>,
    /// When it was last looked for those to be forgotten.
    swept: Option<Instant>,
}

/// What is limited, and how much of it a source may have in a minute; `u32::MAX` is any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum New {
    Name(u32),
    Schema(u32),
}

/// How much is left, as of a moment: it fills up within a minute.
#[derive(Clone, Copy, Debug)]
struct Left {
    names: f64,
    schemas: f64,
    then: Instant,
}

impl Sources {
    /// Takes one of each of what a source wants, if it has them all; else tells what it has no more of.
    pub(super) fn take(&mut self, source: &str, wants: &[New], now: Instant) -> Result<(), New> {
        let limited = |new: &New| !matches!(new, New::Name(u32::MAX) | New::Schema(u32::MAX));
        if !wants.iter().any(limited) {
            return Ok(());
        }
        let full = Left { names: 1.0, schemas: 1.0, then: now };
        if !self.known.contains_key(source) {
            let due = self.swept.is_none_or(|then| now.saturating_duration_since(then) >= SWEEP);
            if self.known.len() >= MAX_SOURCES && due {
                self.known.retain(|_, left| left.after(now).is_some());
                self.swept = Some(now);
            }
            if self.known.len() < MAX_SOURCES {
                self.known.insert(source.into(), full);
            }
        }
        let left = match self.known.get_mut(source) {
            Some(left) => left,
            None => self.others.get_or_insert(full),
        };
        *left = left.after(now).unwrap_or(full);
        let mut rest = *left;
        for new in wants.iter().filter(|new| limited(new)) {
            let (share, per_minute) = match *new {
                New::Name(n) => (&mut rest.names, n),
                New::Schema(n) => (&mut rest.schemas, n),
            };
            // Parts of a minute's worth, so that another limit holds at once.
            let one = 1.0 / f64::from(per_minute);
            *share -= one;
            // But for what sums of parts are off.
            if per_minute == 0 || *share < -one / 1000.0 {
                return Err(*new);
            }
        }
        *left = rest;
        Ok(())
    }
}

impl Left {
    /// What is left by now; `None` if that is everything.
    fn after(self, now: Instant) -> Option<Self> {
        let more = now.saturating_duration_since(self.then).as_secs_f64() / MINUTE;
        let (names, schemas) = ((self.names + more).min(1.0), (self.schemas + more).min(1.0));
        (names < 1.0 || schemas < 1.0).then_some(Self { names, schemas, then: now.max(self.then) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_so_many_a_minute() {
        let (mut sources, start) = (Sources::default(), Instant::now());
        let mut take = |source: &str, wants: &[New], after| {
            let now = start + Duration::from_secs(after);
            (0..20).filter(|_| sources.take(source, wants, now).is_ok()).count()
        };
        let (name, schema) = (New::Name(10), New::Schema(10));
        assert_eq!((take("a", &[name], 0), take("b", &[name, schema], 0)), (10, 10));
        assert_eq!((take("a", &[schema], 0), take("a", &[name], 30)), (10, 5));
        assert_eq!((take("a", &[name], 36), take("a", &[name], 4000)), (1, 10));
        let mut now = |wants: &[New]| sources.take("a", wants, start + Duration::from_secs(4000));
        assert_eq!(now(&[schema, name]), Err(name));
        assert_eq!(now(&[New::Name(0)]), Err(New::Name(0)));
        assert_eq!(now(&[New::Name(u32::MAX), schema]), Ok(()));
    }

    #[test]
    fn sources_without_number_cost_no_more() {
        let (mut sources, start) = (Sources::default(), Instant::now());
        let allowed =
            (0..100_000).filter(|n| sources.take(&n.to_string(), &[New::Name(10)], start).is_ok()).count();
        assert_eq!((sources.known.len(), allowed), (MAX_SOURCES, MAX_SOURCES + 10));
        assert!(sources.take("one more", &[New::Name(10)], start + Duration::from_secs(60)).is_ok());
        assert_eq!(sources.known.len(), 1);
    }
}
