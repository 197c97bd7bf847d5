//! Starting and ending: statuses, messages, the ready line.

use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::ANY;
use super::running::{Running, end, folder, narthex};

#[test]
fn a_mistake_is_one_line_and_status_2() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let in_use = |option: &str| format!("narthex: {option} {taken}: address already in use\n");
    for (words, said) in [
        (vec![], "narthex: no command given: try `narthex demo`, or `narthex --help`\n".to_owned()),
        (
            vec!["relay"],
            "narthex: no link given: say where devices are, with --serial, --tcp, --tcp-connect, --udp, --stdin or \
             --replay, or in a file with --config\n"
                .to_owned(),
        ),
        (vec!["fly"], "narthex: unrecognized subcommand 'fly'\n".to_owned()),
        (vec!["relay", "--fly"], "narthex: unexpected argument '--fly' found\n".to_owned()),
        (vec!["relay", "--stdin", "--listen", &taken], in_use("--listen")),
        (vec!["demo", "--listen", &taken], in_use("--listen")),
        (vec!["relay", "--listen", "127.0.0.1:0", "--tcp", &taken], in_use("--tcp")),
    ] {
        assert_eq!(end(&words), (Some(2), String::new(), said), "{words:?}");
    }
}

#[test]
fn help_and_version_go_to_stdout() {
    let (status, out, err) = end(&["--version"]);
    assert_eq!((status, &*out, &*err), (Some(0), concat!("narthex ", env!("CARGO_PKG_VERSION"), "\n"), ""));
    let (status, out, err) = end(&["relay", "--help"]);
    assert!(status == Some(0) && out.contains("--tcp-connect <HOST:PORT>") && err.is_empty());
}

#[test]
fn a_signal_ends_it_with_status_0() {
    for signal in ["-INT", "-TERM"] {
        let running = Running::start(&[&["relay", "--tcp", "127.0.0.1:0"][..], &ANY].concat());
        // An open connection on either side does not hold it up.
        let idle = TcpStream::connect(&running.address).unwrap();
        let start = Instant::now();
        let (status, said) = running.stop(signal);
        assert_eq!(status, Some(0), "{signal}: {said}");
        assert!(start.elapsed() < Duration::from_secs(2), "{signal}: {:?}", start.elapsed());
        drop(idle);
    }
}

#[test]
fn an_input_that_never_ends_does_not_hold_it_up() {
    let mut command = narthex(&[&["relay", "--stdin"][..], &ANY].concat());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let input = child.stdin.take();
    let running = Running::of(child);
    assert_eq!(running.stop("-TERM").0, Some(0));
    drop(input);
}

#[test]
fn only_loopback_goes_without_a_warning() {
    let words = ["relay", "--tcp", "127.0.0.1:0", "--max-connections", "100"];
    let running = Running::start(&[&words[..], &ANY].concat());
    assert_eq!(running.before, "");
    drop(running);
    // Not reachable from outside either, but not called loopback: the unspecified address would be.
    let running =
        Running::start(&["relay", "--tcp", "[::ffff:127.0.0.1]:0", "--listen", "[::ffff:127.0.0.1]:0"]);
    assert!(
        running.before.contains("whoever reaches this machine can read all metrics"),
        "{}",
        running.before
    );
    assert!(running.before.contains("whoever reaches this machine can send as any device"));
}

