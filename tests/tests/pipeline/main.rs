//! The invariant that ties narthex together: the page of a device is the page of the gateway it talks to, byte for
//! byte, once both stand in the gateway's order; and over a bad link the gateway shows an older state of each series
//! or nothing, never a wrong value.
//!
//! Registries, values, sizes of frames and buffers, and faults are random. What fails is printed as small as it can be
//! made; a second decoder, in another language, judges the frames as well.
#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod device;

use device::{Device, Plan, plan};
use narthex::model::Source as _;
use narthex::text::{Encoder, Error, Format};
use narthex::transport::Reporter;
use narthex::wire::Identity;
use narthex_tests::history::History;
use narthex_tests::host::Host;
use narthex_tests::peers;
use narthex_tests::random::Random;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::time::Duration;

const FORMATS: [Format; 2] = [Format::Text, Format::OpenMetrics];

/// The page of a device, through buffers of any sizes.
fn page(device: &Device, format: Format, mut size: impl FnMut() -> usize) -> String {
    let (mut encoder, mut page, mut buf) = (Encoder::new(format), Vec::new(), Vec::new());
    let mut enough = 0;
    loop {
        buf.resize(size().max(enough), 0);
        match encoder.fill(device, &mut buf) {
            Ok(0) => return String::from_utf8(page).expect("a page is UTF-8"),
            Ok(n) => {
                page.extend_from_slice(&buf[..n]);
                enough = 0;
            }
            Err(Error::BufferTooSmall { needs, .. }) => enough = needs,
            Err(other) => panic!("{other}"),
        }
    }
}

/// Whether the gateway shows exactly what the device does.
fn agrees(gateway: &Host, device: &Device, name: &str) -> Result<(), TestCaseError> {
    let agrees = |format| gateway.agrees(name, &page(device, format, || 1 << 16), format);
    FORMATS.into_iter().try_for_each(agrees).map_err(TestCaseError::fail)
}

/// A device at work: snapshots go out one after the other.
struct Sender<'a> {
    reporter: Reporter<'a, Device>,
    uptime: Duration,
    mtu: usize,
}

impl<'a> Sender<'a> {
    fn new(device: &'a Device, plan: &'a Plan, boot: u32, mtu: usize) -> Self {
        let identity = Identity { device: &plan.name, firmware: "1.0 \"β\"" };
        Self { reporter: Reporter::new(device, identity, boot), uptime: Duration::ZERO, mtu }
    }

    fn snapshot(&mut self) -> Vec<Vec<u8>> {
        self.uptime += Duration::from_secs(1);
        self.reporter.begin(self.uptime);
        let (mut frames, mut buf) = (Vec::new(), vec![0xee; self.mtu]);
        while let Some(frame) = self.reporter.frame(&mut buf).expect("48 bytes are enough") {
            frames.push(frame.to_vec());
        }
        frames
    }
}

/// What happens to a frame on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Arrives,
    Lost,
    /// One bit, or more, of one byte is wrong.
    Flipped,
    Twice,
    /// Comes later, behind some that were sent after it.
    Late,
    /// A log line comes first.
    AfterText,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Arrives),
        3 => Just(Fate::Lost),
        1 => Just(Fate::Flipped),
        1 => Just(Fate::Twice),
        1 => Just(Fate::Late),
        1 => Just(Fate::AfterText),
    ]
}

/// A link on which frames meet their fates.
struct Link<F> {
    fates: F,
    /// Frames that come later.
    late: Vec<u8>,
}

