//! W10: the 185 numbers that a watch reports each hour.
//!
//! Which they are makes no difference to the bytes of their values: five parts with 37 counters each.

use narthex::{Counter, Family, LabelSet, Metrics, Registry, registry};

use super::work;

/// A part of the watch.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Part {
    Radio,
    Screen,
    Power,
    Sensors,
    Apps,
}

/// What is counted of it.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum What {
    N0,
    N1,
    N2,
    N3,
    N4,
    N5,
    N6,
    N7,
    N8,
    N9,
    N10,
    N11,
    N12,
    N13,
    N14,
    N15,
    N16,
    N17,
    N18,
    N19,
    N20,
    N21,
    N22,
    N23,
    N24,
    N25,
    N26,
    N27,
    N28,
    N29,
    N30,
    N31,
    N32,
    N33,
    N34,
    N35,
    N36,
}

/// A number of the watch.
#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) struct Number {
    part: Part,
    what: What,
}

/// A watch.
#[derive(Debug, Metrics)]
pub(crate) struct Watch {
    /// All its numbers.
    watch_events_total: Family<Number, Counter>,
}

pub(crate) static WATCH: Watch = Watch::new();
static WATCHES: Registry = registry![WATCH];

work!(Watch, WATCHES, |watch| &[&watch.watch_events_total]);
