//! The device half allocates nothing, whatever is registered, counted, printed, sent and received.
//!
//! Core has no `alloc`, so it could only do so through a package that it uses, or through `std` beneath one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

use core::convert::Infallible;
use std::time::Duration;

use embedded_io::{ErrorType, Read, ReadReady};
use narthex::frame::{self, Decoder, Event, Header, Kind, MIN_FRAME};
use narthex::instrument::Quantiles;
use narthex::model::{Label, ShortStr, Source};
use narthex::registry::{RegistryError, WithBoth};
use narthex::runtime::{Heap, Idle, ResetReason, Runtime, Stack};
use narthex::text::{Encoder, Format};
use narthex::transport::{Memory, Reporter, Requests};
use narthex::wire::record::{Record, Records};
use narthex::wire::{Hello, Identity, Request, schema};
use narthex::{
    Counter, CounterFn, DynRegistry, ExponentialHistogram, Family, Gauge, GaugeF32, GaugeFn, Histogram, Info,
    LabelSet, LabelValues, Metrics, OptionalGauge, OptionalGaugeFn, Registry, SignedExponentialHistogram,
    StateSet, Summary, TableFamily, registry,
};
use narthex_tests::random::Random;

#[derive(Clone, Copy, Debug, PartialEq, LabelSet)]
enum Link {
    Down,
    Joining,
    Up,
}

#[derive(Clone, Copy, Debug, LabelSet)]
struct Way {
    link: Link,
    encrypted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, LabelValues)]
struct Peer {
    address: u16,
    name: ShortStr<8>,
}

fn ticks() -> u64 {
    1 << 53
}

fn level() -> i64 {
    -7
}

fn signal() -> Option<i64> {
    (ticks() > 0).then_some(-80)
}

/// One of each.
#[derive(Debug, Metrics)]
#[metrics(prefix = "all")]
struct All {
    /// Counted, with a \ and a "quote".
    frames_total: Counter,
    /// Set.
    #[metric(unit = "celsius", scale = -2)]
    celsius: Gauge,
    /// A float.
    ratio: GaugeF32,
    /// Perhaps unset.
    maybe: OptionalGauge,
    /// A state.
    link: StateSet<Link>,
    /// What this is.
    #[metric(labels(version = "1.0", board = "rev \"c\""))]
    build_info: Info,
    /// Asked for.
    #[metric(read = ticks)]
    ticks_total: CounterFn,
    /// Asked for.
    #[metric(read = level)]
    level: GaugeFn,
    /// Asked for.
    #[metric(read = signal)]
    signal_dbm: OptionalGaugeFn,
    /// Dense.
    ways_total: Family<Way, Counter>,
    /// Dense.
    #[metric(unit = "seconds", scale = -6, buckets = [1, 10, 100])]
    wait_seconds: Family<Link, Histogram<3>>,
    /// By peer.
    packets_total: TableFamily<Peer, Counter, 3>,
    /// By peer.
    #[metric(unit = "seconds", scale = -3, buckets = [10, 100])]
    answer_seconds: TableFamily<Peer, Histogram<2>, 2>,
    /// Without bounds.
    #[metric(unit = "seconds", scale = -6, schema = 3)]
    turn_seconds: ExponentialHistogram<32>,
    /// On both sides of 0, by link.
    #[metric(schema = 8)]
    offset: Family<Link, SignedExponentialHistogram<8>>,
    /// Without bounds, by peer.
    #[metric(unit = "bytes", schema = 0)]
    size_bytes: TableFamily<Peer, ExponentialHistogram<8>, 2>,
    /// Quantiles.
    #[metric(unit = "seconds", scale = -3)]
    latency_seconds: Summary<Median, 16, 3>,
}

static ALL: All = All::new();
static OTHER: All = All::new();
static RUNTIME: Runtime = Runtime::new();
static MAIN: Stack = Stack::new();
static HEAP: Heap = Heap::new();
static IDLE: Idle = Idle::new();
static REGISTRY: Registry<WithBoth> =
    registry![ALL { n: "0" }, OTHER { n: "1\n" }, RUNTIME, MAIN, HEAP, IDLE];

