//! Slots that come and go.

use super::*;

#[test]
fn the_labels_of_new_children_come_in_front_of_their_values() {
    let source = Fake::new(&[(0, 0, 2), (2, 6, 2), (0, 3, 1)]);
    for mtu in [48, 64, 300] {
        let mut reporter = Reporter::new(&source, IDENTITY, 1).with_trickle(0);
        let mut receiver = Receiver::default();
        receiver.take(&source, &snapshot(&mut reporter, 1, mtu));
        for round in 0..40 {
            source.add(2 + round % 3, round * 5, 0, 1);
            source.remove(2 + round % 2, round);
            let frames = snapshot(&mut reporter, 1, mtu);
            let records =
                frames.iter().take_while(|frame| is_kind(frame, Kind::RECORDS)).cloned().collect::<Vec<_>>();
            receiver.take(&source, &records);
            assert_eq!(receiver.unlabelled(&source), [], "in front of the values");
            receiver.take(&source, &frames[records.len()..]);
            assert!(receiver.children(&source).into_iter().eq(source.children()));
        }
        // Nothing is told twice.
        assert!(snapshot(&mut reporter, 1, mtu).iter().all(|frame| !is_kind(frame, Kind::RECORDS)));
    }
}

fn is_kind(frame: &[u8], kind: Kind) -> bool {
    let mut receiver = frame::Decoder::<{ frame::MAX_FRAME }>::new();
    let mut bytes = frame;
    matches!(receiver.feed(&mut bytes), Some(frame::Event::Frame(frame)) if frame.header.kind == kind)
}

#[test]
fn a_child_that_goes_while_it_is_sent_is_no_other() {
    for restless in 1..12 {
        let source = Fake::new(&[(6, 5, 1), (0, 0, 1), (0, 4, 1)]);
        for child in 0..6 {
            source.add(0, child, child, 1 << 40);
            source.add(2, child, 0, 7);
        }
        source.state.lock().unwrap().restless = restless;
        for mtu in [48, 60, 200] {
            let mut reporter = Reporter::new(&source, IDENTITY, 1);
            for _ in 0..20 {
                let mut receiver = Receiver::default();
                receiver.take(&source, &snapshot(&mut reporter, 1, mtu));
                for (position, child) in receiver.children(&source) {
                    assert!(
                        child.birth > 0 || child.cells.iter().all(|cell| *cell == 0),
                        "an empty slot has a value"
                    );
                    if source.is_table(position) && child.birth > 11 {
                        // Those that were born in the middle have the same in all cells.
                        let want = u64::from(child.birth) << 20;
                        assert!(child.cells.iter().all(|cell| *cell == want), "{child:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn another_set_of_families_is_told_anew_and_no_frame_has_both() {
    let source = Fake::new(&[(0, 0, 40), (2, 6, 1)]);
    let mut memory = [0; 80];
    let mut reporter = Reporter::new(&source, IDENTITY, 1).with_memory(&mut memory);
    let hash = source.schema_hash();
    let mut buf = [0; 64];
    for _ in 0..3 {
        snapshot(&mut reporter, 1, 64);
    }
    reporter.begin(Duration::ZERO);
    assert!(reporter.frame(&mut buf).unwrap().is_some());
    let sequence = reporter.state.sequence;
    source.state.lock().unwrap().schema = 5;
    assert_eq!(reporter.frame(&mut buf), Ok(None));
    assert_eq!(reporter.frame(&mut buf), Ok(None));
    assert_eq!(reporter.state.sequence, sequence, "what is not sent has no number");
    let mut receiver = Receiver::default();
    receiver.take(&source, &snapshot(&mut reporter, 1, 64));
    assert_ne!(hash, 5);
    assert!(receiver.headers.iter().all(|header| header.schema == 5));
    assert_eq!((receiver.headers[0].kind, receiver.device.as_deref()), (Kind::RECORDS, Some("node-7")));
    assert_eq!((receiver.families.len(), receiver.cells.len()), (2, source.cells()));
}
