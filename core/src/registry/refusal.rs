//! What makes the compiler refuse a registry, and how it says so.

use super::{Shape, instances};
use crate::model::{Instance, Label, same};

/// Why the compiler refuses a declaration: which one, and what is wrong with it.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// What stands around the subject.
    around: (&'static str, &'static str),
    subject: &'static str,
    why: &'static str,
}

impl Refusal {
    /// What is wrong with this metric.
    pub const fn new(metric: &'static str, why: &'static str) -> Self {
        Self { around: ("metric `", "`: "), subject: metric, why }
    }

    /// What is wrong with something else, which is named in full.
    pub const fn of(subject: &'static str, why: &'static str) -> Self {
        Self { around: ("", ": "), subject, why }
    }

    /// The message, for the compiler to print.
    ///
    /// ```
    /// use narthex::registry::Refusal;
    /// const MESSAGE: &str = Refusal::new("uart_bytes", "why").message().as_str();
    /// assert_eq!(MESSAGE, "metric `uart_bytes`: why");
    /// ```
    pub const fn message(&self) -> Message {
        let (before, after) = self.around;
        Message::empty().put(before).put(self.subject).put(after).put(self.why)
    }
}

/// A [`Refusal`] as text, put together without a heap while the compiler runs.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    text: [u8; Self::MAX],
    len: usize,
}

impl Message {
    /// Longest message, in bytes; a longer one is cut.
    pub const MAX: usize = 320;

    const fn empty() -> Self {
        Self { text: [0; Self::MAX], len: 0 }
    }

    #[allow(
        clippy::indexing_slicing,
        reason = "evaluated by the compiler; the index is checked in the condition"
    )]
    const fn put(mut self, part: &str) -> Self {
        let mut bytes = part.as_bytes();
        while let [byte, rest @ ..] = bytes
            && self.len < Self::MAX
        {
            self.text[self.len] = *byte;
            self.len += 1;
            bytes = rest;
        }
        self
    }

    /// The text, cut before a character that did not fit.
    pub const fn as_str(&self) -> &str {
        let (text, _) = self.text.split_at(self.len);
        match str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => match str::from_utf8(text.split_at(error.valid_up_to()).0) {
                Ok(text) => text,
                Err(_) => "",
            },
        }
    }
}

/// Checks every description, and all instances of one family against each other. `None` when the registry is good;
/// `N` is [`count`](super::count).
pub const fn check<const N: usize>(shapes: &[Shape]) -> Option<Refusal> {
    let instances = instances::<N>(shapes);
    let mut rest = instances.as_slice();
    while let [instance, later @ ..] = rest {
        let Instance { desc, labels, first } = instance;
        if *first && let Err(defect) = desc.check() {
            return Some(Refusal::new(desc.name, defect.as_str()));
        }
        if *first && let Err(defect) = desc.check_grid() {
            return Some(Refusal::new(desc.name, defect.as_str()));
        }
        if let Err(defect) = desc.check_labels(labels) {
            return Some(Refusal::new(desc.name, defect.as_str()));
        }
        // The other instances of a family stand right behind its first.
        let mut others = later;
        while let [other, tail @ ..] = others
            && !other.first
        {
            if let Some(conflict) = conflict(instance, other) {
                return Some(Refusal::new(other.desc.name, conflict.as_str()));
            }
            others = tail;
        }
        rest = later;
    }
    None
}

/// Why two instances of one family cannot stand in one registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    /// A counter and something else of its name without `_total`.
    Name,
    /// All that a description says, but for the constant labels.
    Desc,
    /// The names of the constant labels differ.
    LabelNames,
    /// The constant labels are equal.
    Labels,
}

impl Conflict {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "a counter of this name without `_total` would be the same family in OpenMetrics",
            Self::Desc => "the name is used twice, with different kind, help, unit, scale, labels or bounds",
            Self::LabelNames => "the name is used twice, with different constant label names",
            Self::Labels => "the name is used twice: give the groups constant labels that tell them apart",
        }
    }
}

/// One name may stand twice if and only if everything but the values of the constant labels is equal.
pub(super) const fn conflict(earlier: &Instance<'_>, later: &Instance<'_>) -> Option<Conflict> {
    // What must be equal is compared with the first only.
    if earlier.first {
        if !same(earlier.desc.name, later.desc.name) {
            return Some(Conflict::Name);
        }
        if !earlier.desc.agrees(later.desc) {
            return Some(Conflict::Desc);
        }
        if !same_names(earlier.labels, later.labels) {
            return Some(Conflict::LabelNames);
        }
    }
    if same_values(earlier.labels, later.labels) {
        return Some(Conflict::Labels);
    }
    None
}

