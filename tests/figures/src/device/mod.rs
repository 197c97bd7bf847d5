//! Devices: the core's own registry and reporter, over metrics that are updated as firmware updates them.

pub(crate) mod heartbeat;
pub(crate) mod interface;
pub(crate) mod node;
pub(crate) mod pump;
pub(crate) mod threads;
pub(crate) mod watch;

use std::time::Duration;

use narthex::instrument::{Instrument, Observer};
use narthex::transport::{LastValues, Memory, Reporter};
use narthex::wire::Identity;
use narthex::{Counter, Family, Gauge, Histogram, LabelSet, Registry};

use crate::random::Random;

/// What devices of one kind count. All devices of a kind share it: what one has counted, the next begins with.
pub(crate) trait Work {
    /// What is sent and printed.
    fn registry(&self) -> &'static Registry;

    /// A day of work.
    fn day(&self, random: &mut Random);

    /// A moment in which each number changes three times of ten, by a little.
    fn moment(&self, random: &mut Random);
}

/// Frames of a device: what it sends, snapshot after snapshot.
pub(crate) struct Sender<M = ()> {
    reporter: Reporter<'static, Registry, M>,
    seconds: u64,
    mtu: usize,
}

/// Bytes of the longest frame.
pub(crate) const MTU: usize = 256;

impl Sender {
    /// A device that sends full snapshots, and nothing with them once it has told what they mean.
    pub(crate) fn full(work: &impl Work, name: &'static str) -> Self {
        Self { reporter: reporter(work, name).with_trickle(0), seconds: 0, mtu: MTU }
    }

    /// One that repeats a little of that with each snapshot.
    pub(crate) fn trickling(work: &impl Work, name: &'static str) -> Self {
        Self { reporter: reporter(work, name), seconds: 0, mtu: MTU }
    }
}

impl Sender<LastValues<'static>> {
    /// How often a snapshot is full.
    pub(crate) const EVERY: usize = 250;

    /// A device that sends, between full snapshots, what has changed.
    pub(crate) fn sparse(work: &impl Work, name: &'static str) -> Self {
        let memory = vec![0; work.registry().cells()].leak();
        let reporter =
            reporter(work, name).with_trickle(0).with_memory(memory).with_full_every(Self::EVERY as u8);
        Self { reporter, seconds: 0, mtu: MTU }
    }
}

fn reporter(work: &impl Work, name: &'static str) -> Reporter<'static, Registry> {
    Reporter::new(work.registry(), Identity { device: name, firmware: "1.0.0" }, 1)
}

impl<M: Memory> Sender<M> {
    /// The frames of the next snapshot, a second after the last.
    pub(crate) fn frames(&mut self) -> Vec<Vec<u8>> {
        self.seconds += 1;
        self.reporter.begin(Duration::from_secs(self.seconds));
        let (mut buf, mut frames) = (vec![0; self.mtu], Vec::new());
        while let Some(frame) = self.reporter.frame(&mut buf).expect("the buffer is long enough") {
            frames.push(frame.to_vec());
        }
        frames
    }

    /// The bytes of the next snapshot.
    pub(crate) fn snapshot(&mut self) -> Vec<u8> {
        self.frames().concat()
    }
}

/// How an instrument is worked.
pub(crate) trait Worked {
    /// A day of it.
    fn day(&self, random: &mut Random);

    /// A moment.
    fn moment(&self, random: &mut Random);
}

impl Worked for Counter {
    fn day(&self, random: &mut Random) {
        self.add(random.total());
    }

    fn moment(&self, random: &mut Random) {
        if random.of_ten(3) {
            self.add(1 + random.below(20));
        }
    }
}

impl Worked for Gauge {
    fn day(&self, random: &mut Random) {
        self.set(random.total() as i32);
    }

    fn moment(&self, random: &mut Random) {
        if random.of_ten(3) {
            self.add(1 + random.below(10) as i32);
        }
    }
}

impl<L: LabelSet, M: Worked + Instrument> Worked for Family<L, M> {
    fn day(&self, random: &mut Random) {
        (0..L::COUNT).filter_map(L::from_index).for_each(|labels| self.at(labels).day(random));
    }

    fn moment(&self, random: &mut Random) {
        (0..L::COUNT).filter_map(L::from_index).for_each(|labels| self.at(labels).moment(random));
    }
}

/// A histogram, and a value for each of its buckets.
pub(crate) struct Buckets<'a, const N: usize>(pub(crate) Observer<'a, Histogram<N>>, pub(crate) &'a [u32]);

impl<const N: usize> Worked for Buckets<'_, N> {
    fn day(&self, random: &mut Random) {
        self.1.iter().for_each(|value| self.0.observe_n(*value, random.total()));
    }

    fn moment(&self, random: &mut Random) {
        for value in self.1 {
            if random.of_ten(3) {
                self.0.observe_n(*value, 1 + random.below(20));
            }
        }
    }
}

/// Makes a kind of device: the group's instruments, one after the other, and the registry.
macro_rules! work {
    ($kind:ty, $registry:expr, |$group:ident| $parts:expr) => {
        impl $crate::device::Work for $kind {
            fn registry(&self) -> &'static narthex::Registry {
                &$registry
            }

            fn day(&self, random: &mut $crate::random::Random) {
                let $group = self;
                let parts: &[&dyn $crate::device::Worked] = $parts;
                for part in parts {
                    part.day(random);
                }
            }

            fn moment(&self, random: &mut $crate::random::Random) {
                let $group = self;
                let parts: &[&dyn $crate::device::Worked] = $parts;
                for part in parts {
                    part.moment(random);
                }
            }
        }
    };
}
pub(crate) use work;