impl<F: Iterator<Item = Fate>> Link<F> {
    /// What arrives of these frames, and of some before them.
    fn carry(&mut self, frames: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
        let mut line = Vec::new();
        for frame in frames {
            match self.fates.next().expect("fates go on for ever") {
                Fate::Arrives => line.extend(frame),
                Fate::Lost => {}
                Fate::Flipped => {
                    let mut frame = frame.clone();
                    let at = random.below(frame.len() - 1);
                    // Not into a delimiter, which would cut it in two.
                    frame[at] ^= if frame[at].is_power_of_two() { 0xff } else { 1 << random.below(8) };
                    line.extend(frame);
                }
                Fate::Twice => line.extend(frame.iter().chain(frame)),
                Fate::Late => self.late.extend(frame),
                Fate::AfterText => line.extend(b"\0[ 1.0] warm \xc2\xb0 \r\n\0".iter().chain(frame)),
            }
            if random.below(4) == 0 {
                line.append(&mut self.late);
            }
        }
        line
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn the_page_of_the_gateway_is_the_page_of_the_device(
        plan in plan(), mtu in 48..=1024usize, seed in any::<u64>()
    ) {
        let (device, mut random, mut gateway) = (Device::new(&plan), Random(seed), Host::new());
        let mut sender = Sender::new(&device, &plan, plan.boot, mtu);
        for _ in 0..4 {
            let frames = sender.snapshot();
            prop_assert!(frames.iter().all(|frame| frame.len() <= mtu));
            gateway.at(sender.uptime);
            gateway.feed(&frames.concat(), &mut random);
            agrees(&gateway, &device, &plan.name)?;
            device.work(&mut random);
        }
        let status = gateway.device();
        prop_assert_eq!(status.refused.len(), 0, "{:?}", status.refused);
        let frames = status.frames;
        prop_assert_eq!((frames.lost, frames.corrupt, frames.unknown_schema), (0, 0, 0));
        prop_assert_eq!((frames.repeated, frames.reordered), (0, 0));
        prop_assert_eq!(status.schema.known, status.schema.total);
    }

    #[test]
    fn buffers_of_any_size_give_the_same_page(plan in plan(), seed in any::<u64>(), most in 1..2000usize) {
        let (device, mut random) = (Device::new(&plan), Random(seed));
        device.work(&mut random);
        for format in FORMATS {
            let whole = page(&device, format, || 1 << 20);
            prop_assert_eq!(page(&device, format, || random.below(most)), whole);
        }
    }

    #[test]
    fn a_bad_link_shows_an_older_state_or_nothing(
        plan in plan(),
        mtu in prop_oneof![48..80usize, 48..=1024usize],
        trickle in 0..3u8,
        fates in proptest::collection::vec(fate(), 1..100),
        seed in any::<u64>(),
    ) {
        let (device, mut random, mut gateway) = (Device::new(&plan), Random(seed), Host::new());
        let mut sender = Sender::new(&device, &plan, plan.boot, mtu);
        sender.reporter = sender.reporter.with_trickle(trickle);
        let mut link = Link { fates: fates.into_iter().cycle(), late: Vec::new() };
        let mut history = History::new(&plan.name);
        for step in 0..8 {
            if step == 0 || random.below(3) == 0 {
                device.work(&mut random);
            } else {
                device.idle();
            }
            let own = page(&device, Format::Text, || 1 << 16);
            history.records(&own);
            let frames = sender.snapshot();
            gateway.at(sender.uptime);
            let arrived = link.carry(&frames, &mut random);
            gateway.feed(&arrived, &mut random);
            history.allows(&gateway.page(Format::Text)).map_err(TestCaseError::fail)?;
        }
        // The link is good again: one round of all records and one snapshot are enough.
        let first_round = Sender::new(&device, &plan, plan.boot, mtu).snapshot().len();
        sender.reporter = sender.reporter.with_trickle((first_round + 1).min(255) as u8);
        for _ in 0..=first_round / 255 {
            gateway.feed(&sender.snapshot().concat(), &mut random);
        }
        agrees(&gateway, &device, &plan.name)?;
        // A boot starts from nothing.
        device.reset();
        let mut sender = Sender::new(&device, &plan, plan.boot.wrapping_add(1), mtu);
        gateway.feed(&sender.snapshot().concat(), &mut random);
        agrees(&gateway, &device, &plan.name)?;
    }
}

#[test]
fn the_first_frame_after_a_long_silence_counts() {
    let mut runner = TestRunner::deterministic();
    let plans =
        std::iter::repeat_with(|| plan().new_tree(&mut runner).expect("a plan is always found").current());
    let mut devices = plans.map(|plan| (Device::new(&plan), plan));
    let (device, plan) = devices.find(|(device, _)| device.instance(0).is_some()).expect("one has metrics");
    let (mut random, mut gateway) = (Random(0), Host::new());
    let mut sender = Sender::new(&device, &plan, plan.boot, 1024);
    gateway.feed(&sender.snapshot().concat(), &mut random);
    // More than half of all sequence numbers pass by.
    let unheard = std::iter::repeat_with(|| sender.snapshot().len()).scan(0, |sent, frames| {
        *sent += frames;
        (*sent < 40_000).then_some(())
    });
    unheard.for_each(drop);
    device.work(&mut random);
    gateway.feed(&sender.snapshot().concat(), &mut random);
    agrees(&gateway, &device, &plan.name).expect("the pages are the same");
}

#[test]
fn a_second_decoder_reads_the_same() {
    let mut runner = TestRunner::deterministic();
    let (mut captures, mut wanted) = (Vec::new(), Vec::new());
    for seed in 0..300 {
        let plan = plan().new_tree(&mut runner).expect("a plan is always found").current();
        let (device, mut random) = (Device::new(&plan), Random(seed));
        let mut sender = Sender::new(&device, &plan, plan.boot, 48 + random.below(1000));
        let mut capture = sender.snapshot().concat();
        device.work(&mut random);
        capture.extend(sender.snapshot().concat());
        captures.push(capture);
        wanted.push((plan, device));
    }
    let said = peers::frames(&[], &captures);
    assert_eq!(said.len(), captures.len());
    for ((says, capture), (plan, device)) in said.iter().zip(&captures).zip(&wanted) {
        let outcomes = ["lost", "repeated", "reordered", "refused", "corrupt", "foreign"];
        assert_eq!(outcomes.map(|outcome| says["counts"][outcome].as_u64()), [Some(0); 6], "{plan:#?}");
        assert_eq!(says["families"], device.says(), "{plan:#?}");
        let mut gateway = Host::new();
        gateway.at(Duration::from_secs(2));
        gateway.feed(capture, &mut Random(0));
        agrees(&gateway, device, &plan.name).expect("the pages are the same");
        let series: Vec<_> =
            says["lines"].as_array().expect("a list").iter().filter_map(|line| line.as_str()).collect();
        let page = gateway.page(Format::Text);
        let mut lines: Vec<_> = page.lines().filter(|line| !line.starts_with('#')).collect();
        lines.sort_unstable();
        let series = peers::text_lines(&series);
        assert_eq!(series.len(), lines.len(), "{plan:#?}");
        for (series, line) in series.iter().zip(lines) {
            assert_eq!(series, line);
        }
    }
}
