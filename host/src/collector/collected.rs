//! Where collectors push their samples.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use narthex::model::{Defect, Kind, Scale, Value};

use super::Collector;
use crate::model::{Family, LabelText};
use crate::registry::{Arena, GatherError, GatherErrors, Mark};

/// Takes the samples of collectors, checks each, and keeps errors beside them.
///
/// What is refused is left out and reported with the page; a collector need not care.
#[derive(Default)]
pub struct Collected {
    arena: Arena,
    errors: GatherErrors,
    /// Where the families of the collector that is being collected begin.
    start: Option<Mark>,
    /// Whether it may declare families.
    unchecked: bool,
    /// The family of the last sample: samples of a family mostly come together.
    last: usize,
}

impl fmt::Debug for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collected").field("errors", &self.errors).finish_non_exhaustive()
    }
}

impl Collected {
    pub(crate) fn new(mut arena: Arena) -> Self {
        arena.clear();
        Self { arena, ..Self::default() }
    }

    /// Adds a family that was not described beforehand; only an unchecked collector needs it.
    ///
    /// A family that breaks a rule is reported, as are its samples.
    pub fn declare(&mut self, family: Family) {
        if let Err(defect) = family.check() {
            self.errors.push(GatherError::Defect { family: family.name, defect });
        } else if !self.unchecked {
            if self.find(&family.name).is_none() {
                self.errors.push(GatherError::Undescribed { family: family.name });
            }
        } else if self.find(&family.name).is_none() {
            self.arena.family(Arc::new(family));
        }
    }

    /// Adds a sample of a counter or a gauge, or an info with the value 1; labels in any order.
    pub fn push(&mut self, family: &str, labels: &[(&str, &str)], value: Value) {
        let mark = self.arena.mark();
        let single = |kind| !matches!(kind, Kind::Histogram | Kind::StateSet);
        let Some((index, kind)) = self.begin(family, labels, single) else { return };
        if kind == Kind::Info && value != Value::Unsigned(1) {
            self.arena.rewind(mark);
            return self.errors.push(GatherError::Kind { family: family.into(), kind });
        }
        if kind == Kind::Counter && !counts(value) {
            let labels = self.take_labels(mark);
            return self.errors.push(GatherError::Value { family: family.into(), labels });
        }
        self.arena.value(mark, index, value, Scale::ONE);
    }

    /// Adds a state set: all states, no one twice, and the index of the one that holds.
    pub fn push_states(&mut self, family: &str, labels: &[(&str, &str)], states: &[&str], state: usize) {
        let mark = self.arena.mark();
        let Some((index, _)) = self.begin(family, labels, |kind| kind == Kind::StateSet) else { return };
        let texts: Result<Vec<_>, _> =
            states.iter().map(|state| LabelText::new(&[(family, state)])).collect();
        let twice =
            (1..states.len()).any(|at| states.iter().take(at).any(|there| states.get(at) == Some(there)));
        let defect = match &texts {
            Err(defect) => Some(*defect),
            Ok(_) if twice || state >= states.len() => Some(Defect::States),
            Ok(_) if labels.iter().any(|(name, _)| *name == family) => Some(Defect::StateLabel),
            Ok(texts) => {
                self.arena.states(mark, index, texts, state);
                None
            }
        };
        if let Some(defect) = defect {
            self.arena.rewind(mark);
            self.errors.push(GatherError::Label { family: family.into(), defect });
        }
    }

    /// Adds a histogram: upper bounds without `+Inf`, and the observations in each bucket, not cumulative, one more
    /// than there are bounds. Its count is their sum.
    pub fn push_histogram(
        &mut self,
        family: &str,
        labels: &[(&str, &str)],
        bounds: &[f64],
        buckets: &[u64],
        sum: f64,
    ) {
        let mark = self.arena.mark();
        let Some((index, _)) = self.begin(family, labels, |kind| kind == Kind::Histogram) else { return };
        let increase = bounds.is_sorted_by(|a, b| a < b) && bounds.iter().all(|bound| bound.is_finite());
        if !increase || buckets.len() != bounds.len() + 1 {
            let labels = self.take_labels(mark);
            return self.errors.push(GatherError::Buckets { family: family.into(), labels });
        }
        // A sum may be negative: observations may.
        if !sum.is_finite() {
            let labels = self.take_labels(mark);
            return self.errors.push(GatherError::Value { family: family.into(), labels });
        }
        self.arena.histogram(mark, index, bounds, buckets, Value::F64(sum));
    }

    /// Collects one collector, whose families are `described`; one that panics leaves an error and nothing else.
    pub(crate) fn collect(&mut self, collector: &dyn Collector, described: &[Arc<Family>]) -> Mark {
        let mark = self.arena.mark();
        self.start = Some(mark);
        self.unchecked = described.is_empty();
        for family in described {
            self.arena.family(Arc::clone(family));
        }
        // What a panic may leave half done is the arena, which is rewound.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| collector.collect(self))) {
            self.arena.rewind(mark);
            self.errors.push(GatherError::Panicked { message: message(&*panic) });
        }
        mark
    }

    pub(crate) fn parts(&mut self) -> (&mut Arena, &mut GatherErrors) {
        (&mut self.arena, &mut self.errors)
    }

    pub(crate) fn finish(mut self) -> (Arena, GatherErrors) {
        self.arena.finish(&mut self.errors);
        (self.arena, self.errors)
    }

    /// Finds the family, and renders the labels; refuses what does not fit.
    fn begin(
        &mut self,
        family: &str,
        labels: &[(&str, &str)],
        fits: impl Fn(Kind) -> bool,
    ) -> Option<(usize, Kind)> {
        let Some((index, kind)) = self.find(family) else {
            self.errors.push(GatherError::Undescribed { family: family.into() });
            return None;
        };
        if !fits(kind) {
            self.errors.push(GatherError::Kind { family: family.into(), kind });
            return None;
        }
        if let Err(defect) = LabelText::append(self.arena.text(), labels) {
            self.errors.push(GatherError::Label { family: family.into(), defect });
            return None;
        }
        Some((index, kind))
    }

    /// A family of the present collector, by name.
    fn find(&mut self, name: &str) -> Option<(usize, Kind)> {
        let start = self.start?;
        let families = || self.arena.families_since(start);
        let named = |(_, family): &(usize, &Arc<Family>)| *family.name == *name;
        // Mostly the last one again, or the one after it.
        let found = families().skip_while(|(index, _)| *index < self.last).find(named);
        let (index, family) = found.or_else(|| families().find(named))?;
        let kind = family.kind;
        self.last = index;
        Some((index, kind))
    }

    /// Takes back the label text of a sample that is refused.
    fn take_labels(&mut self, mark: Mark) -> Box<str> {
        let labels = self.arena.text_since(mark).into();
        self.arena.rewind(mark);
        labels
    }
}

/// Whether a counter may have this value.
fn counts(value: Value) -> bool {
    match value {
        Value::Unsigned(_) => true,
        Value::Signed(n) => n >= 0,
        Value::F32(x) => x.is_finite() && x >= 0.0,
        Value::F64(x) => x.is_finite() && x >= 0.0,
    }
}

/// What a panic said, if it was text.
fn message(panic: &(dyn Any + Send)) -> Box<str> {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("not in words").into()
}
