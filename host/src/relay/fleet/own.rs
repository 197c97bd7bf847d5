//! What the gateway says about its devices: the `narthex_device_*` families.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::super::Now;
use super::super::session::Fault;
use super::super::status::FrameCounts;
use super::Fleet;
use super::device::State;
use super::runs::Runs;
use super::show::each_device;
use super::tally::Cause;
use crate::model::{Child, Family, Form, Kind, Number, Point, Scale, Shape, Value};
use crate::registry::{Resume, Visitor};

/// Families about devices and about the fleet.
pub(super) struct Own {
    families: Vec<Arc<Family>>,
    /// What each of them shows of a device, if that can be shown in runs.
    shapes: Vec<Option<Arc<Shape>>>,
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
    Device(fn(&State, Now) -> u64),
    /// What became of the device's frames.
    Frames,
    /// How much of its schema is known.
    Records,
    /// The device's firmware and link, as labels.
    Info,
    /// One value of the whole fleet.
    Total(fn(&Fleet) -> u64),
    /// Values of the whole fleet, told apart by a label.
    Fleet(&'static str, fn(&Fleet, Now) -> Vec<Part>),
}

/// A value of a label, and what stands under it.
type Part = (&'static str, u64);

/// Sorted by label.
fn outcomes(counts: &FrameCounts) -> [Part; 8] {
    [
        ("corrupt", counts.corrupt),
        ("lost", counts.lost),
        ("received", counts.received),
        ("reordered", counts.reordered),
        ("repeated", counts.repeated),
        ("unknown_kind", counts.unknown_kind),
        ("unknown_record", counts.unknown_record),
        ("unknown_schema", counts.unknown_schema),
    ]
}

const MILLI: Scale = Scale::new(-3);
const TENTH: Scale = Scale::new(-1);

/// Sorted by name.
const ROWS: &[Row] = &[
    Row {
        kind: Kind::Info,
        name: "narthex_build_info",
        unit: "",
        help: "The version of the gateway.",
        scale: Scale::ONE,
        read: Read::Fleet("version", |_, _| vec![(env!("CARGO_PKG_VERSION"), 1)]),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_device_boots_total",
        unit: "",
        help: "Boots of the device that the gateway has seen, the present one included.",
        scale: Scale::ONE,
        read: Read::Device(|state, _| state.boots),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_device_foreign_bytes_total",
        unit: "bytes",
        help: "Bytes on the device's line that belong to no frame, such as log lines.",
        scale: Scale::ONE,
        read: Read::Device(|state, _| state.counts.foreign),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_device_frames_total",
        unit: "",
        help: "Frames of the device, by what became of them.",
        scale: Scale::ONE,
        read: Read::Frames,
    },
    Row {
        kind: Kind::Info,
        name: "narthex_device_info",
        unit: "",
        help: "The device's firmware version, and the link it is heard on.",
        scale: Scale::ONE,
        read: Read::Info,
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_device_last_seen_timestamp_seconds",
        unit: "seconds",
        help: "When the last good frame of the device arrived, by the gateway's clock.",
        scale: MILLI,
        read: Read::Device(|state, _| state.seen.unix_ms()),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_device_refusals_total",
        unit: "",
        help: "Families and frames of the device that were refused; /api/devices says why.",
        scale: Scale::ONE,
        read: Read::Device(|state, _| state.counts.refused),
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_device_schema_records",
        unit: "",
        help: "Families whose description has arrived, and how many the device has.",
        scale: Scale::ONE,
        read: Read::Records,
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_device_series",
        unit: "",
        help: "Series of the device that are shown, each bucket of a histogram counted.",
        scale: Scale::ONE,
        read: Read::Device(|state, _| state.series.count() as u64),
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_device_up",
        unit: "",
        help: "Whether the device is heard: 0 when its connection has ended or it has been silent for three of its intervals, 10 s at least.",
        scale: Scale::ONE,
        read: Read::Device(|state, now| u64::from(!state.is_stale(now))),
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_device_uptime_seconds",
        unit: "seconds",
        help: "Time since the device booted, by its own clock, as of its last frame.",
        scale: TENTH,
        read: Read::Device(|state, _| state.uptime.into()),
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_devices",
        unit: "",
        help: "Devices that are known, and those of them that are up.",
        scale: Scale::ONE,
        read: Read::Fleet("state", |fleet, now| {
            let index = fleet.read();
            let up = index.devices.devices().filter(|device| !device.lock().is_stale(now)).count();
            vec![("known", index.devices.len() as u64), ("up", up as u64)]
        }),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_devices_refused_total",
        unit: "",
        help: "Devices that were not taken: the fleet is full, their link does not allow their name, another live device has it, or their source brings too many new names or schemas.",
        scale: Scale::ONE,
        read: Read::Fleet("cause", |fleet, _| {
            let counts = fleet.tally.read().devices;
            Cause::ALL.iter().map(|cause| cause.as_str()).zip(counts).collect()
        }),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_foreign_bytes_total",
        unit: "bytes",
        help: "Bytes that belong to no frame, such as log lines, of all connections, those of no device included.",
        scale: Scale::ONE,
        read: Read::Total(|fleet| fleet.tally.read().foreign),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_frames_total",
        unit: "",
        help: "Frames by what became of them, of all devices, those that are gone or have no name included.",
        scale: Scale::ONE,
        read: Read::Fleet("outcome", |fleet, _| outcomes(&fleet.tally.read().frames).into()),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_refusals_total",
        unit: "",
        help: "Families, records and frames that were refused, by what was wrong, of all devices, those that are gone or have no name included; /api/devices says more.",
        scale: Scale::ONE,
        read: Read::Fleet("cause", |fleet, _| {
            let counts = fleet.tally.read().refusals;
            Fault::ALL.iter().map(|fault| fault.as_str()).zip(counts).collect()
        }),
    },
    Row {
        kind: Kind::Gauge,
        name: "narthex_schema_store_files",
        unit: "",
        help: "Schemas that are kept in the state directory; 0 without one.",
        scale: Scale::ONE,
        read: Read::Total(|fleet| fleet.stored().files),
    },
    Row {
        kind: Kind::Counter,
        name: "narthex_schema_store_operations_total",
        unit: "",
        help: "What was done with schemas in the state directory: corrupt ones are replaced when they come again, dropped ones found too many others waiting for the disk, evicted ones made room.",
        scale: Scale::ONE,
        read: Read::Fleet("outcome", |fleet, _| {
            let counts = fleet.stored();
            vec![
                ("corrupt", counts.corrupt),
                ("dropped", counts.dropped),
                ("evicted", counts.evicted),
                ("failed", counts.failed),
                ("loaded", counts.loaded),
                ("saved", counts.saved),
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
        let shape = |row: &Row| Some(Arc::new(row.shape(device_label)?));
        Self { families: ROWS.iter().map(family).collect(), shapes: ROWS.iter().map(shape).collect() }
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
        visitor: &mut dyn Visitor,
    ) -> Option<bool> {
        let at = ROWS.iter().position(|row| row.name == family)?;
        let (row, shape) = (ROWS.get(at)?, self.shapes.get(at)?.as_ref());
        let now = Now::read();
        let mut show = |labels: &[&str], value: Value| {
            let point = Point::Value { value, scale: row.scale };
            visitor.child(&Child { labels, point, created: None })
        };
        if let Read::Total(read) = row.read {
            return Some(show(&[], Value::Unsigned(read(fleet))).is_continue());
        }
        if let Read::Fleet(label, read) = row.read {
            for (index, (part, n)) in read(fleet, now).into_iter().enumerate().skip(resume.index) {
                if show(&[label, "=\"", part, "\""], Value::Unsigned(n)).is_break() {
                    resume.index = index;
                    return Some(false);
                }
            }
            return Some(true);
        }
        let roster = &fleet.read().devices;
        let mut runs = Runs::new(roster, resume, visitor);
        let all = each_device(roster, roster.all(), resume, |device, from, next| {
            let Some((number, entry)) = device else { return runs.flush(next) };
            let state = &*entry.device.lock();
            let Some(shape) = shape else {
                let point = Point::Value { value: Value::Unsigned(1), scale: row.scale };
                let (visitor, _) = runs.singly();
                let shown = visitor.child(&Child { labels: &[state.info()], point, created: None });
                return shown.map_break(|()| &*entry.name);
            };
            let added = from.is_empty()
                && runs.push(number, shape, next, |_, to, cells| {
                    row.read(state, now, cells);
                    to.created = None;
                    to.text.set(state.device_label())
                })?;
            if added {
                return ControlFlow::Continue(());
            }
            runs.flush(next)?;
            let (visitor, cells) = runs.singly();
            cells.clear();
            cells.resize(shape.cells(), 0);
            row.read(state, now, cells);
            let labels = shape.labels.iter().enumerate();
            let mut rest = labels.skip_while(|(_, labels)| labels.concat().as_str() < from);
            let refused = rest.find(|(index, _)| {
                let show = |child: &Child<'_>| visitor.child(child);
                let shown = shape.with_child(*index, state.device_label(), cells, None, show);
                shown.is_some_and(|shown| shown.is_break())
            });
            refused.map_or(ControlFlow::Continue(()), |(_, labels)| {
                next.extend(labels.iter().map(|piece| &**piece));
                ControlFlow::Break(&*entry.name)
            })
        });
        runs.end(resume);
        Some(all)
    }
}

impl Row {
    /// What it shows of a device; `None` if its label text is not the device's label alone.
    fn shape(&self, device_label: &str) -> Option<Shape> {
        let piece = |(label, part): (&str, &str)| {
            let text = format!("{label}=\"{part}\"");
            if *label < *device_label {
                [(text + ",").into(), Box::default()]
            } else {
                [Box::default(), format!(",{text}").into()]
            }
        };
        let labels: Box<[_]> = match self.read {
            Read::Device(_) => Box::new([Default::default()]),
            Read::Frames => {
                outcomes(&FrameCounts::default()).map(|(part, _)| piece(("outcome", part))).into()
            }
            Read::Records => ["known", "total"].map(|part| piece(("state", part))).into(),
            Read::Info | Read::Total(_) | Read::Fleet(..) => return None,
        };
        Some(Shape { labels, form: Form::Value, number: Number::Unsigned, scale: self.scale })
    }

    /// Reads the cells of its [shape](Self::shape).
    fn read(&self, state: &State, now: Now, cells: &mut [u64]) {
        let values = |cells: &mut [u64], values: &[u64]| {
            cells.iter_mut().zip(values).for_each(|(cell, value)| *cell = *value);
        };
        match self.read {
            Read::Device(read) => values(cells, &[read(state, now)]),
            Read::Frames => values(cells, &outcomes(&state.counts.frames).map(|(_, n)| n)),
            Read::Records => values(cells, &[state.known as u64, state.total as u64]),
            Read::Info | Read::Total(_) | Read::Fleet(..) => {}
        }
    }
}
