//! Tests of the reporter, with a source that may be any, and a receiver that knows what frames say and no more.

mod any;
mod receiver;
mod requests;
mod sizes;
mod source;
mod tables;

use super::*;
use receiver::Receiver;
use source::{Fake, GROWTH};
use std::vec;
use std::vec::Vec;

const IDENTITY: Identity<'static> = Identity { device: "node-7", firmware: "1.2.0" };

/// The frames of the next snapshot.
fn snapshot<S: Source, M: Memory, R: Requests>(
    reporter: &mut Reporter<'_, S, M, R>,
    tenths: u64,
    mtu: usize,
) -> Vec<Vec<u8>> {
    reporter.begin(Duration::from_millis(tenths * 100));
    let (mut frames, mut buf) = (Vec::new(), vec![0xaa; mtu]);
    while let Some(frame) = reporter.frame(&mut buf).unwrap() {
        assert!(frame.len() <= mtu);
        frames.push(frame.to_vec());
    }
    frames
}

#[test]
fn the_time_of_two_snapshots_is_never_the_same() {
    let nothing = Fake::default();
    let mut reporter = Reporter::new(&nothing, IDENTITY, 0);
    let mut times = |seconds: &[u64]| {
        let times = seconds.iter().map(|seconds| {
            reporter.begin(Duration::from_secs(*seconds));
            reporter.state.uptime
        });
        times.collect::<Vec<_>>()
    };
    // A clock that stands, or goes back.
    assert_eq!(times(&[0, 0, 7, 3]), [1, 2, 70, 71]);
    // The last six tenths of what 32 bits hold, and what comes after.
    let end = u32::MAX - 5;
    let want = [end, end + 1, end + 2, end + 3, end + 4, end + 5, 4, 14];
    let last = u64::from(end / 10);
    assert_eq!(times(&[last, last + 1, last, last, last, last + 1, last + 1, last + 2]), want);
}

/// A sparse frame that is given up, as it would not pay, has been taken down; what the frame in its place has no room for,
/// because cells have grown meanwhile, is sent all the same.
#[test]
fn what_grows_while_it_is_read_is_not_lost() {
    for reads in 1..100 {
        let source = Fake::new(&[(0, 0, 1); 40]);
        let mut memory = [0; 40];
        let mut reporter = Reporter::new(&source, IDENTITY, 1).with_trickle(0).with_memory(&mut memory);
        let mut receiver = Receiver::default();
        receiver.take(&source, &snapshot(&mut reporter, 1, 48));
        (0..40).for_each(|part| source.add(part, 0, 0, 1));
        let mut state = source.state.lock().unwrap();
        state.grown = state.reads + reads;
        drop(state);
        for _ in 0..3 {
            receiver.take(&source, &snapshot(&mut reporter, 1, 48));
        }
        for (position, child) in receiver.children(&source) {
            assert_eq!(child.cells, [GROWTH + 1], "cell {position}, {reads} reads");
        }
    }
}

#[test]
fn a_source_of_nothing_says_who_it_is() {
    let (nothing, mut memory, mut buf) = (Fake::default(), [0; 4], [0; 64]);
    let mut reporter = Reporter::new(&nothing, IDENTITY, 0).with_memory(&mut memory);
    for _ in 0..30 {
        assert_eq!(snapshot(&mut reporter, 0, 64).len(), 1);
        assert_eq!(reporter.frame(&mut buf), Ok(None));
    }
    assert_eq!(reporter.frame(&mut buf[..47]), Err(Error::BufferTooSmall { has: 47 }));
}
