//! Every part of the way fails in every manner, on every kind of link: firmware in QEMU, a cable that can be cut, the
//! gateway as it is shipped.
//!
//! After each fault the gateway must be right again within three snapshots of hearing the device; a restart of the
//! firmware must show as a new boot with new created times, and nothing else must; nothing counted is lost but what
//! the device itself lost.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

use narthex_tests::cable::{Cable, Kind};
use narthex_tests::folder::Folder;
use narthex_tests::gateway::Gateway;
use narthex_tests::http::free_address;
use narthex_tests::page::{Format, Page, Sample};
use narthex_tests::program::{Program, eventually};
use narthex_tests::root;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

const DEVICE: &str = "flow-meter-1";
const PULSES_PER_SECOND: f64 = 250.0;
/// How long a part is stopped.
const STOPPED: Duration = Duration::from_secs(10);
/// Three snapshots, one a second; the one that is under way when the device is first heard; and the time it takes to
/// look.
const THREE_SNAPSHOTS: Duration = Duration::from_millis(4_500);
/// Their frames, eight at most in each: where the machine is so slow that they take longer.
const THEIR_FRAMES: f64 = 4.0 * 8.0;
/// How long is waited, whatever a slow machine makes of it.
const PATIENCE: Duration = Duration::from_mins(1);

/// A device, a cable and a gateway.
struct Rig {
    cable: Cable,
    firmware: Option<Program>,
    gateway: Gateway,
    state: Folder,
}

/// What is remembered of a page, to compare with later ones.
#[derive(Debug)]
struct Look {
    pulses: f64,
    boots: u64,
    created: String,
}

fn boot(cable: &Cable, kind: Kind, arguments: &[&str]) -> Program {
    let uart = match kind {
        Kind::Tcp => format!("tcp:{}", cable.device),
        Kind::Udp => format!("udp:{}", cable.device),
        Kind::Serial => cable.device.clone(),
    };
    let script = root().join("firmware-examples/boot.sh");
    Program::start(Command::new(script).args(["flow-meter", "--uart", &uart]).args(arguments))
}

impl Rig {
    fn new(kind: Kind, arguments: &[&str]) -> Self {
        let cable = Cable::new(kind);
        let address = free_address().to_string();
        let state = Folder::new();
        let gateway = gateway(&cable, &state, &address);
        let firmware = Some(boot(&cable, kind, arguments));
        let rig = Self { cable, firmware, gateway, state };
        // A first build takes its time.
        eventually(Duration::from_mins(3), "the firmware is built and booted", || rig.look());
        rig
    }

    /// The page, if it shows the device whole.
    fn page(&self) -> Option<Page> {
        let page = self.gateway.page(Format::Text);
        let names = ["meter_pulses_total", "meter_transfer_seconds_count", "scheduler_busy_seconds_total"];
        let uart = page.sample("uart_transmitted_bytes_total", &[("device", DEVICE), ("uart", "0")]);
        let whole = names.iter().all(|name| number(&page, name).is_some()) && uart.is_some();
        (whole && number(&page, "narthex_device_up") == Some(1.0)).then_some(page)
    }

    fn look(&self) -> Option<Look> {
        let page = self.page()?;
        let created = self.gateway.created();
        let line = created.lines().find(|line| line.starts_with("meter_pulses_created{"))?;
        Some(Look {
            pulses: number(&page, "meter_pulses_total")?,
            boots: page.sample("narthex_device_boots_total", &[("device", DEVICE)])?.value.parse().ok()?,
            created: line.to_owned(),
        })
    }

    fn received(&self) -> f64 {
        let page = self.gateway.page(Format::Text);
        let links = page.samples().filter(|sample| sample.name == "narthex_link_received_bytes_total");
        links.map(Sample::number).sum()
    }

    /// Waits until the device is heard again, and then until all is right and not of before, which `news` tells; it
    /// must be in time.
    #[track_caller]
    fn is_right_again(&self, heard_before: f64, news: impl Fn(&Look) -> bool) -> Look {
        eventually(PATIENCE, "the device is heard again", || (self.received() > heard_before).then_some(()));
        let (start, frames) = (Instant::now(), self.gateway.frames());
        let first = eventually(PATIENCE, "all is right again", || {
            let page = self.page()?;
            let (pulses, uptime) =
                (number(&page, "meter_pulses_total")?, number(&page, "meter_uptime_seconds")?);
            // As the firmware counts pulses by the clock it reports; cut to tenths, and going on while it reports.
            let right = (pulses - uptime * PULSES_PER_SECOND).abs() < 0.5 * PULSES_PER_SECOND;
            (right && self.look().as_ref().is_some_and(&news)).then_some(pulses)
        });
        let (took, came) = (start.elapsed(), self.gateway.frames() - frames);
        assert!(took <= THREE_SNAPSHOTS || came <= THEIR_FRAMES, "after {took:?} and {came} frames");
        eventually(PATIENCE, "the next snapshot", || {
            let look = self.look()?;
            (look.pulses > first).then_some(look)
        })
    }