const LABELS: [&[Label<'static>]; 3] =
    [&[], &[Label { name: "bus", value: "0" }], &[Label { name: "bus", value: "é\"\\\n" }]];

/// A registry of whatever comes, of which much is refused.
fn register<const N: usize>(random: &mut Random, registry: &'static DynRegistry<N>) -> usize {
    let mut refused = 0;
    for _ in 0..12 {
        let labels = LABELS[random.below(LABELS.len())];
        let done: Result<(), RegistryError> = match random.below(8) {
            0 => registry.register(&ALL, labels),
            1 => registry.register(&OTHER, labels),
            2 => registry.register(&RUNTIME, labels),
            3 => registry.register(&HEAP, labels),
            4 => registry.register(&IDLE, labels),
            5 => registry.unregister(&ALL, labels),
            6 => registry.unregister(&OTHER, labels),
            _ => registry.unregister(&HEAP, labels),
        };
        refused += usize::from(done.is_err());
    }
    refused
}

fn update(random: &mut Random) {
    for all in [&ALL, &OTHER] {
        let n = random.wide() as u32;
        all.frames_total.inc();
        all.frames_total.add(n);
        all.frames_total.add_u64(random.wide() >> 8);
        all.celsius.set(n as i32);
        all.celsius.add(-3);
        all.celsius.set_max(7);
        all.ratio.set(random.single());
        all.ratio.add(1.5);
        all.maybe.set_min(n as i32);
        if random.happens(300) {
            all.maybe.clear();
        }
        let link = Link::from_index(random.below(3)).unwrap();
        all.link.set(link);
        all.ways_total.at(Way { link, encrypted: random.happens(500) }).inc();
        all.wait_seconds().at(link).observe(n);
        all.wait_seconds().at(link).observe_n(n, 3);
        drop(all.wait_seconds().at(link).start(|| 5));
        let peer = Peer { address: random.below(6) as u16, name: ShortStr::cut("node\"\\é and more") };
        all.packets_total.update(peer, Counter::inc);
        let pinned = all.packets_total.pin(peer);
        pinned.add(n);
        all.answer_seconds().observe(peer, n);
        all.answer_seconds().pin(peer).observe(n);
        let _ = all.packets_total.remove(peer);
        drop(pinned);
        all.turn_seconds().observe(n);
        all.turn_seconds().observe_u64(random.wide());
        all.offset().at(link).observe_n(n as i32, 2);
        all.size_bytes().observe(peer, n);
        all.latency_seconds.observe(n);
        all.latency_seconds.tick(Duration::from_secs(random.below(1_000) as u64));
        if random.happens(100) {
            let _ = all.packets_total.remove(peer);
            all.answer_seconds.clear();
        }
    }
    RUNTIME.set_uptime(Duration::from_millis(random.wide() >> 20));
    RUNTIME.reset_reason.set(ResetReason::Watchdog);
    MAIN.max_used_bytes.set_max(900);
    HEAP.set_free(random.below(1 << 20));
    IDLE.idle_seconds_total.add(9);
}

/// The median of a minute.
enum Median {}

impl Quantiles for Median {
    const MILLIONTHS: &'static [u32] = &[500_000, 990_000];
    const SECONDS: u32 = 60;
}

/// Bytes of all pages.
fn print<S: Source + ?Sized>(random: &mut Random, source: &S) -> usize {
    let (mut bytes, mut buf) = (0, [0; 1024]);
    for format in [Format::Text, Format::OpenMetrics] {
        let mut encoder = Encoder::new(format);
        loop {
            // Too short for some lines now and then: an error, which must not allocate either.
            let room = 60 + random.below(buf.len() - 60);
            match encoder.fill(source, &mut buf[..room]) {
                Ok(0) => break,
                Ok(n) => bytes += n,
                Err(_) => match encoder.fill(source, &mut buf) {
                    Ok(0) | Err(_) => break,
                    Ok(n) => bytes += n,
                },
            }
        }
    }
    bytes
}

/// What a gateway sent.
struct Line<'a>(&'a [u8]);

impl ErrorType for Line<'_> {
    type Error = Infallible;
}

impl Read for Line<'_> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        self.0.read(buf)
    }
}

impl ReadReady for Line<'_> {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(!self.0.is_empty())
    }
}

