//! Any registry, any size of frames, any faults.

use super::source::{INFO, Random, Shape};
use super::*;
use core::cell::Cell;
use proptest::prelude::*;

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let buckets = prop_oneof![3 => Just(0usize), 2 => 1..5usize, 1 => 5..70usize];
    let capacity = prop_oneof![Just(0usize), 1..9usize];
    let shape = (buckets, capacity, 1..4usize);
    proptest::collection::vec(prop_oneof![5 => shape, 1 => Just((INFO, 0, 1))], 1..6)
}

fn work(source: &Fake, random: &Random, much: bool) {
    for _ in 0..random.below(if much { 60 } else { 6 }) {
        let n = 1u64 << random.below(50);
        match random.below(5) {
            0 => source.remove(random.below(30), random.below(10)),
            _ => source.add(random.below(30), random.below(10), random.below(70), n),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 64 }) })]

    /// Without loss, a receiver has after each snapshot what the source has.
    #[test]
    fn what_is_sent_is_what_is_there(
        shapes in shapes(), mtu in 48usize..=512, seed in any::<u64>(), memory in 0usize..3, every in 0u8..12,
    ) {
        let (source, random) = (Fake::new(&shapes), Random(Cell::new(seed)));
        // Too short for all now and then.
        let mut memory = vec![0; source.cells() * memory / 2];
        let mut plain = Reporter::new(&source, IDENTITY, 1);
        let mut sparse = Reporter::new(&source, IDENTITY, 1).with_memory(&mut memory).with_full_every(every);
        let (mut all, mut some) = (Receiver::default(), Receiver::default());
        for _ in 0..25 {
            work(&source, &random, true);
            all.take(&source, &snapshot(&mut plain, 1, mtu));
            some.take(&source, &snapshot(&mut sparse, 1, mtu));
            prop_assert!(all.children(&source).into_iter().eq(source.children()));
            prop_assert!(some.children(&source).into_iter().eq(source.children()));
            prop_assert_eq!(all.unlabelled(&source), []);
            prop_assert_eq!(some.unlabelled(&source), []);
        }
    }

    /// A sparse snapshot is hardly ever longer than a full one, whatever has changed.
    #[test]
    fn sparse_is_not_longer(shapes in shapes(), mtu in 48usize..=512, seed in any::<u64>(), much in any::<bool>()) {
        let (source, random) = (Fake::new(&shapes), Random(Cell::new(seed)));
        let mut memory = vec![0; source.cells()];
        let mut plain = Reporter::new(&source, IDENTITY, 1).with_trickle(0);
        let mut sparse = Reporter::new(&source, IDENTITY, 1).with_trickle(0).with_memory(&mut memory);
        for _ in 0..25 {
            work(&source, &random, much);
            let full: usize = snapshot(&mut plain, 1, mtu).iter().map(Vec::len).sum();
            let less: usize = snapshot(&mut sparse, 1, mtu).iter().map(Vec::len).sum();
            prop_assert!(less <= full + frame::overhead(mtu) + 6, "{} > {}", less, full);
        }
    }

    /// Snapshots that are given up, sets of families that change, slots that change while they are read: a receiver
    /// never has a child that was not there, and no frame is malformed.
    #[test]
    fn whatever_is_done_is_safe(
        shapes in shapes(), seed in any::<u64>(), restless in 0usize..40, trickle in any::<Option<u8>>(),
    ) {
        let (source, random) = (Fake::new(&shapes), Random(Cell::new(seed)));
        source.state.lock().unwrap().restless = restless;
        let mut memory = vec![0; source.cells()];
        let mut reporter = Reporter::new(&source, IDENTITY, 1).with_memory(&mut memory).with_requests();
        if let Some(frames) = trickle {
            reporter = reporter.with_trickle(frames);
        }
        for _ in 0..60 {
            let mut receiver = Receiver::default();
            work(&source, &random, false);
            if random.below(8) == 0 {
                source.state.lock().unwrap().schema ^= 1;
            }
            let noise: Vec<u8> = (0..random.below(30)).map(|_| random.below(256) as u8).collect();
            reporter.receive(&noise);
            if random.below(3) == 0 {
                let slot = random.below(9);
                reporter.receive(&[0]);
                reporter.receive(&receiver::ask(&[
                    crate::wire::Request::Labels { family: random.below(5), slot },
                    crate::wire::Request::Snapshot,
                ]));
            }
            reporter.begin(Duration::from_secs(random.below(3) as u64));
            for _ in 0..random.below(200) {
                let mut buf = vec![0; 48 + random.below(200)];
                match reporter.frame(&mut buf).unwrap() {
                    Some(frame) => receiver.take(&source, &[frame.to_vec()]),
                    None => break,
                }
            }
            for child in receiver.children(&source).values() {
                prop_assert!(child.birth > 0 || child.cells.iter().all(|cell| *cell == 0));
            }
        }
    }
}