#[test]
fn links_are_shown_and_a_missing_port_is_said_once() {
    let missing = "narthex-no-such-port";
    let words = ["relay", "--tcp", "127.0.0.1:0", "--serial", missing, "-v"];
    let running = Running::start(&[&words[..], &ANY].concat());
    let body = running.until("/metrics", |body| {
        body.lines().any(|line| {
            line.starts_with("narthex_link_errors_total{link=\"serial narthex-no-such-port\"}")
                && !line.ends_with(" 0")
                && !line.ends_with(" 1")
        })
    });
    assert!(body.contains("narthex_link_up{link=\"serial narthex-no-such-port\"} 0\n"), "{body}");
    assert!(
        body.lines()
            .any(|line| line.starts_with("narthex_link_up{link=\"tcp 127.0.0.1:") && line.ends_with(" 1"))
    );
    assert_eq!(running.get("/healthz").1, "ok");
    assert_eq!(running.get("/api/devices").1, "[]");
    assert!(running.get("/").1.contains("<title>narthex</title>"));
    assert!(running.get("/nowhere").0.starts_with("HTTP/1.1 404"));
    let before = running.before.clone();
    let (status, said) = running.stop("-INT");
    let said = before + &said;
    assert_eq!((status, said.matches("no such file or directory").count()), (Some(0), 1), "{said}");
}

#[test]
fn the_demo_shows_devices_and_ends_in_time() {
    let start = Instant::now();
    let mut running = Running::start(&[&["demo", "--devices", "3", "--seconds", "4"][..], &ANY].concat());
    let page = running.until("/metrics", |body| {
        ["pump-01", "pump-02", "pump-03"]
            .iter()
            .all(|device| body.contains(&format!("pump_loop_seconds_count{{device=\"{device}\"}}")))
    });
    for line in [
        "# TYPE pump_starts_total counter",
        "# TYPE pump_loop_seconds histogram",
        "narthex_link_received_bytes_total{",
    ] {
        assert!(page.contains(line), "{line} is missing: {page}");
    }
    assert!(page.contains("pump_faults_total{device=\"pump-01\",fault=\"dry_run\"}"), "{page}");
    let devices = running.until("/api/devices", |body| body.matches("\"device\":\"pump-0").count() == 3);
    assert!(devices.contains("\"lost\":0,\"repeated\":0,\"reordered\":0,\"corrupt\":0"), "{devices}");
    let (status, said) = running.wait();
    assert_eq!(status, Some(0), "{said}");
    assert!(start.elapsed() < Duration::from_secs(60));
    assert!(said.contains("scrape_configs"), "{said}");
}

#[test]
fn quiet_leaves_the_ready_line_alone() {
    let mut running = Running::start(&[&["demo", "-q", "--seconds", "1"][..], &ANY].concat());
    assert_eq!(running.wait(), (Some(0), String::new()));
    assert_eq!(running.before, "");
}

#[test]
fn a_pipe_that_nobody_writes_to_does_not_hold_up_the_end() {
    let pipe = folder("pipe").join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for option in ["--config", "--replay"] {
        let mut child =
            narthex(&[&["relay", option, pipe.to_str().unwrap()][..], &ANY].concat()).spawn().unwrap();
        // Until it has taken the signals it ends by them, which is as well.
        std::thread::sleep(Duration::from_millis(500));
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let start = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if start.elapsed() > Duration::from_secs(60) {
                child.kill().unwrap();
                panic!("{option}: still there");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn standard_error_that_nobody_reads_does_not_hold_it_up() {
    let words = ["relay", "--tcp", "127.0.0.1:0", "-vv"];
    let running = Running::start(&[&words[..], &ANY].concat());
    let address = running.listens("tcp");
    // A line or more for each connection: more than a pipe holds.
    for _ in 0..2000 {
        drop(TcpStream::connect(&address).unwrap());
    }
    let page = running
        .until("/metrics", |page| page.contains("narthex_link_connections_total{link=\"tcp 127.0.0.1:"));
    assert!(page.contains("narthex_link_up"));
    let start = Instant::now();
    running.signal("-TERM");
    let mut running = running;
    while running.child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(60), "still there");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_largest_numbers_are_taken() {
    let most = u64::MAX.to_string();
    let words = ["relay", "--tcp", "127.0.0.1:0", "--max-scrapes", &most, "--max-connections", &most];
    assert_eq!(Running::start(&[&words[..], &ANY].concat()).stop("-TERM").0, Some(0));
}
