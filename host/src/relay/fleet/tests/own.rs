//! What the gateway says itself.

use std::io::Write;
use std::process::{Command, Stdio};

use super::*;
use firmware::Metric;

#[test]
fn every_family_is_in_order_and_legal() {
    let rig = Rig::new();
    let names: Vec<_> = rig.fleet.own.families().map(|family| family.name.clone()).collect();
    assert!(names.is_sorted(), "{names:?}");
    for family in rig.fleet.own.families() {
        family.check().unwrap_or_else(|defect| panic!("{}: {defect}", family.name));
    }
}

#[test]
fn any_device_label_keeps_labels_in_order() {
    for label in ["device", "a", "zone"] {
        let rig = Rig::with(Limits { device_label: label.into(), ..Limits::default() });
        let mut line = rig.connect("10.0.0.1:1");
        rig.hear(&mut line, &mut Firmware::new("pump", 1, vec![Metric::gauge("a", 1)]), 1);
        assert_eq!(rig.lines(), [format!("a{{{label}=\"pump\"}} 1")]);
        for line in rig.text(Format::Text).lines().filter(|line| line.contains('{')) {
            let labels = line.split_once('{').unwrap().1.split_once('}').unwrap().0;
            let names: Vec<_> = labels.split(',').map(|pair| pair.split_once('=').unwrap().0).collect();
            assert!(names.is_sorted(), "{line}");
        }
    }
}

#[test]
fn a_device_label_that_cannot_be_is_refused() {
    for bad in ["link", "outcome", "le", "a-b", "__a", ""] {
        assert!(Limits::check_label(bad).is_err(), "{bad}");
        assert_eq!(
            &*Fleet::new(Limits { device_label: bad.into(), ..Limits::default() }).device_label,
            "device"
        );
    }
    assert_eq!(Limits::check_label("node"), Ok(()));
}

/// Prometheus' own linter, where it is installed.
#[test]
fn promtool_has_nothing_to_say() {
    let rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:1");
    rig.hear(&mut line, &mut Firmware::new("pump", 1, vec![Metric::gauge("a", 1)]), 1);
    let mut promtool = Command::new("promtool");
    let promtool = promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut promtool) = promtool.stderr(Stdio::piped()).spawn() else { return };
    promtool.stdin.take().unwrap().write_all(rig.text(Format::Text).as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
}
