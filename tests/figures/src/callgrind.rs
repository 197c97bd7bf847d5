//! Executed instructions, counted by valgrind's callgrind: the program runs itself under it.

use std::process::Command;

/// Something to count: it is made ready, run once, and says how many things it did.
pub(crate) type Workload = fn() -> (Box<dyn FnMut()>, usize);

/// Instructions for each of the things that the workload of this name does.
///
/// # Panics
/// If valgrind is missing, or fails.
pub(crate) fn instructions(name: &str) -> f64 {
    let program = std::env::current_exe().expect("the program knows its path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*callgrind::counted*"])
        .arg(program)
        .args(["count", name])
        .output()
        .expect("valgrind is installed (Debian: valgrind)");
    let (said, counted) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{counted}");
    let all: f64 = counted
        .lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
        .expect("callgrind says what it collected");
    let things: f64 = said.trim().parse().expect("the workload says how many things it does");
    all / things
}

/// What [`instructions`] runs: prints how many things the workload does.
pub(crate) fn count(workload: Workload) {
    let (mut work, things) = workload();
    counted(&mut *work);
    println!("{things}");
}

/// All that is counted runs in here.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
}
