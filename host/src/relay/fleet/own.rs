//! What the gateway says about its devices: the `narthex_device_*` families.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::Now;
use super::Fleet;
use super::device::State;
use crate::model::{Child, Family, Kind, LabelText, Point, Scale, Value};
use crate::registry::Resume;

/// Families about devices and about the fleet, and counts that belong to no device.
pub(super) struct Own {
    families: Vec<Arc<Family>>,
    device_label: Arc<str>,
    /// Claims of names that another live device has.
    pub(super) names_taken: AtomicU64,
    /// Devices beyond the limit.
    pub(super) fleet_full: AtomicU64,
}

/// One family: what it is, and where its values come from.
struct Row {
    kind: Kind,
    name: &'static str,
    unit: &'static str,
    help: &'static str,
    scale: Scale,
    read: Read,
}

enum Read {
    /// One value of each device.
    Device(fn(&State, Now) -> Value),
    /// Several values of each device, told apart by a label.
    Parts(&'static str, &'static [Part]),
    /// The device's firmware and link, as labels.
    Info,
    /// Values of the whole fleet, told apart by a label.
    Fleet(&'static str, fn(&Fleet) -> Vec<(&'static str, u64)>),
}

/// A value of a label, and what is counted under it.
type Part = (&'static str, fn(&State) -> u64);

const OUTCOMES: &[Part] = &[
    ("corrupt", |state| state.counts.corrupt),
    ("lost", |state| state.counts.lost),
    ("received", |state| state.counts.received),
    ("reordered", |state| state.counts.reordered),
    ("repeated", |state| state.counts.repeated),
    ("unknown_kind", |state| state.counts.unknown_kind),
    ("unknown_schema", |state| state.counts.unknown_schema),
];

const RECORDS: &[Part] = &[("known", |state| state.known as u64), ("total", |state| state.total as u64)];

const MILLI: Scale = Scale::new(-3);
const TENTH: Scale = Scale::new(-1);

/// Sorted by name.
const ROWS: &[Row] = &[
    Row {
        kind: Kind::Counter,
        name: "narthex_device_boots_total",
        unit: "",
        help: "Boots of the device that the gateway has seen, the present one included.",
        scale: Scale::ONE,
        read: Read::Device(|state, _| Value::Unsigned(state.boots)),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_device_foreign_bytes_total",
        unit: "bytes",
        help: "Bytes on the device's line that belong to no frame, such as log lines.",
        scale: Scale::ONE,
        read: Read::Device(|state, _| Value::Unsigned(state.foreign)),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_device_frames_total",
        unit: "",
        help: "Frames of the device, by what became of them.",
        scale: Scale::ONE,
        read: Read::Parts("outcome", OUTCOMES),
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_device_info",
        unit: "",
        help: "The device's firmware version, and the link it is heard on; always 1.",
        scale: Scale::ONE,
        read: Read::Info,
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_device_last_seen_timestamp_seconds",
        unit: "seconds",
        help: "When the last good frame of the device arrived, by the gateway's clock.",
        scale: MILLI,
        read: Read::Device(|state, _| Value::Unsigned(state.seen.unix_ms())),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_device_refusals_total",
        unit: "",
        help: "Families and frames of the device that were refused; /api/devices says why.",
        scale: Scale::ONE,
        read: Read::Device(|state, _| Value::Unsigned(state.refusals)),
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_device_schema_records",
        unit: "",
        help: "Families whose description has arrived, and how many the device has.",
        scale: Scale::ONE,
        read: Read::Parts("state", RECORDS),
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_device_series",
        unit: "",
        help: "Series of the device that are shown.",
        scale: Scale::ONE,
        read: Read::Device(|state, _| Value::Unsigned(state.series() as u64)),
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_device_up",
        unit: "",
        help: "Whether the device is heard: 0 when its connection has ended or it has been silent for three of its intervals (10 s at least).",
        scale: Scale::ONE,
        read: Read::Device(|state, now| Value::Unsigned(u64::from(!state.is_stale(now)))),
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_device_uptime_seconds",
        unit: "seconds",
        help: "Time since the device booted, by its own clock, as of its last frame.",
        scale: TENTH,
        read: Read::Device(|state, _| Value::Unsigned(state.uptime.into())),
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_devices",
        unit: "",
        help: "Devices that are known, and those of them that are up.",
        scale: Scale::ONE,
        read: Read::Fleet("state", |fleet| {
            let totals = fleet.totals(Now::read());
            vec![("known", totals.devices as u64), ("up", totals.live as u64)]
        }),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_devices_refused_total",
        unit: "",
        help: "Devices that were not taken: their name is another live device's, or the fleet is full.",
        scale: Scale::ONE,
        read: Read::Fleet("cause", |fleet| {
            vec![
                ("fleet_full", fleet.own.fleet_full.load(Ordering::Relaxed)),
                ("name_taken", fleet.own.names_taken.load(Ordering::Relaxed)),
            ]
        }),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_frames_total",
        unit: "",
        help: "Frames by what became of them, of all devices, those that are gone or have no name included.",
        scale: Scale::ONE,
        read: Read::Fleet("outcome", |fleet| {
            let totals = fleet.totals(Now::read());
            vec![
                ("corrupt", totals.frames_corrupt),
                ("lost", totals.frames_lost),
                ("received", totals.frames_received),
                ("reordered", totals.frames_reordered),
                ("repeated", totals.frames_repeated),
            ]
        }),
    },
];

impl Own {
    pub(super) fn new(device_label: &Arc<str>) -> Self {
        let family = |row: &Row| {
            let Row { kind, name, unit, help, .. } = *row;
            Arc::new(Family { name: name.into(), help: help.into(), unit: unit.into(), kind })
        };
        Self {
            families: ROWS.iter().map(family).collect(),
            device_label: Arc::clone(device_label),
            names_taken: AtomicU64::new(0),
            fleet_full: AtomicU64::new(0),
        }
    }

    pub(super) fn families(&self) -> impl Iterator<Item = &Arc<Family>> {
        self.families.iter()
    }

    /// Shows a family if it is one of these; as for `Indexed::visit`.
    pub(super) fn visit(
        &self,
        fleet: &Fleet,
        family: &str,
        resume: &mut Resume,
        visitor: &mut dyn FnMut(&Child<'_>) -> ControlFlow<()>,
    ) -> Option<bool> {
        let row = ROWS.iter().find(|row| row.name == family)?;
        let now = Now::read();
        let mut show = |labels: &[&str], value: Value| {
            visitor(&Child { labels, point: Point::Value { value, scale: row.scale }, created: None })
        };
        Some(match &row.read {
            Read::Device(read) => fleet.each_device(resume, |state, skip| {
                (skip == 0 && show(&[&state.label], read(state, now)).is_break()).then_some(0)
            }),
            Read::Info => fleet.each_device(resume, |state, _| {
                let labels = self.info(state);
                let labels = labels.as_str();
                show(&[labels], Value::Unsigned(1)).is_break().then_some(0)
            }),
            Read::Parts(label, parts) => fleet.each_device(resume, |state, skip| {
                parts.iter().enumerate().skip(skip).find_map(|(index, (value, read))| {
                    let value_of = Value::Unsigned(read(state));
                    let stop = if *label < &*self.device_label {
                        show(&[label, "=\"", value, "\",", &state.label], value_of)
                    } else {
                        show(&[&state.label, ",", label, "=\"", value, "\""], value_of)
                    };
                    stop.is_break().then_some(index)
                })
            }),
            Read::Fleet(label, read) => {
                for (index, (value, count)) in read(fleet).into_iter().enumerate().skip(resume.index) {
                    if show(&[label, "=\"", value, "\""], Value::Unsigned(count)).is_break() {
                        resume.index = index;
                        return Some(false);
                    }
                }
                true
            }
        })
    }

    /// The labels of `narthex_device_info`.
    fn info(&self, state: &State) -> LabelText {
        let mut pairs = vec![
            (&*self.device_label, &*state.name),
            ("firmware", &state.firmware),
            ("link", &state.origin.link),
        ];
        // A device label called like one of these takes its place.
        pairs.dedup_by(|a, b| a.0 == b.0);
        LabelText::new(&pairs).unwrap_or_default()
    }
}
