//! `SIGHUP`: the file is read again.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ANY;
use super::device::snapshots;
use super::running::{Running, folder};

struct Config(PathBuf);

impl Config {
    fn new(name: &str) -> Self {
        Self(folder(name).join("narthex.toml"))
    }

    fn write(&self, text: &str) -> &Path {
        std::fs::write(&self.0, text).unwrap();
        &self.0
    }

    fn start(&self, text: &str) -> Running {
        let path = self.write(text).to_str().unwrap().to_owned();
        Running::start(&[&["relay", "--config", &path][..], &ANY].concat())
    }
}

const A: &str = "[[link]]\nname = \"a\"\ntcp = \"127.0.0.1:0\"\n";
const B: &str = "[[link]]\nname = \"b\"\ntcp = \"127.0.0.1:0\"\n";

#[test]
fn links_come_and_go_and_the_others_are_not_touched() {
    let config = Config::new("links");
    let tcp = "[[link]]\ntcp = \"127.0.0.1:0\"\n";
    let mut running = config.start(&format!("{A}{tcp}"));
    let page = running.get("/metrics").1;
    assert!(page.contains("narthex_config_reloads_total{outcome=\"ok\"} 0\n"), "{page}");
    assert!(page.contains("narthex_config_last_reload_success_timestamp_seconds 1"), "{page}");
    let address = running.listens("tcp");
    let mut device = TcpStream::connect(&address).unwrap();
    let [first, second] = [0, 20].map(|from| snapshots("p", 40)[from..from + 20].concat());
    device.write_all(&first).unwrap();
    running.until("/api/devices", |body| body.contains("\"device\":\"p\""));
    config.write(&format!("# A line more.\n{tcp}{B}"));
    running.signal("-HUP");
    running.until("/metrics", |page| {
        page.contains("reloads_total{outcome=\"ok\"} 1\n")
            && page.contains("narthex_link_up{link=\"b\"} 1\n")
            && !page.contains("link=\"a\"")
    });
    running.says("taken up");
    // The same connection, on the same port.
    assert_eq!(running.listens("tcp"), address);
    device.write_all(&second).unwrap();
    running.until("/api/devices", |body| body.contains("\"known\":4,\"total\":4"));
    // A link that is changed is opened again.
    config.write(&format!("[[link]]\ntcp = \"{address}\"\nlabels = {{ a = \"1\" }}\n{B}"));
    running.signal("-HUP");
    running.until("/metrics", |page| page.contains("reloads_total{outcome=\"ok\"} 2\n"));
    device.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut rest = Vec::new();
    assert!(device.read_to_end(&mut rest).is_ok_and(|_| true) || rest.is_empty());
    assert_eq!(running.listens("tcp"), address);
    TcpStream::connect(&address).unwrap();
}

#[test]
fn a_wrong_file_changes_nothing() {
    let config = Config::new("wrong");
    let mut running = config.start(A);
    for (n, wrong) in [(1, format!("{B}foo = 1\n")), (2, String::new())] {
        config.write(&wrong);
        running.signal("-HUP");
        let counted = format!("reloads_total{{outcome=\"refused\"}} {n}\n");
        let page = running.until("/metrics", |page| page.contains(&counted));
        assert!(page.contains("narthex_link_up{link=\"a\"} 1\n") && !page.contains("link=\"b\""), "{page}");
    }
    let said = running.says("not taken up");
    assert!(said.contains("narthex.toml:4: key `link.foo`: no such key"), "{said}");
    std::fs::remove_file(&config.0).unwrap();
    running.signal("-HUP");
    let said = running.says("no such file or directory");
    assert!(said.contains("no link given"), "{said}");
}

#[test]
fn what_needs_a_restart_is_said_in_one_line() {
    let config = Config::new("restart");
    let mut running = config.start(A);
    config.write(&format!(
        "device_label = \"node\"\nstate = \"/nowhere\"\nmax_scrapes = 1\nprint_text = true\n{A}"
    ));
    running.signal("-HUP");
    let said = running.says("restart");
    assert!(said.contains("restart to change state, print_text, device_label, max_scrapes"), "{said}");
    // It is said again, as long as it is so.
    running.signal("-HUP");
    running.says("restart to change");
}

#[test]
fn a_link_that_cannot_be_opened_is_tried_at_the_next_time() {
    let config = Config::new("partial");
    let running = config.start(A);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    config.write(&format!("{A}[[link]]\nname = \"c\"\ntcp = \"{address}\"\n"));
    running.signal("-HUP");
    let page = running.until("/metrics", |page| page.contains("reloads_total{outcome=\"partial\"} 1\n"));
    assert!(!page.contains("link=\"c\"") && page.contains("link=\"a\""), "{page}");
    drop(taken);
    running.signal("-HUP");
    running.until("/metrics", |page| {
        page.contains("reloads_total{outcome=\"ok\"} 1\n") && page.contains("narthex_link_up{link=\"c\"} 1\n")
    });
}

#[test]
fn the_number_of_connections_follows() {
    let config = Config::new("places");
    let tcp = "[[link]]\ntcp = \"127.0.0.1:0\"\n";
    let running = config.start(&format!("max_connections = 1\n{tcp}"));
    let address = running.listens("tcp");
    let open = |n: usize| format!("narthex_link_open_connections{{link=\"tcp {address}\"}} {n}\n");
    let _first = TcpStream::connect(&address).unwrap();
    running.until("/metrics", |page| page.contains(&open(1)));
    config.write(&format!("max_connections = 2\n{tcp}"));
    running.signal("-HUP");
    running.until("/metrics", |page| page.contains("reloads_total{outcome=\"ok\"} 1\n"));
    let second = TcpStream::connect(&address).unwrap();
    running.until("/metrics", |page| page.contains(&open(2)));
    config.write(&format!("max_connections = 1\n{tcp}"));
    running.signal("-HUP");
    running.until("/metrics", |page| page.contains("reloads_total{outcome=\"ok\"} 2\n"));
    // Nobody is sent away; but who leaves leaves no place.
    assert!(running.get("/metrics").1.contains(&open(2)));
    drop(second);
    running.until("/metrics", |page| page.contains(&open(1)));
    let _third = TcpStream::connect(&address).unwrap();
    running.until("/metrics", |page| {
        page.contains(&format!("refused_total{{cause=\"full\",link=\"tcp {address}\"}} 1\n"))
    });
}