/// Frames that were sent.
fn send<S, M, R>(
    random: &mut Random,
    mut reporter: Reporter<'_, S, M, R>,
    mut receive: impl FnMut(&mut Random, &mut Reporter<'_, S, M, R>),
) -> usize
where
    S: Source + ?Sized,
    M: Memory,
    R: Requests,
{
    let (mut buf, mut sink, mut frames) = ([0; 300], [0; 8192], 0);
    let mut decoder = Decoder::<300>::new();
    for second in 1..6 {
        let mtu = MIN_FRAME + random.below(buf.len() - MIN_FRAME);
        reporter.begin(Duration::from_secs(second));
        while let Some(frame) = reporter.frame(&mut buf[..mtu]).unwrap() {
            frames += 1;
            read(&mut decoder, frame);
        }
        update(random);
        receive(random, &mut reporter);
        // A sink that is full now and then.
        let room = random.below(sink.len());
        let _ = reporter.send(Duration::from_secs(second), &mut buf[..mtu], &mut &mut sink[..room]);
        read(&mut decoder, &sink);
    }
    frames
}

/// What a host does with bytes, as far as core has it.
fn read(decoder: &mut Decoder<300>, mut bytes: &[u8]) {
    while let Some(event) = decoder.feed(&mut bytes) {
        if let Event::Frame(frame) = event {
            for record in Records::new(frame.payload) {
                match record {
                    Record::Hello(part) => drop(Hello::read(part.bytes)),
                    Record::Schema { part, .. } => drop(schema::Family::read(part.bytes)),
                    _ => {}
                }
            }
        }
    }
}

/// Requests of all kinds, and noise.
fn line(random: &mut Random, line: &mut [u8; 256]) {
    for byte in &mut *line {
        *byte = random.bits() as u8;
    }
    let mut buf = [0; MIN_FRAME];
    let requests = [
        Request::Hello,
        Request::Schema { family: random.below(4) },
        Request::Snapshot,
        Request::Labels { family: random.below(4), slot: random.below(4) },
    ];
    let len = Request::put_all(&requests, frame::payload(&mut buf));
    let header =
        Header { kind: Kind::REQUESTS, boot: 7, schema: 0, sequence: random.bits() as u16, uptime: 0 };
    let frame = frame::seal(&mut buf, &header, len);
    line[99] = frame::DELIMITER;
    line[100..100 + frame.len()].copy_from_slice(frame);
}

/// What one seed does: frames, bytes, refusals.
fn device<S: Source + ?Sized>(random: &mut Random, source: &S) -> (usize, usize) {
    const IDENTITY: Identity<'static> = Identity { device: "node-7", firmware: "1.2.0" };
    let mut memory = [0; 200];
    let mut sent = [0; 256];
    line(random, &mut sent);
    update(random);
    let bytes = print(random, source);
    let mut frames = send(random, Reporter::new(source, IDENTITY, 7), |_, _| ());
    frames +=
        send(random, Reporter::new(source, IDENTITY, 7).with_trickle(2).with_memory(&mut memory), |_, _| ());
    frames += send(random, Reporter::new(source, IDENTITY, 7).with_requests(), |_, reporter| {
        reporter.receive(&sent);
        reporter.poll(&mut Line(&sent)).unwrap();
    });
    let both = Reporter::new(source, IDENTITY, 7).with_memory(&mut memory).with_requests();
    frames += send(random, both, |_, reporter| reporter.poll(&mut Line(&sent)).unwrap());
    (frames, bytes)
}

#[test]
fn the_device_half_allocates_nothing() {
    static DYNAMIC: [DynRegistry<48>; 2] = [DynRegistry::new(), DynRegistry::new()];
    let mut random = Random(0xa110c);
    let (mut frames, mut bytes, mut refused, mut registered) = (0, 0, 0, 0);
    let allocated = allocation_counter::measure(|| {
        for seed in 0..60 {
            let source: &dyn Source = match seed % 3 {
                0 => &REGISTRY,
                which => {
                    let dynamic = &DYNAMIC[which - 1];
                    refused += register(&mut random, dynamic);
                    registered += dynamic.len();
                    dynamic
                }
            };
            let (sent, printed) = device(&mut random, source);
            frames += sent;
            bytes += printed;
        }
    });
    println!("{frames} frames, {bytes} bytes of pages, {registered} registered, {refused} refused");
    assert!(frames > 1000 && bytes > 100_000 && refused > 10 && registered > 100, "much was done");
    assert_eq!(allocated.count_total, 0, "something allocates: {allocated:?}");
}

/// That the counter counts.
#[test]
fn an_allocation_would_be_seen() {
    let allocated = allocation_counter::measure(|| drop(std::hint::black_box(Box::new(1))));
    assert_eq!(allocated.count_total, 1);
}
