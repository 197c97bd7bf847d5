//! Each kind of link brings a device's frames to the page.

use std::io::Write;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio_serial::{SerialPort, SerialStream};

use super::ANY;
use super::device::{SERIES, bytes, snapshots};
use super::running::{Running, end, folder, narthex};

/// Whether all series of a device are there.
pub fn shows(page: &str, device: &str) -> bool {
    let label = format!("device=\"{device}\"");
    SERIES.iter().all(|(start, value)| {
        page.lines().any(|line| {
            line.starts_with(start) && line.contains(&label) && line.ends_with(&format!(" {value}"))
        })
    })
}

fn relay(words: &[&str]) -> Running {
    Running::start(&[&["relay"][..], words, &ANY].concat())
}

#[test]
fn tcp_devices_connect() {
    let running = relay(&["--tcp", "127.0.0.1:0"]);
    let address = running.listens("tcp");
    for name in ["p", "q"] {
        Write::write_all(&mut TcpStream::connect(&address).unwrap(), &bytes(name)).unwrap();
    }
    running.until("/metrics", |page| shows(page, "p") && shows(page, "q"));
}

#[test]
fn tcp_devices_are_dialled_again_and_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let running = relay(&["--tcp-connect", &address]);
    let all = snapshots("p", 80);
    for half in all.chunks(40) {
        let (mut stream, _) = listener.accept().unwrap();
        Write::write_all(&mut stream, &half.concat()).unwrap();
    }
    let page = running.until("/metrics", |page| {
        shows(page, "p") && page.contains(&format!("connections_total{{link=\"tcp-connect {address}\"}} 2\n"))
    });
    assert!(page.contains("narthex_device_boots_total{device=\"p\"} 1\n"), "{page}");
}

#[test]
fn udp_devices_send_datagrams() {
    let running = relay(&["--udp", "127.0.0.1:0"]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(running.listens("udp")).unwrap();
    for snapshot in snapshots("p", 40) {
        socket.send(&snapshot).unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
    running.until("/metrics", |page| shows(page, "p"));
}

#[test]
fn a_serial_port_names_a_device_that_has_no_name() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let (mut device, port) = SerialStream::pair().unwrap();
    let path = port.name().unwrap();
    drop(port);
    let running = relay(&["--serial", &format!("pump={path}@9600"), "-v"]);
    assert!(running.before.contains("at 9600 baud") || running.before.is_empty(), "{}", running.before);
    running
        .until("/metrics", |page| page.contains(&format!("narthex_link_up{{link=\"serial {path}\"}} 1\n")));
    runtime.block_on(AsyncWriteExt::write_all(&mut device, &bytes(""))).unwrap();
    running.until("/metrics", |page| shows(page, "pump"));
}

#[test]
fn standard_input_is_a_link() {
    let mut command = narthex(&[&["relay", "--stdin"][..], &ANY].concat());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&bytes("p")).unwrap();
    let running = Running::of(child);
    // Its end is the end of the link; the device is still shown.
    running
        .until("/metrics", |page| shows(page, "p") && page.contains("narthex_link_up{link=\"stdin\"} 0\n"));
}

#[test]
fn several_of_a_kind_work_at_once() {
    let words =
        ["--tcp", "127.0.0.1:0", "--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--udp", "127.0.0.1:0"];
    let running = relay(&words);
    let page = running.get("/metrics").1;
    assert_eq!(page.matches("narthex_link_up{link=\"tcp 127.0.0.1:").count(), 2, "{page}");
    assert_eq!(page.matches("narthex_link_up{link=\"udp 127.0.0.1:").count(), 2, "{page}");
}

#[test]
fn a_link_twice_is_a_mistake() {
    for (option, value, said) in [
        (
            "--tcp",
            "127.0.0.1:1",
            "--tcp 127.0.0.1:1: `tcp 127.0.0.1:1` is in use by the link `tcp 127.0.0.1:1`",
        ),
        (
            "--udp",
            "127.0.0.1:1",
            "--udp 127.0.0.1:1: `udp 127.0.0.1:1` is in use by the link `udp 127.0.0.1:1`",
        ),
        ("--serial", "a", "--serial a: `serial a` is in use by the link `serial a`"),
        (
            "--tcp-connect",
            "a:1",
            "--tcp-connect a:1: `tcp-connect a:1` is in use by the link `tcp-connect a:1`",
        ),
        ("--replay", "a", "--replay a: `replay a` is in use by the link `replay a`"),
    ] {
        let (status, _, err) = end(&["relay", option, value, option, value]);
        assert_eq!((status, err), (Some(2), format!("narthex: {said}\n")));
    }
    let (status, _, err) = end(&["relay", "--tcp", "127.0.0.1:9920"]);
    let said = "narthex: --tcp 127.0.0.1:9920: `127.0.0.1:9920` is where pages are served, by `listen`\n";
    assert_eq!((status, &*err), (Some(2), said));
}

#[test]
fn a_udp_address_in_use_is_told() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let (status, _, err) = end(&[&["relay", "--udp", &taken.to_string()][..], &ANY].concat());
    assert_eq!((status, err), (Some(2), format!("narthex: --udp {taken}: address already in use\n")));
}

#[test]
fn only_allowed_networks_and_rates_get_through() {
    let path = folder("networks").join("narthex.toml");
    let text = "[[link]]\ntcp = \"127.0.0.1:0\"\nnetworks = [\"10.0.0.0/8\", \"fd00::/8\"]\n\
                [[link]]\nudp = \"127.0.0.1:0\"\nnetworks = [\"127.0.0.0/8\"]\nbytes_per_second = 1\n";
    std::fs::write(&path, text).unwrap();
    let running = Running::start(&[&["relay", "--config", path.to_str().unwrap()][..], &ANY].concat());
    let address = running.listens("tcp");
    // It may be closed before all is written.
    let _ = Write::write_all(&mut TcpStream::connect(&address).unwrap(), &bytes("q"));
    let refused = format!("narthex_link_refused_total{{cause=\"network\",link=\"tcp {address}\"}} 1\n");
    let page = running.until("/metrics", |page| page.contains(&refused));
    assert!(!page.contains("device=\"q\""), "{page}");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(running.listens("udp")).unwrap();
    for snapshot in snapshots("p", 40) {
        socket.send(&snapshot).unwrap();
    }
    running.until("/metrics", |page| {
        page.lines().any(|line| {
            line.starts_with("narthex_link_refused_total{cause=\"rate\",link=\"udp ") && !line.ends_with(" 0")
        })
    });
}
