//! What is seen on standard error: a few lines refreshed in place on a terminal, one line now and then elsewhere,
//! and log lines that tear neither.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use narthex_host::relay::site::View;
use narthex_host::relay::status::{GatewayStatus, Learning, LinkReport, Totals};
use tokio::time::{MissedTickBehavior, interval};
use tracing::level_filters::LevelFilter;

use crate::figures::{grouped, size, span};
use crate::stderr::Stderr;

/// How often the lines on a terminal are refreshed.
const REFRESH: Duration = Duration::from_secs(1);
/// How often a line is written elsewhere.
const REPORT: Duration = Duration::from_secs(5);
/// And how often at most once it has been seen to work, if anything has changed: a journal is to be read later.
const SETTLED: Duration = Duration::from_secs(60);
/// When that is.
const SETTLING: Duration = Duration::from_secs(60);
/// Links shown on a terminal; the page shows all.
const MAX_LINKS: usize = 8;

// See ECMA-48. Wrapping is switched off while lines are drawn, so that a long line is cut and never becomes two:
// the way back up is counted in lines.
const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";
const NO_WRAP: &str = "\x1b[?7l";
const WRAP: &str = "\x1b[?7h";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";
const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

/// Standard error, shared by all who write to it.
#[derive(Clone)]
pub(crate) struct Terminal {
    quiet: bool,
    /// Whether lines can be refreshed in place.
    live: bool,
    lines: Arc<Mutex<Vec<String>>>,
    out: Stderr,
}

