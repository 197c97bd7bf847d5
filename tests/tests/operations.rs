//! What operators take over from `host/examples/ops`: checked by the programs that will read it, and against what the
//! gateway really exposes.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

use narthex_tests::device::Device;
use narthex_tests::folder::Folder;
use narthex_tests::gateway::{Gateway, binary};
use narthex_tests::http::free_address;
use narthex_tests::page::Format;
use narthex_tests::program::{eventually, run};
use narthex_tests::prometheus::Prometheus;
use narthex_tests::root;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

fn file(name: &str) -> PathBuf {
    root().join("host/examples/ops").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(file(name)).unwrap()
}

/// Runs a program on one of the files; it must have nothing against it.
#[track_caller]
fn approves(program: impl Into<PathBuf>, arguments: &[&str], name: &str) -> String {
    let (good, said) = run(Command::new(program.into()).args(arguments).arg(file(name)), "");
    assert!(good, "{name}: {said}");
    said
}

#[test]
fn promtool_approves_of_configuration_and_rules() {
    approves("promtool", &["check", "config"], "prometheus.yml");
    approves("promtool", &["check", "rules", "--lint=all", "--lint-fatal"], "narthex.rules.yml");
    // Every alert is seen to fire on what it is made for, and to be quiet otherwise.
    approves("promtool", &["test", "rules"], "narthex.rules.test.yml");
    let rules = text("narthex.rules.yml");
    let tests = text("narthex.rules.test.yml");
    for alert in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        let tested = format!("alertname: {alert}\n        exp_alerts");
        assert!(tests.contains(&tested), "no test sees {alert} fire");
    }
}

#[test]
fn narthex_approves_of_its_configuration() {
    approves(binary(), &["config", "check"], "narthex.toml");
}

#[test]
fn systemd_approves_of_the_unit() {
    let folder = Folder::new();
    let unit = folder.join("narthex.service");
    // The program is not installed here: another path, all else as it is.
    let installed = text("narthex.service");
    assert!(installed.contains("ExecStart=/usr/bin/narthex relay --config /etc/narthex/narthex.toml\n"));
    fs::write(&unit, installed.replace("/usr/bin/narthex", binary().to_str().unwrap())).unwrap();
    let (good, said) = run(Command::new("systemd-analyze").arg("verify").arg(&unit), "");
    assert!(good && said.is_empty(), "{said}");
}

/// The metrics that an expression names.
fn metrics(expressions: &str) -> BTreeSet<&str> {
    let words = expressions.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("narthex_")).collect()
}

#[test]
fn alerts_ask_for_what_there_is_and_fire() {
    let devices = free_address();
    // With everything that has metrics of its own.
    let folder = Folder::new();
    let (config, capture) = (folder.join("narthex.toml"), folder.join("capture.nx"));
    fs::write(&config, format!("[[link]]\ntcp = \"{devices}\"\n")).unwrap();
    let [config, capture] = [&config, &capture].map(|path| path.to_str().unwrap());
    let gateway = Gateway::start(&["relay", "--config", config, "--record", capture]);
    let device = Device::connect("press-1", devices);
    let page = eventually(Duration::from_mins(1), "the device is there", || {
        let page = gateway.page(Format::Text);
        page.sample("press_parts_total", &[("device", "press-1"), ("press", "main")])
            .is_some()
            .then_some(page)
    });
    let rules = text("narthex.rules.yml");
    let asked = metrics(&rules);
    assert!(asked.len() > 5, "{asked:?}");
    for name in asked {
        assert!(page.samples().any(|sample| sample.name == name), "the gateway has no {name}");
    }

    // The configuration as it is, but for the address, the pace and the place of the rules.
    let config = text("prometheus.yml")
        .replace("127.0.0.1:9920", &gateway.address.to_string())
        .replace("15s", "1s")
        .replace("narthex.rules.yml", file("narthex.rules.yml").to_str().unwrap());
    let prometheus = Prometheus::configured(&config);
    let alerts = || {
        let alerts = prometheus.query("ALERTS");
        alerts.iter().map(|alert| alert.label("alertname").to_owned()).collect::<Vec<_>>()
    };
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(alerts(), [""; 0], "alerts where all is well");
    drop(device);
    eventually(Duration::from_mins(1), "a silent device raises an alert", || {
        (alerts() == ["DeviceSilent"]).then_some(())
    });
    assert_eq!(gateway.program.stop(), 0);
}
