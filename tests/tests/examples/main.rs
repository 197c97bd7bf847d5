//! Every example that boots in QEMU says what stands beside it in `expected.txt`, and is no larger than `size.tsv` says.
//!
//! Those without a network run in virtual time: what an example says is the same in each run, however slow the machine.
//! What depends on how many instructions the compiler makes of the code stands as `…` there, as does what depends on when
//! it is asked for. With `NARTHEX_ACCEPT=1`, what they say and how large they are is written down instead of compared.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod expected;
mod log;
mod network;

use narthex_tests::firmware::{self, Size};
use narthex_tests::gateway::{self, Gateway};
use narthex_tests::http::free_address;
use narthex_tests::page::Format;
use narthex_tests::program::{Program, eventually};
use narthex_tests::root;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The page that the gateway makes of what an example sent.
fn decoded(example: &str, sent: &[u8]) -> String {
    let capture = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{example}.capture"));
    fs::write(&capture, sent).expect("the capture can be written");
    let output = Command::new(gateway::binary()).arg("decode").arg(&capture).output().expect("it can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{example}: {said}");
    String::from_utf8(output.stdout).expect("a page is UTF-8")
}

/// How much larger an example may be than is written down: what another version of the compiler makes of it.
const PERCENT: u64 = 2;

/// Compares the size of a program with `size.tsv`.
#[track_caller]
fn is_no_larger_than_written(example: &str, elf: &Path) {
    let Size { flash, ram } = Size::of(elf);
    let now = [("flash", flash), ("ram", ram)];
    let path = expected::beside(example, "size.tsv");
    if expected::accepts() {
        let text = now.map(|(what, bytes)| format!("{what}\t{bytes}\n"));
        return fs::write(path, text.concat()).expect("the size can be written");
    }
    let text = fs::read_to_string(&path).expect("a size is written down");
    let written: Vec<_> = text.lines().filter_map(|line| line.split_once('\t')).collect();
    assert_eq!(written.len(), now.len(), "{}:\n{text}", path.display());
    for ((what, bytes), (name, before)) in now.into_iter().zip(written) {
        let before: u64 = before.parse().expect("a number of bytes");
        assert_eq!(what, name);
        assert!(
            bytes * 100 <= before * (100 + PERCENT),
            "{example}: {bytes} B of {what}, and {} says {before}; if it must be so: NARTHEX_ACCEPT=1",
            path.display()
        );
    }
}

#[test]
fn flow_meter() {
    is_no_larger_than_written("flow-meter", &firmware::build(&["--package", "flow-meter"]));
    expected::is("flow-meter", &decoded("flow-meter", &firmware::boot("flow-meter", 6)));
}

#[test]
fn rtic() {
    is_no_larger_than_written("rtic", &firmware::build(&["--package", "rtic-example"]));
    let said = String::from_utf8(firmware::boot("rtic", 2)).expect("a page is UTF-8");
    expected::is("rtic", &said);
}

#[test]
fn embassy() {
    is_no_larger_than_written("embassy", &firmware::build(&["--package", "embassy-example"]));
    expected::is("embassy", &decoded("embassy", &firmware::boot("embassy", 2)));
}

/// A gateway that comes late asks what it has missed, and the station's task takes that in between two snapshots.
#[test]
fn embassy_hears_a_gateway_that_comes_late() {
    // Its time does not count below.
    firmware::build(&["--package", "embassy-example"]);
    let devices = free_address().to_string();
    let shows = |gateway: &Gateway, name: &str| {
        eventually(Duration::from_mins(5), name, || {
            let page = gateway.page(Format::Text);
            page.sample(name, &[("device", "station-1")]).filter(|sample| sample.number() > 0.0).map(|_| ())
        });
    };
    let first = Gateway::start(&["relay", "--tcp", &devices]);
    let script = root().join("firmware-examples/boot.sh");
    let uart = format!("tcp:{devices}");
    let _station = Program::start(Command::new(script).args(["embassy", "--uart", &uart]));
    shows(&first, "station_measurements_total");
    first.program.kill();
    // It keeps nothing of the first one, and the board's cable is dialled again.
    let second = Gateway::start(&["relay", "--tcp", &devices]);
    shows(&second, "load_asked_bytes_total");
    shows(&second, "load_snapshots_total");
}

#[test]
fn defmt() {
    let elf = firmware::build(&["--package", "defmt-example"]);
    is_no_larger_than_written("defmt", &elf);
    expected::is("defmt", &log::read(&elf, &firmware::boot("defmt", 3)));
}
