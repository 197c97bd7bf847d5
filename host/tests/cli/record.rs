//! Recording beyond the usual: a second run, a full disk, no files left.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use super::ANY;
use super::device::bytes;
use super::links::shows;
use super::running::{Running, end, folder};

#[test]
fn a_second_run_records_behind_the_first_and_both_are_replayed() {
    let path = folder("record-twice").join("capture.nx");
    let path = path.to_str().unwrap();
    for name in ["p", "q"] {
        let running =
            Running::start(&[&["relay", "--tcp", "127.0.0.1:0", "--record", path][..], &ANY].concat());
        let mut stream = TcpStream::connect(running.listens("tcp")).unwrap();
        stream.write_all(&bytes(name)).unwrap();
        running.until("/metrics", |page| shows(page, name));
        assert_eq!(running.stop("-TERM").0, Some(0));
    }
    // It may be recorded into while it is replayed: it goes to where it was.
    let words = ["relay", "--replay", path, "--record", path, "--stdin"];
    let running = Running::start(&[&words[..], &ANY].concat());
    let page = running.until("/metrics", |page| {
        shows(page, "p")
            && shows(page, "q")
            && page.contains(&format!("narthex_link_up{{link=\"replay {path}\"}} 0\n"))
    });
    assert!(page.contains("narthex_record_dropped_bytes_total 0\n"), "{page}");
    assert!(page.contains(&format!("connections_total{{link=\"replay {path}\"}} 2\n")), "{page}");
}

#[test]
fn what_is_no_capture_and_no_port_is_told_at_once() {
    let folder = folder("no-record");
    let file = folder.join("book");
    std::fs::write(&file, "a book").unwrap();
    let (folder, file) = (folder.to_str().unwrap(), file.to_str().unwrap());
    for (option, path, why) in [
        ("--record", folder, "is a directory"),
        ("--replay", folder, "is a directory"),
        ("--serial", file, "a file, not a serial port"),
        ("--serial", folder, "a directory, not a serial port"),
    ] {
        let (status, _, err) = end(&[&["relay", "--tcp", "127.0.0.1:0", option, path][..], &ANY].concat());
        assert_eq!((status, err), (Some(2), format!("narthex: {option} {path}: {why}\n")));
    }
}

#[test]
fn a_full_disk_does_not_stop_the_gateway() {
    let words = ["relay", "--tcp", "127.0.0.1:0", "--record", "/dev/full"];
    let running = Running::start(&[&words[..], &ANY].concat());
    let mut stream = TcpStream::connect(running.listens("tcp")).unwrap();
    stream.write_all(&bytes("p")).unwrap();
    running.until("/metrics", |page| {
        shows(page, "p")
            && page.contains("narthex_record_written_bytes_total 0\n")
            && !page.contains("narthex_record_dropped_bytes_total 0\n")
    });
    let (status, said) = running.stop("-TERM");
    assert_eq!((status, said.matches("no space left on device").count()), (Some(0), 1), "{said}");
}

/// CPU time that a process has used.
fn used(id: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().map(|at| fields[*at].parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// The program with at most 100 files, 16 of which are for scrapes.
fn with_few_files() -> Running {
    let mut command = Command::new("sh");
    command.env_remove("STATE_DIRECTORY").env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.args(["-c", "ulimit -n 100 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_narthex"), "relay"]);
    command.args(["--tcp", "127.0.0.1:0"]).args(ANY);
    command.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    Running::of(command.spawn().unwrap())
}

#[test]
fn without_files_it_waits_and_goes_on_when_there_are_some() {
    let running = with_few_files();
    let address = running.listens("tcp");
    let allow = |files: &str| {
        let id = running.child.id().to_string();
        let status = Command::new("prlimit").args(["--pid", &id, &format!("--nofile={files}:")]).status();
        assert!(status.unwrap().success());
    };
    allow("4");
    let mut device = TcpStream::connect(&address).unwrap();
    device.write_all(&bytes("p")).unwrap();
    let (start, before) = (Instant::now(), used(running.child.id()));
    std::thread::sleep(Duration::from_secs(2));
    let spun = used(running.child.id()).saturating_sub(before);
    assert!(spun < start.elapsed() / 4, "{spun:?} of CPU in {:?}", start.elapsed());
    allow("100");
    let page = running.until("/metrics", |page| shows(page, "p"));
    assert!(!page.contains(&format!("narthex_link_errors_total{{link=\"tcp {address}\"}} 0\n")), "{page}");
    let (status, said) = running.stop("-TERM");
    assert_eq!((status, said.matches("cannot accept a connection").count()), (Some(0), 1), "{said}");
}

#[test]
fn whoever_holds_pages_open_keeps_no_device_out() {
    let running = with_few_files();
    let address = running.listens("tcp");
    let crowd: Vec<_> = (0..110).map(|_| TcpStream::connect(&running.address).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(300));
    let mut device = TcpStream::connect(&address).unwrap();
    device.write_all(&bytes("p")).unwrap();
    // Still open: it hears nothing, not that it has ended.
    device.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(std::io::Read::read(&mut device, &mut [0]).is_err());
    drop(crowd);
    let page = running.until("/metrics", |page| shows(page, "p"));
    assert!(page.contains(&format!("narthex_link_errors_total{{link=\"tcp {address}\"}} 0\n")), "{page}");
}
