//! What must hold, and a table of it.

use crate::fleet::{Fleet, Sent};
use std::collections::HashMap;
use std::process::ExitCode;

/// Findings so far.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    rows: Vec<[String; 3]>,
    failed: Vec<String>,
}

impl Proof {
    /// A figure that is only shown.
    pub(crate) fn say(&mut self, what: &str, measured: String, note: &str) {
        eprintln!("soak: {what}: {measured} {note}");
        self.rows.push([what.into(), measured, note.into()]);
    }

    /// A figure that must be as it is said.
    pub(crate) fn expect(&mut self, what: &str, measured: String, bound: &str, holds: bool) {
        if !holds {
            self.failed.push(format!("{what}: {measured}, not {bound}"));
        }
        self.say(what, measured, bound);
    }

    /// The page shows of every live device what its own page shows.
    pub(crate) fn totals(&mut self, page: &str, fleet: &Fleet) {
        let mut shown: HashMap<String, Vec<String>> = HashMap::new();
        for line in page.lines().filter(|line| line.starts_with("soak_")) {
            if let Some((device, line)) = without_device(line) {
                shown.entry(device).or_default().push(line);
            }
        }
        let (mut lines, mut wrong) = (0, 0);
        for device in &fleet.devices {
            let (mut own, mut shown) = (device.lines(), shown.remove(device.name).unwrap_or_default());
            own.sort();
            shown.sort();
            lines += own.len();
            if own != shown {
                wrong += 1;
                if wrong <= 3 {
                    let differs = own.iter().find(|line| !shown.contains(line));
                    self.failed.push(format!("{} has {differs:?}, which is not on the page", device.name));
                }
            }
        }
        let what = "devices of which the page differs from their own";
        self.expect(
            what,
            wrong.to_string(),
            &format!("0 of {}, {lines} lines", fleet.devices.len()),
            wrong == 0,
        );
    }

    /// All frames are accounted for. `dropped` datagrams never reached the gateway.
    pub(crate) fn counts(&mut self, page: &str, fleet: &Fleet, dropped: u64) {
        let read = |name: &str| {
            let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.parse::<u64>().ok()).unwrap_or(u64::MAX)
        };
        let Sent { received, lost, repeated, corrupt, foreign, reboots, left, .. } = fleet.sent();
        self.say("reboots", reboots.to_string(), "");
        self.say("devices that left, and as many that came", left.to_string(), "");
        self.say("datagrams the system dropped", dropped.to_string(), "counts may be off by as many");
        for (what, want) in [
            ("received", received),
            ("lost", lost),
            ("repeated", repeated),
            ("corrupt", corrupt),
            ("reordered", 0),
        ] {
            let counted = read(&format!("narthex_frames_total{{outcome=\"{what}\"}}"));
            self.expect(
                &format!("frames {what}"),
                counted.to_string(),
                &want.to_string(),
                counted.abs_diff(want) <= dropped,
            );
        }
        let counted = read("narthex_foreign_bytes_total");
        let slack = dropped * crate::device::MTU as u64;
        self.expect(
            "bytes of log lines",
            counted.to_string(),
            &foreign.to_string(),
            counted.abs_diff(foreign) <= slack,
        );
    }

    /// Prints the table, and what failed.
    pub(crate) fn table(self, devices: usize) -> ExitCode {
        println!("{devices} devices of 60 series");
        for [what, measured, note] in &self.rows {
            println!("{what:<50} {measured:>16}  {note}");
        }
        for failed in &self.failed {
            println!("FAILED: {failed}");
        }
        ExitCode::from(u8::from(!self.failed.is_empty()))
    }
}

/// A line as the device itself would say it, and which device that is.
fn without_device(line: &str) -> Option<(String, String)> {
    const LABEL: &str = "device=\"";
    let at = line.find(LABEL)?;
    let (before, rest) = (&line[..at], &line[at + LABEL.len()..]);
    let (device, after) = rest.split_once('"')?;
    let (before, after) = match (before.strip_suffix(','), after.strip_prefix(',')) {
        (Some(before), _) => (before, after),
        (None, Some(after)) => (before, after),
        (None, None) => (before.strip_suffix('{')?, after.strip_prefix('}')?),
    };
    Some((device.into(), [before, after].concat()))
}