    fn end(self) {
        assert_eq!(self.gateway.program.stop(), 0);
        self.firmware.unwrap().kill();
    }
}

fn gateway(cable: &Cable, state: &Folder, address: &str) -> Gateway {
    let [option, value] = &cable.gateway;
    let state = state.path().to_str().expect("the path is text");
    Gateway::listening(address, &["relay", option, value, "--state", state])
}

fn number(page: &Page, name: &str) -> Option<f64> {
    page.sample(name, &[("device", DEVICE)]).map(Sample::number)
}

/// The boot is the one from before, and its counts have gone on.
#[track_caller]
fn same_boot(before: &Look, after: &Look) {
    assert_eq!(after.created, before.created, "a boot that was none");
    assert_eq!(after.boots, before.boots, "a boot that was none");
    assert!(after.pulses > before.pulses, "{after:?} after {before:?}");
}

/// There was one boot; that its counts began anew has been waited for.
#[track_caller]
fn new_boot(before: &Look, after: &Look) {
    assert_ne!(after.created, before.created, "the created time of a boot that is over");
    assert_eq!(after.boots, before.boots + 1, "boots");
}

fn gateway_killed(kind: Kind) {
    let mut rig = Rig::new(kind, &[]);
    let before = rig.look().unwrap();
    let address = rig.gateway.address.to_string();
    rig.gateway.program.kill();
    sleep(Duration::from_secs(2));
    rig.gateway = gateway(&rig.cable, &rig.state, &address);
    let after = rig.is_right_again(0.0, |now| now.pulses > before.pulses);
    // A gateway counts boots since it started; when this one was is computed anew, from the device's uptime.
    assert!(after.pulses > before.pulses, "{after:?} after {before:?}");
    rig.end();
}

fn gateway_stopped(kind: Kind) {
    let rig = Rig::new(kind, &[]);
    let (before, heard) = (rig.look().unwrap(), rig.received());
    rig.gateway.program.signal("STOP");
    sleep(STOPPED);
    rig.gateway.program.signal("CONT");
    same_boot(&before, &rig.is_right_again(heard, |now| now.pulses > before.pulses));
    rig.end();
}

fn firmware_restarted(kind: Kind, first: &[&str], second: &[&str]) {
    let mut rig = Rig::new(kind, first);
    // Long enough for its counts to be told from those of the next boot.
    sleep(Duration::from_secs(6));
    let before = rig.look().unwrap();
    rig.firmware.take().unwrap().kill();
    let heard = rig.received();
    rig.firmware = Some(boot(&rig.cable, kind, second));
    new_boot(&before, &rig.is_right_again(heard, |now| now.pulses < before.pulses));
    rig.end();
}

fn firmware_killed(kind: Kind) {
    firmware_restarted(kind, &[], &[]);
}

fn firmware_restarted_with_its_boot_id(kind: Kind) {
    firmware_restarted(kind, &["--boot-id", "0"], &["--boot-id", "0"]);
}

fn firmware_replaced(kind: Kind) {
    firmware_restarted(kind, &[], &["--features", "gaps"]);
}

fn firmware_stopped(kind: Kind) {
    let rig = Rig::new(kind, &[]);
    let before = rig.look().unwrap();
    rig.firmware.as_ref().unwrap().signal("STOP");
    sleep(STOPPED);
    let heard = rig.received();
    rig.firmware.as_ref().unwrap().signal("CONT");
    same_boot(&before, &rig.is_right_again(heard, |now| now.pulses > before.pulses));
    rig.end();
}

fn link_cut(kind: Kind) {
    let rig = Rig::new(kind, &[]);
    let before = rig.look().unwrap();
    rig.cable.cut();
    sleep(Duration::from_secs(3));
    let heard = rig.received();
    rig.cable.mend();
    same_boot(&before, &rig.is_right_again(heard, |now| now.pulses > before.pulses));
    rig.end();
}

fn link_stopped(kind: Kind) {
    let rig = Rig::new(kind, &[]);
    let before = rig.look().unwrap();
    rig.cable.stop();
    sleep(STOPPED);
    let heard = rig.received();
    rig.cable.mend();
    same_boot(&before, &rig.is_right_again(heard, |now| now.pulses > before.pulses));
    rig.end();
}

/// One test for each fault and kind of link.
macro_rules! matrix {
    ($($fault:ident)*) => {$(
        mod $fault {
            use super::Kind;

            #[test]
            fn on_tcp() {
                super::$fault(Kind::Tcp);
            }

            #[test]
            fn on_udp() {
                super::$fault(Kind::Udp);
            }

            #[test]
            fn on_serial() {
                super::$fault(Kind::Serial);
            }
        }
    )*};
}

matrix! {
    gateway_killed
    gateway_stopped
    firmware_killed
    firmware_stopped
    firmware_replaced
    firmware_restarted_with_its_boot_id
    link_cut
    link_stopped
}
