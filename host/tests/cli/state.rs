//! What outlives the program.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;

use super::ANY;
use super::device::{bytes, snapshots};
use super::running::{Running, folder, narthex};

const TCP: [&str; 3] = ["relay", "--tcp", "127.0.0.1:0"];

/// The files below a folder.
fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

fn send(running: &Running, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(running.listens("tcp")).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

#[test]
fn schemas_are_known_after_a_restart() {
    let folder = folder("state").join("new");
    let words = [&TCP[..], &ANY, &["--state", folder.to_str().unwrap()]].concat();
    let running = Running::start(&words);
    let _open = send(&running, &bytes("p"));
    running.until("/api/devices", |body| body.contains("\"known\":4,\"total\":4"));
    assert_eq!(running.stop("-TERM").0, Some(0));
    assert_eq!(files(&folder), 1);
    let running = Running::start(&words);
    // Two snapshots in the middle of its life bring a name, and no more than a part of the schema.
    let _open = send(&running, &snapshots("p", 60)[50..].concat());
    running.until("/api/devices", |body| body.contains("\"known\":4,\"total\":4"));
    running.until("/metrics", |page| page.contains("press_parts_total{device=\"p\""));
}

#[test]
fn the_usual_places_are_systemd_then_xdg_then_home() {
    let folder = folder("places");
    let places = ["systemd", "xdg", "home"].map(|name| folder.join(name));
    for place in &places {
        std::fs::create_dir(place).unwrap();
    }
    let [systemd, xdg, home] = &places;
    for (count, below) in
        [(3, systemd.clone()), (2, xdg.join("narthex")), (1, home.join(".local/state/narthex"))]
    {
        let mut command = narthex(&[&TCP[..], &ANY].concat());
        command.env_remove("XDG_STATE_HOME").env("HOME", home);
        if count > 1 {
            command.env("XDG_STATE_HOME", xdg);
        }
        if count > 2 {
            command.env("STATE_DIRECTORY", systemd);
        }
        let running = Running::of(command.spawn().unwrap());
        let _open = send(&running, &bytes("p"));
        running.until("/api/devices", |body| body.contains("\"known\":4,\"total\":4"));
        assert_eq!(running.before, "");
        assert_eq!(running.stop("-TERM").0, Some(0));
        assert_eq!(files(&below), 1, "{}", below.display());
        assert_eq!(files(&folder), 4 - count);
    }
}

#[test]
fn a_directory_that_cannot_be_had_is_one_warning() {
    let file = folder("no-state").join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("narthex");
    let running = Running::start(&[&TCP[..], &ANY, &["--state", below.to_str().unwrap()]].concat());
    let warning = format!("--state {}: not a directory; schemas are not kept\n", below.display());
    assert!(running.before.lines().count() == 1 && running.before.ends_with(&warning), "{}", running.before);
    let _open = send(&running, &bytes("p"));
    running.until("/metrics", |page| page.contains("press_parts_total{device=\"p\""));
}

#[test]
fn the_demo_writes_nothing() {
    let folder = folder("demo");
    let mut command = narthex(&["demo", "--seconds", "2", "--listen", "127.0.0.1:0"]);
    command.env("XDG_STATE_HOME", &folder).env("HOME", &folder).current_dir(&folder);
    let mut running = Running::of(command.spawn().unwrap());
    assert_eq!(running.wait().0, Some(0));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}
