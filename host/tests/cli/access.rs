//! What a link lets its devices do, and what is added to their series.

use std::io::Write;
use std::net::TcpStream;

use super::ANY;
use super::device::bytes;
use super::running::{Running, folder};

/// A gateway with this file, and the devices of these names connected to its link `tcp`.
fn gateway(name: &str, text: &str, devices: &[&str]) -> (Running, Vec<TcpStream>) {
    let path = folder(name).join("narthex.toml");
    std::fs::write(&path, text).unwrap();
    let running = Running::start(&[&["relay", "--config", path.to_str().unwrap()][..], &ANY].concat());
    let address = running.listens("tcp");
    let connect = |name: &&str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(&bytes(name)).unwrap();
        stream
    };
    let streams = devices.iter().map(connect).collect();
    (running, streams)
}

fn refused(cause: &str) -> impl Fn(&str) -> bool {
    let start = format!("narthex_devices_refused_total{{cause=\"{cause}\"}} ");
    move |page: &str| page.lines().any(|line| line.strip_prefix(&*start).is_some_and(|n| n != "0"))
}

#[test]
fn only_allowed_names_are_taken() {
    let text = "[[link]]\ntcp = \"127.0.0.1:0\"\ndevices = [\"pump-*\", \"valve\"]\n";
    let (running, _open) = gateway("names", text, &["pump-1", "valve", "valve-2"]);
    let page = running.until("/metrics", |page| {
        page.contains("device=\"pump-1\"")
            && page.contains("device=\"valve\"")
            && refused("name_not_allowed")(page)
    });
    assert!(!page.contains("valve-2"), "{page}");
}

#[test]
fn labels_of_link_and_device_are_added() {
    let text = "[[link]]\ntcp = \"127.0.0.1:0\"\nlabels = { site = \"b2\", room = \"1\" }\n\
                [[device]]\nname = \"p\"\nlabels = { room = \"4\", zone = \"a \\\"b\\\"\" }\n";
    let (running, _open) = gateway("labels", text, &["p", "q"]);
    let p = "press_parts_total{device=\"p\",room=\"4\",side=\"left \\\"A\\\"\",site=\"b2\",zone=\"a \\\"b\\\"\"} 17\n";
    let q = "press_parts_total{device=\"q\",room=\"1\",side=\"left \\\"A\\\"\",site=\"b2\"} 17\n";
    running.until("/metrics", |page| page.contains(p) && page.contains(q));
}

#[test]
fn labels_and_names_follow_the_file() {
    let text = "[[link]]\ntcp = \"127.0.0.1:0\"\n[[device]]\nname = \"p\"\nlabels = { room = \"4\" }\n";
    let (mut running, _open) = gateway("follow", text, &["p"]);
    running.until("/metrics", |page| page.contains("press_parts_total{device=\"p\",room=\"4\","));
    let path = folder_of("follow");
    std::fs::write(&path, text.replace('4', "5")).unwrap();
    running.signal("-HUP");
    running.says("taken up");
    // Its connection is still the same.
    let page = running.until("/metrics", |page| page.contains("press_parts_total{device=\"p\",room=\"5\","));
    assert!(page.contains("connections_total{link=\"tcp") && page.contains("} 1\n"), "{page}");
    std::fs::write(&path, format!("max_devices = 1\n{text}")).unwrap();
    running.signal("-HUP");
    running.says("taken up");
    let mut other = TcpStream::connect(running.listens("tcp")).unwrap();
    other.write_all(&bytes("q")).unwrap();
    running.until("/metrics", refused("fleet_full"));
}

fn folder_of(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("cli-{}-{name}", std::process::id()))
        .join("narthex.toml")
}

#[test]
fn new_names_are_limited_by_source() {
    let text = "[source]\nnew_names_per_minute = 2\n[[link]]\ntcp = \"127.0.0.1:0\"\n";
    let (running, _open) = gateway("new-names", text, &["a", "b", "c", "d"]);
    // Connections are read side by side, so any two of them may be the first.
    let shown = |page: &str| page.lines().filter(|line| line.starts_with("press_parts_total{")).count();
    let page = running.until("/metrics", |page| {
        page.contains("narthex_devices_refused_total{cause=\"too_many_names\"} 2\n") && shown(page) >= 2
    });
    assert_eq!(shown(&page), 2, "{page}");
}

#[test]
fn new_schemas_are_limited_by_source() {
    let text = "[source]\nnew_schemas_per_minute = 1\n[[link]]\ntcp = \"127.0.0.1:0\"\n";
    let (running, _open) = gateway("new-schemas", text, &["a", "b", "c"]);
    running.until("/metrics", refused("too_many_schemas"));
}

#[test]
fn a_device_that_is_dialled_has_the_name_of_its_link() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let text = format!(
        "[[link]]\ntcp = \"127.0.0.1:0\"\n[[link]]\nname = \"roof\"\ntcp_connect = \"{address}\"\ndevice = \"fan\"\n"
    );
    let (running, _) = gateway("dialled", &text, &[]);
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(&bytes("")).unwrap();
    running.until("/metrics", |page| {
        page.contains("press_parts_total{device=\"fan\"")
            && page.contains("narthex_link_up{link=\"roof\"} 1\n")
    });
}

#[test]
fn the_other_keys_of_a_file_have_their_effect() {
    let folder = folder("keys");
    let (record, state) = (folder.join("capture.nx"), folder.join("state"));
    let text = format!(
        "listen = \"127.0.0.1:0\"\nrecord = {record:?}\nstate = {state:?}\nprint_text = false\n\
         [[link]]\ntcp = \"127.0.0.1:0\"\n"
    );
    let path = folder.join("narthex.toml");
    std::fs::write(&path, text).unwrap();
    let running = Running::start(&["relay", "--config", path.to_str().unwrap()]);
    let mut stream = TcpStream::connect(running.listens("tcp")).unwrap();
    stream.write_all(&bytes("p")).unwrap();
    running.until("/metrics", |page| page.contains("device=\"p\""));
    assert_eq!(running.stop("-TERM").0, Some(0));
    assert!(std::fs::metadata(&record).unwrap().len() > 1000);
    assert!(state.is_dir());
}
