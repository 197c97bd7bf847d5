//! `--record`, `--replay`, and what comes between frames.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use super::ANY;
use super::device::{bytes, snapshots};
use super::links::shows;
use super::running::{Running, end, folder, narthex};

#[test]
fn what_is_recorded_is_decoded_and_replayed() {
    let file = folder("record").join("capture.nx");
    let file = file.to_str().unwrap();
    let running = Running::start(&[&["relay", "--tcp", "127.0.0.1:0", "--record", file][..], &ANY].concat());
    let address = running.listens("tcp");
    for name in ["p", "q"] {
        TcpStream::connect(&address).unwrap().write_all(&bytes(name)).unwrap();
    }
    running.until("/metrics", |page| shows(page, "p") && shows(page, "q"));
    assert_eq!(running.stop("-TERM").0, Some(0));

    let (status, page, said) = end(&["decode", file]);
    assert_eq!(status, Some(0), "{said}");
    assert!(shows(&page, "p") && shows(&page, "q"), "{page}");

    let running = Running::start(&[&["relay", "--replay", file][..], &ANY].concat());
    // Links are looked at before devices: of the page that first shows both, the count may be older.
    let both = format!("narthex_link_connections_total{{link=\"replay {file}\"}} 2\n");
    running.until("/metrics", |page| shows(page, "p") && shows(page, "q") && page.contains(&both));
}

#[test]
fn plain_bytes_are_replayed() {
    let file = folder("plain").join("usb0.bin");
    std::fs::write(&file, bytes("p")).unwrap();
    let running = Running::start(&[&["relay", "--replay", file.to_str().unwrap()][..], &ANY].concat());
    running.until("/metrics", |page| shows(page, "p"));
}

#[test]
fn files_that_cannot_be_had_are_told() {
    let folder = folder("no-capture");
    let missing = folder.join("missing").join("capture.nx");
    let missing = missing.to_str().unwrap();
    let text = folder.join("text");
    std::fs::write(&text, "not a capture, but longer than the beginning of one would be; ".repeat(9))
        .unwrap();
    let text = text.to_str().unwrap();
    for (words, said) in [
        (&["relay", "--replay", missing][..], format!("--replay {missing}: no such file or directory")),
        (
            &["relay", "--stdin", "--record", missing],
            format!("--record {missing}: no such file or directory"),
        ),
        (
            &["relay", "--stdin", "--record", text],
            format!("--record {text}: the file holds something that is no capture, and is left as it is"),
        ),
    ] {
        let (status, _, err) = end(&[words, &ANY].concat());
        assert_eq!((status, err), (Some(2), format!("narthex: {said}\n")));
    }
}

/// Snapshots with log lines between them.
fn talking(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (n, snapshot) in snapshots(name, 40).iter().enumerate() {
        bytes.push(0);
        bytes.extend_from_slice(snapshot);
        bytes.extend_from_slice(format!("line {n} of \x1b[1m{name}\x1b[0m\x07\r\n").as_bytes());
    }
    bytes.push(0);
    bytes
}

#[test]
fn text_between_frames_is_printed_without_what_steers_terminals() {
    let mut command = narthex(&[&["relay", "--stdin", "--print-text"][..], &ANY].concat());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    child.stdin.take().unwrap().write_all(&talking("p")).unwrap();
    let running = Running::of(child);
    running.until("/metrics", |page| shows(page, "p"));
    assert_eq!(running.stop("-TERM").0, Some(0));
    let mut printed = String::new();
    stdout.read_to_string(&mut printed).unwrap();
    let wanted: Vec<_> = (0..40).map(|n| format!("line {n} of p\u{fffd}")).collect();
    assert_eq!(printed.lines().collect::<Vec<_>>(), wanted);
}

#[test]
fn lines_of_several_devices_begin_with_their_names() {
    let mut child =
        narthex(&[&["relay", "--tcp", "127.0.0.1:0", "--print-text"][..], &ANY].concat()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let running = Running::of(child);
    let address = running.listens("tcp");
    let mut printed = String::new();
    for name in ["p", "q"] {
        TcpStream::connect(&address).unwrap().write_all(&talking(name)).unwrap();
        running.until("/metrics", |page| shows(page, name));
        // What is shown may not be printed yet, and lines of the first would get its name once there is a second.
        (0..40).for_each(|_| assert!(stdout.read_line(&mut printed).unwrap() > 0));
    }
    assert_eq!(running.stop("-TERM").0, Some(0));
    stdout.read_to_string(&mut printed).unwrap();
    assert!(
        printed.contains("\nline 39 of p\u{fffd}\n") && printed.contains("\nq: line 39 of q\u{fffd}\n"),
        "{printed}"
    );
    assert_eq!(printed.lines().count(), 80, "{printed}");
}

#[test]
fn decode_prints_text_to_standard_error() {
    let file = folder("talking").join("usb0.bin");
    std::fs::write(&file, talking("p")).unwrap();
    let (status, page, said) = end(&["decode", "--print-text", file.to_str().unwrap()]);
    assert_eq!(status, Some(0), "{said}");
    assert!(shows(&page, "p") && !page.contains("line 1"), "{page}");
    assert!(said.contains("line 39 of p\u{fffd}\n") && !said.contains('\x1b'), "{said}");
}