impl Terminal {
    /// Standard error as it is; `quiet` leaves only logs and what must be said.
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, live: io::stderr().is_terminal() && !quiet, lines: Arc::default(), out: Stderr::new() }
    }

    /// Sends logs here from now on.
    pub(crate) fn take_logs(&self, verbose: u8) {
        let level = match (self.quiet, verbose) {
            (true, _) => LevelFilter::WARN,
            (_, 0) => LevelFilter::INFO,
            (_, 1) => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        };
        let terminal = self.clone();
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_target(verbose > 0)
            .with_ansi(io::stderr().is_terminal())
            .with_writer(move || terminal.clone())
            .init();
    }

    /// Writes a line that stays, unless quiet.
    pub(crate) fn say(&self, line: &str) {
        if !self.quiet {
            self.always(line);
        }
    }

    /// Writes a line that stays.
    pub(crate) fn always(&self, line: &str) {
        self.above(format!("{line}\n").as_bytes());
    }

    /// Shows how the gateway is doing, for ever.
    pub(crate) async fn watch(self, address: SocketAddr, view: Arc<dyn View>) {
        if self.quiet {
            return;
        }
        let mut ticks = interval(if self.live { REFRESH } else { REPORT });
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let start = Instant::now();
        let (mut speed, mut told) = (Speed::new(start), String::new());
        if !self.live {
            ticks.tick().await;
        }
        loop {
            ticks.tick().await;
            if !self.live && ticks.period() != SETTLED && start.elapsed() > SETTLING {
                ticks = interval(SETTLED);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                ticks.tick().await;
            }
            let status = view.gateway();
            let rates = speed.update(&status, Instant::now());
            if self.live {
                self.show(block(address, &status, rates));
                continue;
            }
            // Rates are never the same twice; the rest is worth a line when it is news.
            let news = line(&status, Rates::default());
            if ticks.period() != SETTLED || news != told {
                self.always(&line(&status, rates));
            }
            told = news;
        }
    }

    /// Leaves the lines as they are, and the cursor below them as it was. Nothing is written after that.
    pub(crate) fn close(&self) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if !lines.is_empty() {
            self.out.put(format!("\r{CLEAR_LINE}{SHOW_CURSOR}"));
        }
        lines.clear();
        self.out.close();
    }

    /// Draws `new` over the lines that stand there.
    fn show(&self, new: Vec<String>) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        self.out.put(format!("{}{}", back(lines.len()), drawn(&new)));
        *lines = new;
    }

    /// Writes `bytes` above the lines that stand there.
    fn above(&self, bytes: &[u8]) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(bytes);
        if lines.is_empty() {
            self.out.put(text.into_owned());
        } else {
            self.out.put(format!("{}{CLEAR_BELOW}{text}{}", back(lines.len()), drawn(&lines)));
        }
    }
}

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.above(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn back(lines: usize) -> String {
    if lines == 0 { HIDE_CURSOR.to_owned() } else { format!("\r\x1b[{lines}A") }
}

fn drawn(lines: &[String]) -> String {
    let mut text = NO_WRAP.to_owned();
    for line in lines {
        text.push_str(line);
        text.push_str(CLEAR_LINE);
        text.push('\n');
    }
    text + CLEAR_BELOW + WRAP
}

/// What happens in a second.
#[derive(Clone, Copy, Debug, Default)]
struct Rates {
    frames: f64,
    bytes: f64,
}

/// Takes rates from totals.
struct Speed {
    at: Instant,
    frames: u64,
    bytes: u64,
}

impl Speed {
    fn new(at: Instant) -> Self {
        Self { at, frames: 0, bytes: 0 }
    }

    #[allow(clippy::cast_precision_loss, reason = "for the eye")]
    fn update(&mut self, status: &GatewayStatus, at: Instant) -> Rates {
        let bytes: u64 = status.links.iter().map(|link| link.received_bytes).sum();
        let frames = status.totals.frames_received;
        let seconds = (at - self.at).as_secs_f64().max(1e-3);
        let rates = Rates {
            frames: frames.saturating_sub(self.frames) as f64 / seconds,
            bytes: bytes.saturating_sub(self.bytes) as f64 / seconds,
        };
        *self = Self { at, frames, bytes };
        rates
    }
}

/// One line for a log.
fn line(status: &GatewayStatus, rates: Rates) -> String {
    let Totals { devices, live, series, frames_lost, frames_corrupt, frames_refused, .. } = status.totals;
    let up = status.links.iter().filter(|link| link.up).count();
    let learning = if status.learning.is_empty() { String::new() } else { format!("; {}", schemas(status)) };
    format!(
        "narthex: {live} of {devices} devices up, {series} series, {:.1} frames/s, {frames_lost} lost, \
         {frames_corrupt} corrupt, {frames_refused} refused; {up} of {} links up{learning}",
        rates.frames,
        status.links.len(),
    )
}

/// How far schemas have come that have not come whole: `schema pump-1 12 of 185, pump-2 3 of 9, 7 more`.
fn schemas(status: &GatewayStatus) -> String {
    let one = |Learning { device, known, total }: &Learning| match total {
        0 => format!("{} unknown", printable(device)),
        total => format!("{} {known} of {total}", printable(device)),
    };
    let mut parts: Vec<_> = status.learning.iter().map(one).collect();
    if let Some(more @ 1..) = status.totals.learning.checked_sub(parts.len()) {
        parts.push(format!("{more} more"));
    }
    format!("schema {}", parts.join(", "))
}

/// A few lines for a terminal.
fn block(address: SocketAddr, status: &GatewayStatus, rates: Rates) -> Vec<String> {
    let t = &status.totals;
    let bad = |n: u64, what: &str| {
        if n == 0 { format!("{DIM}0 {what}{PLAIN}") } else { format!("{RED}{} {what}{PLAIN}", grouped(n)) }
    };
    let head = |what: &str| format!("  {DIM}{what:<9}{PLAIN}");
    let mut lines = vec![
        String::new(),
        format!(
            "  {BOLD}narthex{PLAIN} {DIM}{} · up {}{PLAIN} · http://{address}/",
            status.version,
            span(status.uptime_seconds)
        ),
        format!(
            "{}{BOLD}{}{PLAIN} up of {} · {} series",
            head("devices"),
            grouped(t.live as u64),
            grouped(t.devices as u64),
            grouped(t.series as u64)
        ),
        format!(
            "{}{BOLD}{:.1}/s{PLAIN} · {} received · {} · {} · {}",
            head("frames"),
            rates.frames,
            grouped(t.frames_received),
            bad(t.frames_lost, "lost"),
            bad(t.frames_corrupt, "corrupt"),
            bad(t.frames_refused, "refused"),
        ),
        format!(
            "{}{BOLD}{}/s{PLAIN} · {} outside frames",
            head("bytes"),
            size(rates.bytes),
            grouped(t.foreign_bytes)
        ),
    ];
    if !status.learning.is_empty() {
        lines.push(format!("{}{}", head("learning"), schemas(status)));
    }
    for (i, link) in status.links.iter().take(MAX_LINKS).enumerate() {
        lines.push(head(if i == 0 { "links" } else { "" }) + &link_line(link));
    }
    if let Some(more) = status.links.len().checked_sub(MAX_LINKS).filter(|more| *more > 0) {
        lines.push(format!("{}{DIM}and {more} more{PLAIN}", head("")));
    }
    lines
}

fn link_line(link: &LinkReport) -> String {
    let mut text = printable(&link.link);
    match (link.up, link.connections) {
        (true, n) => _ = write!(text, " · {} open", grouped(n)),
        (false, _) => _ = write!(text, " · {RED}down{PLAIN}"),
    }
    if !link.trouble.is_empty() {
        let _ = write!(text, " {DIM}({}){PLAIN}", printable(&link.trouble));
    }
    text
}

/// Text that cannot steer the terminal: a path may hold anything.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> GatewayStatus {
        let link = |name: &str, up, trouble: &str| LinkReport {
            link: name.into(),
            up,
            connections: u64::from(up),
            received_bytes: 1500,
            trouble: trouble.into(),
            ..LinkReport::default()
        };
        GatewayStatus {
            version: "0.1.0".into(),
            uptime_seconds: 61.5,
            totals: Totals {
                devices: 3,
                live: 2,
                frames_received: 12345,
                frames_lost: 1,
                ..Totals::default()
            },
            learning: Vec::new(),
            links: vec![link("tcp 127.0.0.1:1", true, ""), link("serial /dev/\x1b[2Ja", false, "gone")],
        }
    }

    #[test]
    fn a_line_tells_it_all() {
        let start = Instant::now();
        let mut speed = Speed::new(start);
        let rates = speed.update(&status(), start + Duration::from_secs(10));
        assert_eq!(
            line(&status(), rates),
            "narthex: 2 of 3 devices up, 0 series, 1234.5 frames/s, 1 lost, 0 corrupt, 0 refused; 1 of 2 links up"
        );
        let rates = speed.update(&status(), start + Duration::from_secs(20));
        assert!(rates.frames == 0.0 && rates.bytes == 0.0);
    }

    #[test]
    fn schemas_that_are_under_way_are_told() {
        let learning = |device: &str, known, total| Learning { device: device.into(), known, total };
        let status = GatewayStatus {
            totals: Totals { learning: 9, ..Totals::default() },
            learning: vec![learning("w10", 12, 185), learning("a\x1bb", 0, 0)],
            ..status()
        };
        let line = line(&status, Rates::default());
        assert!(line.ends_with(" links up; schema w10 12 of 185, a\u{fffd}b unknown, 7 more"), "{line}");
        let lines = block(([127, 0, 0, 1], 9920).into(), &status, Rates::default());
        assert!(lines.iter().any(|line| line.contains("w10 12 of 185")), "{lines:?}");
    }

    #[test]
    fn names_cannot_steer_the_terminal() {
        let lines = block(([127, 0, 0, 1], 9920).into(), &status(), Rates::default());
        assert!(lines.iter().all(|line| !line.contains("\x1b[2J") && !line.contains('\n')), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("12\u{202f}345 received")));
        assert!(lines.iter().any(|line| line.contains("(gone)")));
    }
}
