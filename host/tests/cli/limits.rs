//! Each limit holds, whether an option or a key says it.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use super::ANY;
use super::device::bytes;
use super::links::shows;
use super::running::{Running, folder, narthex};

/// Runs the check with the option, and with the key that is called as the option.
fn both(option: &str, value: &str, check: impl Fn(Running)) {
    let tcp = ["--tcp", "127.0.0.1:0"];
    check(Running::start(&[&["relay", option, value][..], &tcp, &ANY].concat()));
    let key = option.trim_start_matches('-').replace('-', "_");
    let value = if value.parse::<u64>().is_ok() { value.to_owned() } else { format!("\"{value}\"") };
    let path = folder(&format!("limit-{key}")).join("narthex.toml");
    std::fs::write(&path, format!("{key} = {value}\n")).unwrap();
    check(Running::start(&[&["relay", "--config", path.to_str().unwrap()][..], &tcp, &ANY].concat()));
}

fn send(running: &Running, name: &str) -> TcpStream {
    let mut stream = TcpStream::connect(running.listens("tcp")).unwrap();
    stream.write_all(&bytes(name)).unwrap();
    stream
}

#[test]
fn the_device_label() {
    both("--device-label", "node", |running| {
        send(&running, "p");
        running.until("/metrics", |page| {
            page.contains("press_parts_total{node=\"p\",side=\"left \\\"A\\\"\"} 17\n")
        });
    });
}

#[test]
fn the_time_to_live() {
    both("--ttl", "1s", |running| {
        let _open = send(&running, "p");
        running.until("/metrics", |page| shows(page, "p"));
        running.until("/metrics", |page| !page.contains("device=\"p\""));
    });
}

#[test]
fn devices() {
    both("--max-devices", "1", |running| {
        let _first = send(&running, "p");
        running.until("/metrics", |page| shows(page, "p"));
        let _second = send(&running, "q");
        let page = running.until("/metrics", |page| {
            page.contains("narthex_devices_refused_total{cause=\"fleet_full\"} 1\n")
        });
        assert!(!page.contains("device=\"q\""), "{page}");
    });
}

#[test]
fn series_of_a_device() {
    // There are four families, and the histogram alone has five series.
    both("--max-series-per-device", "4", |running| {
        let _open = send(&running, "p");
        let body = running.until("/api/devices", |body| body.contains("\"family\":"));
        assert!(body.contains("series"), "{body}");
        let page = running.until("/metrics", |page| page.contains("press_parts_total{"));
        assert!(!page.contains("press_part_seconds"), "{body}");
    });
}

#[test]
fn bytes_of_a_schema() {
    both("--max-schema-bytes", "50", |running| {
        let _open = send(&running, "p");
        let body = running.until("/api/devices", |body| body.contains("\"family\":"));
        assert!(body.contains("schema"), "{body}");
        assert!(!shows(&running.get("/metrics").1, "p"));
    });
}

#[test]
fn connections() {
    both("--max-connections", "1", |running| {
        let _first = send(&running, "p");
        running.until("/metrics", |page| shows(page, "p"));
        let _second = send(&running, "q");
        let page = running
            .until("/metrics", |page| page.contains("narthex_link_refused_total{cause=\"full\",link=\"tcp "));
        assert!(!page.contains("device=\"q\""), "{page}");
    });
}

#[test]
fn scrapes() {
    both("--max-scrapes", "1", |running| {
        // A client asks for more pages than fit on the way, and reads none.
        let _open: Vec<_> = (0..10).map(|n| send(&running, &format!("device-{n}"))).collect();
        running.until("/metrics", |page| page.matches("narthex_device_up{").count() == 10);
        let mut slow = TcpStream::connect(&running.address).unwrap();
        slow.write_all("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000).as_bytes()).unwrap();
        let busy = || running.get("/metrics").0.starts_with("HTTP/1.1 503");
        let wait = || {
            std::thread::sleep(Duration::from_millis(20));
            false
        };
        assert!((0..100).any(|_| busy() || wait()));
        drop(slow);
        assert!((0..100).any(|_| !busy() || wait()));
    });
}

#[test]
fn open_files() {
    let limited = |files: u32, words: &[&str]| {
        let program = narthex(&[]);
        let mut command = std::process::Command::new("sh");
        let line = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
        command.args(["-c", &line]).arg(program.get_program()).args(words);
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::piped());
        command
    };
    let running = Running::of(
        limited(200, &["relay", "--tcp", "127.0.0.1:0", "--listen", "127.0.0.1:0"]).spawn().unwrap(),
    );
    let said = "120 connections fit into the 200 files that may be open: raise the hard limit (`ulimit -Hn`";
    assert!(running.before.contains(said), "{}", running.before);
    assert_eq!(running.stop("-TERM").0, Some(0));
    let output = limited(200, &["demo", "--devices", "61", "--listen", "127.0.0.1:0"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    let wanted = "narthex: --devices 61: 60 fit into the 200 files that may be open: raise the hard limit";
    assert!(said.starts_with(wanted), "{said}");
}
