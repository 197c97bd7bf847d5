//! What was lost on the way, and what was refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use narthex::model::Value;
use narthex_host::model::{Child, Point};
use narthex_host::registry::{Indexed, Resume};
use narthex_host::relay::Now;
use narthex_host::relay::fleet::Fleet;
use narthex_host::relay::status::DeviceStatus;

use super::json::pairs;
use crate::terminal::printable;

/// What a decoded capture lacks.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// For people, a line for each device and each matter.
    pub(super) lines: Vec<String>,
    /// Whether a frame was lost, corrupt or refused, or something is not known for other reasons.
    pub(super) lacks: bool,
}

impl Report {
    /// That of a fleet whose connections have all ended.
    pub(super) fn of(fleet: &Fleet, device_label: &str, now: Now) -> Self {
        let mut report = Self::default();
        let devices = fleet.devices(now);
        let foreign = values(fleet, "narthex_device_foreign_bytes_total", device_label);
        for device in &devices {
            report.device(device, foreign.get(&device.device).copied().unwrap_or(0));
        }
        let totals = fleet.totals(now);
        for (cause, n) in values(fleet, "narthex_devices_refused_total", "cause") {
            let why = match &*cause {
                "name_taken" => "another live device has the name",
                "fleet_full" => "there are too many",
                "too_many_names" => "its connection has brought too many names",
                other => other,
            };
            if n > 0 {
                report.lacks(format!("{} refused: {why}", counted(n, "device")));
            }
        }
        // What no device could be found for.
        let (mut corrupt, mut received) = (totals.frames_corrupt, totals.frames_received);
        for device in &devices {
            corrupt = corrupt.saturating_sub(device.frames.corrupt);
            received = received.saturating_sub(device.frames.received);
        }
        let stray = totals.foreign_bytes.saturating_sub(foreign.values().sum());
        if received > 0 {
            report.lacks(format!("{} of devices without a name or refused", counted(received, "frame")));
        }
        if corrupt > 0 {
            report.lacks(format!("{} corrupt, of no device", counted(corrupt, "frame")));
        }
        if stray > 0 {
            report.lines.push(format!("{} outside frames, of no device", counted(stray, "byte")));
        }
        if devices.is_empty() {
            report.lacks("no device found".to_owned());
        }
        report
    }

    /// Adds a matter that is a loss.
    pub(super) fn lacks(&mut self, line: String) {
        self.lines.push(line);
        self.lacks = true;
    }

    fn device(&mut self, device: &DeviceStatus, foreign: u64) {
        let DeviceStatus { frames, schema, .. } = device;
        let name = printable(&device.device);
        let mut line = format!("{name}: {}", counted(frames.received, "frame"));
        for (n, what, lacks) in [
            (frames.lost, "lost", true),
            (frames.corrupt, "corrupt", true),
            (frames.reordered, "reordered", false),
            (frames.repeated, "repeated", false),
            (frames.unknown_schema, "of unknown schema", false),
            (frames.unknown_kind, "of unknown kind", true),
            (frames.unknown_record, "with unknown records", true),
        ] {
            if n > 0 {
                let _ = write!(line, ", {n} {what}");
                self.lacks |= lacks;
            }
        }
        if foreign > 0 {
            let _ = write!(line, ", {} outside frames", counted(foreign, "byte"));
        }
        if device.boots > 1 {
            let _ = write!(line, ", {} boots", device.boots);
        }
        self.lines.push(line);
        if schema.known < schema.total || schema.total == 0 {
            self.lacks(format!("{name}: {} of {} families are known", schema.known, schema.total));
        }
        for refused in &device.refused {
            self.lacks(format!("{name}: family {:?} refused: {}", refused.family, printable(&refused.why)));
        }
    }
}

/// `1 frame`, `2 frames`.
pub(super) fn counted(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The values of one of the fleet's own families, by a label.
fn values(fleet: &Fleet, family: &str, label: &str) -> BTreeMap<String, u64> {
    let mut values = BTreeMap::new();
    fleet.visit(family, &mut Resume::default(), &mut |child: &Child<'_>| {
        let mut text = String::new();
        child.join_labels(&mut text);
        let name = pairs(&text).into_iter().find(|(name, _)| *name == label);
        if let (Some((_, name)), Point::Value { value: Value::Unsigned(n), .. }) = (name, child.point) {
            values.insert(name, n);
        }
        ControlFlow::Continue(())
    });
    values
}
