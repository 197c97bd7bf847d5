use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use super::super::capture::{Event, Reader};
use super::super::testing::Witness;
use super::*;

fn path(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("narthex-record-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// Opens a connection through a recorder.
fn through(recorder: &Recorder, peer: &str, witness: &Arc<Witness>) -> Box<dyn Intake> {
    let inner: Arc<dyn Gate> = witness.clone();
    recorder.gate(inner).open(&"tcp".into(), Some(&"pump".into()), peer)
}

/// Peers, all bytes, closed connections, unreadable bytes.
fn read(path: &Path) -> (Vec<String>, Vec<u8>, usize, u64) {
    let (mut peers, mut all, mut closed, mut reader) = (Vec::new(), Vec::new(), 0, Reader::new());
    let mut tell = |event: Event<'_>| match event {
        Event::Open { peer, device, link, .. } => {
            assert_eq!((device, link), (Some("pump"), "tcp"));
            peers.push(peer.to_owned());
        }
        Event::Bytes { bytes, .. } => all.extend_from_slice(bytes),
        Event::Close { .. } => closed += 1,
    };
    reader.feed(&std::fs::read(path).unwrap(), &mut tell);
    reader.finish(&mut tell);
    (peers, all, closed, reader.unreadable())
}

const PATIENT: Duration = Duration::from_secs(60);

/// Opens a file that nobody records into any more. A program that another test starts has all files of this one, and
/// their locks, for the moment between its fork and its exec.
fn create(path: &Path) -> Recorder {
    let start = Instant::now();
    loop {
        match Recorder::create(path) {
            Err(RecordError::Taken) if start.elapsed() < PATIENT => thread::sleep(Duration::from_millis(10)),
            recorder => return recorder.unwrap(),
        }
    }
}

#[test]
fn what_passes_is_recorded_and_a_capture_is_continued() {
    let (path, witness) = (path("continued"), Arc::new(Witness::answering(b"answer")));
    for run in 0..2 {
        let recorder = create(&path);
        assert!(matches!(Recorder::create(&path), Err(RecordError::Taken)));
        let mut intake = through(&recorder, &format!("peer {run}"), &witness);
        let mut reply = Vec::new();
        intake.feed(b"one ", &mut reply);
        assert_eq!(reply, b"answer");
        intake.feed(&[b'x'; 10_000], &mut reply);
        drop(intake);
        recorder.finish(PATIENT);
        let report = recorder.report();
        assert!(report.written_bytes > 10_000 && report.dropped_bytes == 0);
    }
    assert_eq!(witness.with(|log| (log.total(), log.closed.len())), (20_008, 2));
    let (peers, bytes, closed, unreadable) = read(&path);
    assert_eq!((peers, closed, unreadable), (vec!["peer 0".to_owned(), "peer 1".to_owned()], 2, 0));
    assert_eq!((bytes.len(), &bytes[10_000..10_012]), (20_008, &b"xxxxone xxxx"[..]));
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn it_is_in_the_file_soon() {
    let (path, witness) = (path("soon"), Arc::new(Witness::default()));
    let recorder = Recorder::create(&path).unwrap();
    let mut intake = through(&recorder, "peer", &witness);
    for byte in 0..3 {
        intake.feed(&[byte], &mut Vec::new());
        let start = Instant::now();
        while read(&path).1.len() <= usize::from(byte) {
            assert!(start.elapsed() < Duration::from_secs(60));
            thread::sleep(Duration::from_millis(10));
        }
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn nothing_else_is_destroyed() {
    let path = path("precious");
    std::fs::write(&path, "a book that took years to write, and is longer than a preamble").unwrap();
    let error = Recorder::create(&path).unwrap_err();
    assert!(matches!(error, RecordError::NotACapture), "{error}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("a book"));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(Recorder::create(&std::env::temp_dir()), Err(RecordError::Io(_))));
    assert!(matches!(Recorder::create(Path::new("/nowhere/at/all")), Err(RecordError::Io(_))));
}

#[test]
fn a_full_disk_stops_nothing_and_is_counted() {
    let witness = Arc::new(Witness::default());
    let recorder = Recorder::create(Path::new("/dev/full")).unwrap();
    let mut intake = through(&recorder, "peer", &witness);
    for _ in 0..1000 {
        intake.feed(&[7; 1000], &mut Vec::new());
    }
    drop(intake);
    recorder.finish(PATIENT);
    assert_eq!(witness.with(super::super::testing::Log::total), 1_000_000);
    let report = recorder.report();
    assert!(report.written_bytes == 0 && report.dropped_bytes > 1_000_000, "{report:?}");
}

#[tokio::test]
async fn a_disk_that_hangs_stops_nothing_and_costs_bounded_memory() {
    // A terminal that nobody reads takes some bytes, then none, as a disk that hangs.
    let (_unread, path) = super::super::serial::pair();
    let witness = Arc::new(Witness::quiet());
    let recorder = Recorder::create(Path::new(&path)).unwrap();
    let mut intake = through(&recorder, "peer", &witness);
    let start = Instant::now();
    for _ in 0..3000 {
        intake.feed(&[b'x'; 10_000], &mut Vec::new());
    }
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert!(recorder.tape.lock().bytes.len() <= MOST + RESERVE);
    assert!(recorder.report().dropped_bytes > 10_000_000);
    let start = Instant::now();
    recorder.finish(Duration::from_millis(100));
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn what_a_full_disk_cut_short_is_continued_behind_it() {
    // A limit on the size of files stands for a full disk: a helper program writes up to it.
    let (path, witness) = (path("cut"), Arc::new(Witness::default()));
    let recorder = Recorder::create(&path).unwrap();
    through(&recorder, "first", &witness).feed(&[1; 5000], &mut Vec::new());
    recorder.finish(PATIENT);
    drop(recorder);
    let cut = std::fs::metadata(&path).unwrap().len() - 1000;
    assert!(Command::new("truncate").args(["-s", &cut.to_string()]).arg(&path).status().unwrap().success());
    let recorder = Recorder::create(&path).unwrap();
    through(&recorder, "second", &witness).feed(&[2; 5000], &mut Vec::new());
    recorder.finish(PATIENT);
    let (peers, bytes, closed, unreadable) = read(&path);
    assert_eq!((peers.len(), closed, unreadable), (2, 2, 0));
    let ones = bytes.iter().take_while(|byte| **byte == 1).count();
    // 1000 bytes are missing, the close of the first connection among them.
    assert_eq!((ones, bytes.len() - ones), (5000 + 19 - 1000, 5000));
    std::fs::remove_file(&path).unwrap();
}
