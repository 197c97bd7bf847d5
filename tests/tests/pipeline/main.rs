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
mod page;

use device::{Device, Plan, Random, plan};
use narthex::model::Source as _;
use narthex::text::{Encoder, Error, Format};
use narthex::transport::Reporter;
use narthex::wire::Identity;
use narthex_host::expose;
use narthex_host::registry::{Gatherer, Registerer, Registry};
use narthex_host::relay::Now;
use narthex_host::relay::fleet::{Connection, Fleet, Limits, Origin};
use narthex_host::relay::status::DeviceStatus;
use narthex_tests::peers;
use page::{Page, of_devices};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::sync::Arc;
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

/// A gateway with one connection to it.
struct Gateway {
    fleet: Arc<Fleet>,
    registry: Registry,
    connection: Connection,
    start: Now,
    now: Now,
}

impl Gateway {
    fn new() -> Self {
        let start = Now::read();
        let limits = Limits { max_series: 1 << 16, max_schema_bytes: 1 << 20, ..Limits::default() };
        let fleet = Arc::new(Fleet::new(limits));
        let registry = Registry::new();
        registry.register(Arc::clone(&fleet) as _).expect("a registry is empty at first");
        let origin = Origin { link: "test".into(), name: None, peer: "peer:1".into(), ..Origin::default() };
        let connection = fleet.connect(origin, start);
        Self { fleet, registry, connection, start, now: start }
    }

    /// Takes bytes in pieces of any sizes.
    fn feed(&mut self, mut bytes: &[u8], random: &mut Random) {
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(1 + random.below(bytes.len().min(300)));
            self.connection.feed(piece, self.now, &mut Vec::new());
            bytes = rest;
        }
    }

    fn page(&self, format: Format) -> String {
        let gathered = self.registry.gather();
        assert!(gathered.errors().is_empty(), "{}", gathered.errors());
        of_devices(&expose::Page::new(gathered, format).into_text())
    }

    fn status(&self) -> DeviceStatus {
        self.fleet.devices(self.now).pop().expect("the device is known")
    }

    /// Whether the gateway shows exactly what the device does.
    fn agrees(&self, device: &Device, name: &str) -> Result<(), TestCaseError> {
        for format in FORMATS {
            let (ours, theirs) = (self.page(format), page(device, format, || 1 << 16));
            let in_parts = Page::of_host(&ours);
            prop_assert!(in_parts.is_in_order(), "{}", ours);
            prop_assert_eq!(Page::of_device(&theirs, name).in_order_of(&in_parts), ours);
        }
        Ok(())
    }
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
        let (device, mut random, mut gateway) = (Device::new(&plan), Random(seed), Gateway::new());
        let mut sender = Sender::new(&device, &plan, plan.boot, mtu);
        for _ in 0..4 {
            let frames = sender.snapshot();
            prop_assert!(frames.iter().all(|frame| frame.len() <= mtu));
            gateway.now = gateway.start.after(sender.uptime);
            gateway.feed(&frames.concat(), &mut random);
            gateway.agrees(&device, &plan.name)?;
            device.work(&mut random);
        }
        let status = gateway.status();
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
        let (device, mut random, mut gateway) = (Device::new(&plan), Random(seed), Gateway::new());
        let mut sender = Sender::new(&device, &plan, plan.boot, mtu);
        sender.reporter = sender.reporter.with_trickle(trickle);
        let mut link = Link { fates: fates.into_iter().cycle(), late: Vec::new() };
        let (mut states, mut shown) = (Vec::new(), BTreeMap::new());
        for step in 0..8 {
            if step == 0 || random.below(3) == 0 {
                device.work(&mut random);
            } else {
                device.idle();
            }
            let own = page(&device, Format::Text, || 1 << 16);
            states.push(State::of(&Page::of_device(&own, &plan.name)));
            let frames = sender.snapshot();
            gateway.now = gateway.start.after(sender.uptime);
            let arrived = link.carry(&frames, &mut random);
            gateway.feed(&arrived, &mut random);
            never_wrong(&Page::of_host(&gateway.page(Format::Text)), &states, &mut shown)?;
        }
        // The link is good again: one round of all records and one snapshot are enough.
        let first_round = Sender::new(&device, &plan, plan.boot, mtu).snapshot().len();
        sender.reporter = sender.reporter.with_trickle((first_round + 1).min(255) as u8);
        for _ in 0..=first_round / 255 {
            gateway.feed(&sender.snapshot().concat(), &mut random);
        }
        gateway.agrees(&device, &plan.name)?;
        // A boot starts from nothing.
        device.reset();
        let mut sender = Sender::new(&device, &plan, plan.boot.wrapping_add(1), mtu);
        gateway.feed(&sender.snapshot().concat(), &mut random);
        gateway.agrees(&device, &plan.name)?;
    }
}

#[test]
fn the_first_frame_after_a_long_silence_counts() {
    let mut runner = TestRunner::deterministic();
    let plans =
        std::iter::repeat_with(|| plan().new_tree(&mut runner).expect("a plan is always found").current());
    let mut devices = plans.map(|plan| (Device::new(&plan), plan));
    let (device, plan) = devices.find(|(device, _)| device.instance(0).is_some()).expect("one has metrics");
    let (mut random, mut gateway) = (Random(0), Gateway::new());
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
    gateway.agrees(&device, &plan.name).expect("the pages are the same");
}

/// What a device showed at one time.
struct State {
    comments: BTreeMap<String, String>,
    /// By family and labels.
    children: BTreeMap<(String, String), String>,
}

impl State {
    fn of(page: &Page) -> Self {
        let child = |((family, labels), lines): ((&str, &str), &str)| {
            ((family.to_owned(), labels.to_owned()), lines.to_owned())
        };
        Self {
            comments: page.comments().map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
            children: page.children().map(child).collect(),
        }
    }
}

/// Checks that every child on a page is as it was in a state of the device, no older than when it was `shown` last.
fn never_wrong(
    page: &Page,
    states: &[State],
    shown: &mut BTreeMap<(String, String), usize>,
) -> Result<(), TestCaseError> {
    let page = State::of(page);
    for (family, text) in &page.comments {
        prop_assert!(states.iter().any(|state| state.comments.get(family) == Some(text)), "{}", text);
    }
    for (child, lines) in page.children {
        let same = |state: &State| state.children.get(&child) == Some(&lines);
        let since = shown.get(&child).copied().unwrap_or_default();
        // Of states that look alike the oldest counts: which of them it was cannot be known.
        let Some(later) = states[since..].iter().position(same) else {
            return Err(TestCaseError::fail(format!("wrong, or older than before: {lines}")));
        };
        shown.insert(child, since + later);
    }
    Ok(())
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
    let said = peers::decode(&[], &captures);
    assert_eq!(said.len(), captures.len());
    for (says, (plan, device)) in said.iter().zip(&wanted) {
        assert_eq!(says["malformed"], serde_json::json!([]));
        assert_eq!(says["device"]["identity"]["device"], plan.name.as_str());
        let families = device.says();
        assert_eq!(says["device"]["families"], families, "{plan:#?}");
        assert_eq!(says["device"]["complete"], !families.as_array().expect("a list").is_empty());
    }
}
