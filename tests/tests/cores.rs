//! Every kind of core that QEMU has: the firmware `self-test` boots and passes on each of them, what it writes there is
//! what the same source writes here, and interrupts at each instruction of each update and short read harm nothing.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "../../firmware-examples/self-test/src/check/mod.rs"]
mod check;

use narthex_tests::root;
use std::fmt::Write as _;
use std::process::Command;

use check::{Failure, GROUPS, Made};

/// The lines of the groups, as the firmware prints them: each is `ok`, and some have made bytes.
fn here() -> String {
    let mut lines = String::new();
    for group in GROUPS {
        match group.run() {
            Ok(Made { bytes: 0, .. }) => writeln!(lines, "{}\tok", group.name).unwrap(),
            Ok(Made { bytes, check }) => {
                writeln!(lines, "{}\tok\t{bytes} B\t{check:08x}", group.name).unwrap();
            }
            Err(Failure { what, file, line }) => panic!("{}: {what}, {file}:{line}", group.name),
        }
    }
    lines
}

/// What a machine says, which must end with status 0.
#[track_caller]
fn boot(machine: &str) -> String {
    let output = Command::new("timeout")
        .arg("600")
        .arg(root().join("firmware-examples/boot.sh"))
        .args(["self-test", "--machine", machine, "--uart", "/dev/null"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{machine}: {}\n{said}{stderr}", output.status);
    said
}

#[test]
fn every_core_passes_and_writes_the_same_bytes() {
    let here = here();
    // What a core without compare-and-swap has besides is how it does without.
    let machines =
        ["microbit", "lm3s6965evb", "mps2-an386", "mps2-an500", "mps2-an505", "rv32imac", "rv32imc"];
    for machine in machines {
        let said = boot(machine);
        let Some(rest) = said.strip_prefix(&here) else { panic!("{machine}:\n{said}\nhere:\n{here}") };
        let Some((storm, last)) = rest.split_once('\n') else { panic!("{machine}:\n{rest}") };
        let numbers: Vec<u32> = storm.split(['\t', ' ']).filter_map(|word| word.parse().ok()).collect();
        let [operations, interrupts, bad, caught] = numbers[..] else { panic!("{machine}: {storm}") };
        assert!(operations > 50 && interrupts > 30_000 && bad == 0 && caught > 0, "{machine}: {storm}");
        assert_eq!(last, format!("self-test\tok\t{} groups\n", GROUPS.len() + 1), "{machine}");
        println!("{machine}\t{storm}");
    }
}
