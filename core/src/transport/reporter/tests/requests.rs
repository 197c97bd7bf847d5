//! What a gateway asks for.

use super::receiver::ask;
use super::*;
use crate::wire::{Request, Wants};

fn source() -> Fake {
    let source = Fake::new(&[(0, 0, 1), (2, 6, 2), (0, 3, 1)]);
    for child in 0..6 {
        source.add(1, child, child, 1);
        source.add(2, child, child, 1);
        source.add(3, child, child, 1);
    }
    source
}

/// What the next snapshot tells, after these requests.
fn told<M: Memory>(
    source: &Fake,
    reporter: &mut Reporter<'_, Fake, M, Inbox>,
    requests: &[Request],
) -> (Receiver, usize) {
    for byte in ask(requests) {
        reporter.receive(&[byte]);
    }
    let mut receiver = Receiver::default();
    let frames = snapshot(reporter, 1, 128);
    receiver.take(source, &frames);
    let records = receiver.headers.iter().filter(|header| header.kind == Kind::RECORDS).count();
    (receiver, records)
}

#[test]
fn each_request_is_answered_once() {
    let source = source();
    let mut memory = [0; 100];
    let mut reporter =
        Reporter::new(&source, IDENTITY, 1).with_trickle(0).with_memory(&mut memory).with_requests();
    let (receiver, round) = told(&source, &mut reporter, &[]);
    assert!(receiver.reads_requests);
    assert_eq!((receiver.families.len(), receiver.unlabelled(&source).len()), (3, 0));
    let mut ask = |requests: &[Request]| {
        let (receiver, records) = told(&source, &mut reporter, requests);
        let full = receiver.cells.len() == source.cells();
        let first = receiver.labels.first().copied();
        (
            (receiver.device.is_some(), full),
            receiver.families.keys().copied().collect::<Vec<_>>(),
            first,
            records,
        )
    };
    assert_eq!(ask(&[]), ((false, false), vec![], None, 0));
    assert_eq!(ask(&[Request::Hello]), ((true, false), vec![], None, 1));
    assert_eq!(ask(&[Request::Snapshot]), ((false, true), vec![], None, 0));
    assert_eq!(ask(&[Request::Schema { family: 1 }]).1, [1, 2]);
    assert_eq!(ask(&[Request::Schema { family: 3 }]), ((false, false), vec![], None, 0));
    assert_eq!(
        ask(&[Request::Labels { family: 1, slot: 8 }]).2.map(|label| (label.0, label.1)),
        Some((1, 8))
    );
    assert_eq!(
        ask(&[Request::Labels { family: 2, slot: 0 }]).2.map(|label| (label.0, label.1)),
        Some((2, 0))
    );
    let many = [
        Request::Labels { family: 2, slot: 0 },
        Request::Labels { family: 0, slot: 9 },
        Request::Schema { family: 2 },
        Request::Schema { family: 0 },
        Request::Hello,
    ];
    for _ in 0..3 {
        let (head, families, first, records) = ask(&many);
        assert_eq!((head, families), ((true, false), vec![0, 1, 2]));
        assert_eq!(first.map(|label| (label.0, label.1)), Some((1, 0)));
        assert_eq!(records, round, "as much as at boot, however much is asked");
    }
    assert_eq!(ask(&[]), ((false, false), vec![], None, 0));
}

#[test]
fn a_transmitter_says_that_it_does_not_read() {
    let source = source();
    let mut receiver = Receiver::default();
    receiver.take(&source, &snapshot(&mut Reporter::new(&source, IDENTITY, 1), 1, 128));
    assert!(receiver.device.is_some() && !receiver.reads_requests);
}

#[test]
fn noise_asks_for_nothing() {
    let source = source();
    let mut reporter = Reporter::new(&source, IDENTITY, 1).with_trickle(0).with_requests();
    let own = snapshot(&mut reporter, 1, 128);
    for frame in &own {
        // What a line that echoes brings back.
        reporter.receive(frame);
    }
    reporter.receive(&[0x41; 300]);
    reporter.receive(b"\0help\r\n\0\0\x01");
    let mut broken = ask(&[Request::Hello]);
    broken[3] ^= 0x40;
    reporter.receive(&broken);
    assert_eq!(reporter.requests.take(), Wants::NOTHING);
    reporter.receive(&ask(&[Request::Hello]));
    assert!(reporter.requests.take().hello());
}

#[test]
fn what_is_asked_for_while_it_is_answered_is_not_lost() {
    let source = source();
    let mut reporter = Reporter::new(&source, IDENTITY, 1).with_trickle(0).with_requests();
    let mut buf = [0; 48];
    snapshot(&mut reporter, 1, 48);
    reporter.receive(&ask(&[Request::Schema { family: 0 }]));
    let mut receiver = Receiver::default();
    // The link takes two frames of each snapshot, and then no more.
    for _ in 0..40 {
        reporter.begin(Duration::ZERO);
        for _ in 0..2 {
            if let Some(frame) = reporter.frame(&mut buf).unwrap() {
                receiver.take(&source, &[frame.to_vec()]);
            }
        }
        reporter.receive(&ask(&[Request::Hello]));
        if receiver.device.is_some() {
            break;
        }
    }
    assert_eq!((receiver.device.as_deref(), receiver.families.len()), (Some("node-7"), 3));
}