const fn same_names(mut a: &[Label<'_>], mut b: &[Label<'_>]) -> bool {
    while let ([x, xs @ ..], [y, ys @ ..]) = (a, b) {
        if !same(x.name, y.name) {
            return false;
        }
        (a, b) = (xs, ys);
    }
    a.is_empty() && b.is_empty()
}

const fn same_values(mut a: &[Label<'_>], mut b: &[Label<'_>]) -> bool {
    while let ([x, xs @ ..], [y, ys @ ..]) = (a, b) {
        if !same(x.value, y.value) {
            return false;
        }
        (a, b) = (xs, ys);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Desc, Details, Grid, Scale};
    use std::string::String;

    fn message(shapes: &[Shape; 2]) -> Option<String> {
        check::<2>(shapes).map(|refusal| refusal.message().as_str().into())
    }

    const fn shape(descs: &'static [Desc<'static>], labels: &'static [Label<'static>]) -> Shape {
        Shape { descs, labels }
    }

    const PACKETS: &[Desc<'static>] = &[Desc::counter("packets_total", "Packets.")];
    const OTHER_HELP: &[Desc<'static>] = &[Desc::counter("packets_total", "Frames.")];
    const GAUGE: &[Desc<'static>] = &[Desc::gauge("packets", "Packets under way.")];
    const NO_TOTAL: &[Desc<'static>] = &[Desc::counter("frames", "Frames.")];
    const A: &[Label<'static>] = &[Label { name: "port", value: "a" }];
    const B: &[Label<'static>] = &[Label { name: "port", value: "b" }];
    const OTHER_LABEL: &[Label<'static>] = &[Label { name: "radio", value: "b" }];
    const RESERVED: &[Label<'static>] = &[Label { name: "le", value: "b" }];

    #[test]
    fn one_name_stands_twice_only_with_labels_that_differ() {
        assert_eq!(message(&[shape(PACKETS, A), shape(PACKETS, B)]), None);
        for (other, why) in [
            (shape(PACKETS, A), "give the groups constant labels that tell them apart"),
            (shape(PACKETS, OTHER_LABEL), "with different constant label names"),
            (shape(OTHER_HELP, B), "with different kind, help"),
        ] {
            let message = message(&[shape(PACKETS, A), other]).unwrap();
            assert!(message.starts_with("metric `packets_total`: ") && message.contains(why), "{message}");
        }
    }

    #[test]
    fn a_counter_and_a_gauge_cannot_share_a_family() {
        let message = message(&[shape(PACKETS, A), shape(GAUGE, B)]).unwrap();
        assert!(message.contains("the same family in OpenMetrics"), "{message}");
    }

    #[test]
    fn a_grid_is_that_of_its_scale() {
        const GRID: [u32; Grid::words(3)] = Grid::table(Scale::new(-6), 8);
        const DETAILS: Details<'static> = Details { bounds: &GRID, ..Details::NONE };
        const RIGHT: Desc<'static> =
            Desc { scale: Scale::new(-6), ..Desc::exponential_histogram("turns", "Turns.", &DETAILS) };
        const WRONG: Desc<'static> = Desc { scale: Scale::new(-3), ..RIGHT };
        assert_eq!(message(&[shape(&[RIGHT], A), shape(PACKETS, A)]), None);
        let message = message(&[shape(&[WRONG], A), shape(PACKETS, A)]).unwrap();
        assert!(message.starts_with("metric `turns`: an exponential histogram needs the grid"), "{message}");
    }

    #[test]
    fn every_description_is_checked() {
        let message = message(&[shape(PACKETS, A), shape(NO_TOTAL, A)]).unwrap();
        assert_eq!(message, "metric `frames`: a counter's name must end in `_total`");
    }

    #[test]
    fn constant_labels_are_checked() {
        let message = message(&[shape(PACKETS, RESERVED), shape(PACKETS, A)]).unwrap();
        assert_eq!(message, "metric `packets_total`: the label names `le` and `quantile` are reserved");
    }

    #[test]
    fn a_long_message_is_cut_before_a_character() {
        let why = "xé".repeat(Message::MAX);
        let message = Message::empty().put(&why);
        // Three bytes a pair: the limit falls into the middle of the last `é`.
        assert_eq!(message.as_str().len(), Message::MAX / 3 * 3 + 1);
    }
}
