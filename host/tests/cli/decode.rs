//! `narthex decode`.

use std::io::Write;
use std::process::{Output, Stdio};

use super::device::{SERIES, bytes, snapshots};
use super::running::{end, folder, narthex};
use narthex_host::relay::link::capture::Writer;

/// Decodes what comes on standard input.
fn decode(input: &[u8], words: &[&str]) -> (Option<i32>, String, String) {
    let mut child = narthex(&[&["decode"][..], words].concat()).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_page_comes_out_and_what_was_counted() {
    let (status, page, said) = decode(&bytes("press-1"), &[]);
    assert_eq!(status, Some(0), "{said}");
    for (start, value) in SERIES {
        assert!(
            page.lines().any(|line| line.starts_with(start) && line.ends_with(&format!(" {value}"))),
            "{start} {value} is missing: {page}"
        );
    }
    assert!(page.contains("press_parts_total{device=\"press-1\",side=\"left \\\"A\\\"\"} 17\n"), "{page}");
    assert!(page.contains("# TYPE press_parts_total counter\n") && !page.contains("narthex_"), "{page}");
    assert!(!page.contains("press_missing"), "{page}");
    assert!(
        said.starts_with("press-1: ") && said.ends_with(" frames\n") && said.lines().count() == 1,
        "{said}"
    );
    let (status, page, _) = decode(&bytes("press-1"), &["--format", "openmetrics"]);
    assert_eq!(status, Some(0));
    assert!(page.contains("# TYPE press_parts counter\n") && page.ends_with("# EOF\n"), "{page}");
    assert_eq!(decode(&bytes("press-1"), &["-q"]).2, "");
}

#[test]
fn json_is_an_object_a_line() {
    let (status, lines, _) = decode(&bytes("press-1"), &["--format", "json"]);
    assert_eq!(status, Some(0));
    assert_eq!(
        lines,
        r#"{"device":"press-1","name":"press_oil_celsius","type":"gauge","labels":{"side":"left \"A\""},"value":-12.5}
{"device":"press-1","name":"press_part_seconds","type":"histogram","labels":{"side":"left \"A\""},"value":{"count":3,"sum":0.25,"buckets":[{"le":0.05,"count":1},{"le":0.1,"count":2},{"le":"+Inf","count":3}]}}
{"device":"press-1","name":"press_parts_total","type":"counter","labels":{"side":"left \"A\""},"value":17}
"#
    );
}

#[test]
fn what_is_lost_is_status_1() {
    let snapshots = snapshots("p", 60);
    let gap: Vec<u8> = [&snapshots[..45], &snapshots[46..]].concat().concat();
    let (status, page, said) = decode(&gap, &[]);
    assert!(status == Some(1) && page.contains("press_parts_total{device=\"p\""), "{said}");
    assert!(said.starts_with("p: ") && said.contains(" lost"), "{said}");
    let mut damaged = snapshots.concat();
    let middle = damaged.len() * 9 / 10;
    damaged[middle] ^= 0x10;
    let (status, _, said) = decode(&damaged, &["-q"]);
    assert!(status == Some(1) && (said.contains("corrupt") || said.contains("lost")), "{said}");
    let (status, page, said) = decode(&b"no frames here\r\n".repeat(1000), &[]);
    assert_eq!((status, &*page), (Some(1), ""), "{said}");
    assert!(said.contains("no device found") && said.contains("outside frames"), "{said}");
}

#[test]
fn text_between_frames_is_no_data() {
    let mut input = Vec::new();
    for snapshot in snapshots("p", 40) {
        input.extend_from_slice(b"\0");
        input.extend_from_slice(&snapshot);
        input.extend_from_slice(b"I am fine \x1b[31mand red\x1b[0m\r\n");
    }
    let (status, page, said) = decode(&input, &[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(page.contains("press_parts_total{device=\"p\"") && !page.contains("fine"), "{page}");
    assert!(said.contains(" bytes outside frames\n") && !said.contains("fine"), "{said}");
}

#[test]
fn a_device_without_a_name_is_called_as_the_file() {
    let path = folder("nameless").join("usb0.bin");
    std::fs::write(&path, bytes("")).unwrap();
    let path = path.to_str().unwrap();
    let (status, page, said) = end(&["decode", path]);
    assert_eq!(status, Some(0), "{said}");
    assert!(page.contains(&format!("press_parts_total{{device=\"{path}\"")), "{page}");
}

#[test]
fn a_file_that_cannot_be_read_is_status_2() {
    let missing = folder("nothing").join("capture.nx");
    let missing = missing.to_str().unwrap();
    let said = format!("narthex: {missing}: no such file or directory\n");
    assert_eq!(end(&["decode", missing]), (Some(2), String::new(), said));
    let folder = folder("folder");
    let folder = folder.to_str().unwrap();
    let said = format!("narthex: {folder}: is a directory\n");
    assert_eq!(end(&["decode", folder]), (Some(2), String::new(), said));
}

#[test]
fn any_bytes_are_taken() {
    let mut state = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    })
    .take(3_000_000)
    .collect();
    let (status, page, _) = decode(&noise, &[]);
    assert_eq!((status, &*page), (Some(1), ""));
}

/// A capture of two devices on two links, and of one without a name.
fn capture() -> Vec<u8> {
    let (writer, mut file) = (Writer::new([1, 2, 3, 4]), Vec::new());
    writer.preamble(&mut file);
    writer.start(1_000_000, &mut file);
    for (number, link, peer, device) in
        [(1, "tcp a:1", "b:1", ""), (2, "tcp a:1", "b:2", ""), (3, "serial c", "c", "pump")]
    {
        writer.open(number, 1_000_000, [link, peer, device], &mut file);
    }
    let all = ["p", "q", ""].map(|name| snapshots(name, 40));
    for second in 0..40 {
        for (number, snapshots) in (1..).zip(&all) {
            writer.bytes(number, 1_000_000 + 1000 * second as u64, &snapshots[second], &mut file);
        }
    }
    writer.close(1, 1_040_000, &mut file);
    file
}

#[test]
fn a_capture_holds_several_devices() {
    let (status, page, said) = decode(&capture(), &[]);
    assert_eq!(status, Some(0), "{said}");
    for device in ["p", "q", "pump"] {
        assert!(super::links::shows(&page, device), "{device}: {page}");
        assert!(said.contains(&format!("{device}: ")), "{said}");
    }
    assert_eq!(page.matches("# TYPE press_parts_total").count(), 1);
}

#[test]
fn a_damaged_capture_says_what_is_unreadable() {
    let mut file = capture();
    let len = file.len();
    for at in (100..len).step_by(100) {
        file[at] ^= 0x55;
    }
    let (status, _, said) = decode(&file, &[]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("corrupt") || said.contains("lost"), "{said}");
    let (status, _, said) = decode(&capture()[..len - 10], &[]);
    assert!(status == Some(1) && said.contains(" of the capture cannot be read\n"), "{said}");
}

#[test]
fn a_device_that_boots_again_and_again_is_shown() {
    let boots = bytes("p").repeat(30);
    let (status, page, said) = decode(&boots, &[]);
    assert!(super::links::shows(&page, "p"), "{page}");
    assert!(said.contains(", 30 boots"), "{status:?}: {said}");
}
