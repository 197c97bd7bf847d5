//! Exponential histograms through frames: what the gateway shows is what the device does.

use std::cell::RefCell;
use std::time::Duration;

use narthex::instrument::Instrument as _;
use narthex::model::{Cells as _, Desc, Details, Exponential, Grid, Instance, Number, Scale, Source, Value};
use narthex::text::Format;
use narthex::transport::{Memory, Reporter};
use narthex::wire::{Cell, Identity};
use narthex::{
    ExponentialHistogram, Family, LabelSet, LabelValues, Metrics, Registry, SignedExponentialHistogram,
    TableFamily, WithBoth, registry,
};
use narthex_host::model::Native;
use narthex_tests::host::Host;
use narthex_tests::random::Random;

use super::page;

#[derive(Clone, Copy, LabelSet)]
enum Side {
    Left,
    Right,
}

#[derive(Clone, Copy, PartialEq, LabelValues)]
struct Peer {
    id: u8,
}

/// A pump.
#[derive(Metrics)]
#[metrics(prefix = "pump")]
struct Pump {
    /// Time of a turn.
    #[metric(unit = "seconds", scale = -6, schema = 3)]
    turn_seconds: ExponentialHistogram<32>,
    /// Flow, which may be backwards.
    #[metric(scale = -2, schema = 8)]
    flow: SignedExponentialHistogram<8>,
    /// Pressure, by side.
    #[metric(unit = "pascals", scale = 2, schema = 1)]
    pressure_pascals: Family<Side, ExponentialHistogram<16>>,
    /// Time to an answer, by peer.
    #[metric(unit = "seconds", scale = -3, schema = 4)]
    answer_seconds: TableFamily<Peer, ExponentialHistogram<8>, 2>,
}

impl Pump {
    /// Observes something somewhere, but no turn.
    fn observe_but_turns(&self, random: &mut Random, round: usize) {
        self.flow().observe(
            if random.happens(500) { -1 } else { 1 } * (1 + random.below(7 << round.min(20)) as i32),
        );
        self.answer_seconds()
            .observe(Peer { id: random.below(3) as u8 }, random.below(1 << round.min(30)) as u32);
    }

    /// Observes something somewhere; later rounds are wilder.
    fn observe(&self, random: &mut Random, round: usize) {
        let value = 1_000 + random.below(10 + (7 << round.min(20))) as u32;
        match random.below(5) {
            0 => self.turn_seconds().observe(if random.happens(100) { 0 } else { value }),
            1 => self.flow().observe(if random.happens(500) { -1 } else { 1 } * value as i32),
            2 => self.pressure_pascals().at(Side::Right).observe_u64(u64::from(value) << random.below(20)),
            3 => self.pressure_pascals().at(Side::Left).observe(value),
            _ => self.answer_seconds().observe(Peer { id: random.below(3) as u8 }, value),
        }
    }
}

const IDENTITY: Identity<'static> = Identity { device: "pump-3", firmware: "1" };

/// Sends one snapshot in frames of up to so many bytes, with something between one frame and the next.
fn send<S: Source, M: Memory>(
    reporter: &mut Reporter<'_, S, M>,
    (host, random): (&mut Host, &mut Random),
    second: u64,
    mtu: usize,
    mut between: impl FnMut(),
) {
    let time = Duration::from_secs(second);
    host.at(time);
    reporter.begin(time);
    let mut buf = vec![0; mtu];
    while let Some(frame) = reporter.frame(&mut buf).unwrap() {
        host.feed(frame, random);
        between();
    }
}

#[test]
fn the_gateway_shows_what_the_device_does() {
    static PUMP: Pump = Pump::new();
    static REGISTRY: Registry<WithBoth> = registry![PUMP { site: "b2" }];
    for seed in 0..12 {
        let mut random = Random(seed);
        let mut host = Host::new();
        let mut last = [0; REGISTRY.cells()];
        let mut reporter =
            Reporter::new(&REGISTRY, IDENTITY, seed as u32).with_memory(&mut last).with_full_every(5);
        let mtu = 48 + random.below(400);
        for round in 0..40usize {
            for _ in 0..random.below(12) {
                PUMP.observe(&mut random, round);
            }
            send(&mut reporter, (&mut host, &mut random), 1 + round as u64, mtu, || {});
            // The schema takes some snapshots with small frames; labels come in front of values.
            if round > 20 {
                for format in [Format::Text, Format::OpenMetrics] {
                    host.agrees("pump-3", &page(&REGISTRY, format, 400), format).unwrap();
                }
            }
        }
    }
}

#[test]
fn what_is_merged_while_it_is_sent_is_not_shown_as_anything_wrong() {
    static PUMP: Pump = Pump::new();
    static REGISTRY: Registry<WithBoth> = registry![PUMP { site: "b2" }];
    for boot in 0..8u32 {
        PUMP.turn_seconds.reset();
        let mut random = Random(u64::from(boot));
        let mut host = Host::new();
        let mut last = [0; REGISTRY.cells()];
        // So small that a histogram is cut between frames, into which observations come.
        let mut reporter = Reporter::new(&REGISTRY, IDENTITY, boot).with_memory(&mut last).with_full_every(3);
        let (mut torn, mut wild) = (0, Random(100 + u64::from(boot)));
        let turns = RefCell::new(Vec::<u32>::new());
        for round in 0..60usize {
            let before = page(&REGISTRY, Format::Text, 400);
            let known = turns.borrow().len();
            send(&mut reporter, (&mut host, &mut random), 1 + round as u64, 48, || {
                for _ in 0..3 {
                    PUMP.observe_but_turns(&mut wild, round / 5);
                    // From one octave to all of them, and back: buckets are merged again and again, in the middle of frames.
                    let micros = 1_000_000 >> wild.below(1 + round / 4) << wild.below(1 + round / 10);
                    turns.borrow_mut().push(micros);
                    PUMP.turn_seconds().observe(micros);
                }
            });
            let after = page(&REGISTRY, Format::Text, 400);
            let shown = host.page(Format::Text);
            let count = |page: &str, what: &str| -> Option<u64> {
                let line = page.lines().find(|line| line.starts_with(what) && !line.contains("le=\"0"))?;
                line.rsplit_once(' ')?.1.parse().ok()
            };
            for series in ["pump_turn_seconds_count", "pump_flow_count"] {
                match (count(&before, series), count(&shown, series), count(&after, series)) {
                    (Some(before), Some(shown), Some(after)) if round > 2 => {
                        // Older than this snapshot at most as old as the last full one; never more than there is.
                        assert!(shown <= after, "{series}: {before} {shown} {after}");
                    }
                    (_, None, _) if round > 2 => torn += 1,
                    _ => {}
                }
            }
            // No line counts what was not observed, less than the one before, or less than was observed before the
            // snapshot.
            let mut below = 0;
            for line in shown.lines().filter(|line| line.starts_with("pump_turn_seconds_bucket")) {
                let n: u64 = line.rsplit_once(' ').unwrap().1.parse().unwrap();
                let le = line.split("le=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
                let le: f64 = le.parse().unwrap();
                let turns = turns.borrow();
                let count =
                    |turns: &[u32]| turns.iter().filter(|turn| f64::from(**turn) / 1e6 <= le).count() as u64;
                let (fewest, most) = (count(&turns[..known]), count(&turns));
                assert!(n >= below && n <= most, "{most} for {line}\n{shown}");
                assert!(n >= fewest || round <= 2, "{fewest} for {line}\n{shown}");
                below = n;
            }
        }
        assert!(torn < 10, "{torn}");
        // Nothing between frames: after a full snapshot all is as it is.
        for round in 0..6 {
            send(&mut reporter, (&mut host, &mut random), 200 + round, 48, || {});
        }
        host.agrees("pump-3", &page(&REGISTRY, Format::Text, 400), Format::Text).unwrap();
    }
}

#[test]
fn cells_make_a_native_histogram() {
    const GRID: [u32; Grid::words(3)] = Grid::table(Scale::new(-3), 32);
    const DETAILS: Details<'static> = Details { bounds: &GRID, ..Details::NONE };
    const DESC: Desc<'static> = Desc {
        number: Number::Signed,
        scale: Scale::new(-3),
        ..Desc::exponential_histogram("a", "A.", &DETAILS)
    };
    static WORDS: [u32; Grid::words(3)] = GRID;
    let histogram = SignedExponentialHistogram::<32>::new();
    for value in [0, 0, 1000, 1001, 2000, -500, -500, -501] {
        histogram.with(&WORDS).observe(value);
    }
    let shape = Exponential::of(&DESC).unwrap();
    let cells: Vec<u64> = (0..shape.cells()).map(|cell| Cell::of(histogram.read(0, cell), &DESC).0).collect();
    let native = Native::new(shape, &cells, DESC.scale).unwrap();
    assert_eq!((native.schema(), native.zero_count(), native.count()), (3, 2, 8));
    assert_eq!(native.above().collect::<Vec<_>>(), [(0, 1), (1, 1), (8, 1)]);
    assert_eq!(native.below().collect::<Vec<_>>(), [(-8, 2), (-7, 1)]);
    assert_eq!((native.sum(), native.scale()), (Value::Signed(2500), Scale::new(-3)));
    // Of two moments, or of none.
    for (cell, value) in [
        (Exponential::HALVINGS, 1),
        (Exponential::window(32, 2, 0), u64::MAX),
        (Exponential::window(32, 2, 1), 3),
        (Exponential::ZEROS, u64::MAX),
    ] {
        let mut other = cells.clone();
        other[cell] = value;
        assert!(Native::new(shape, &other, DESC.scale).is_none(), "{cell}");
    }
    assert!(Native::new(shape, &cells[1..], DESC.scale).is_none());
}

/// One family of a shape that no device has.
struct Wrong(Desc<'static>);

impl Source for Wrong {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        (index == 0).then_some(Instance { desc: &self.0, labels: &[], first: true })
    }

    fn read(&self, _: usize, _: usize, _: usize) -> Option<Value> {
        Some(Value::Unsigned(0))
    }

    fn schema_hash(&self) -> u32 {
        7
    }
}

#[test]
fn what_is_no_grid_is_refused() {
    let good: [u32; Grid::words(2)] = Grid::table(Scale::ONE, 16);
    let changed = |change: fn(&mut u32)| -> &'static [u32] {
        let mut words = good;
        change(&mut words[0]);
        words.to_vec().leak()
    };
    let cases: [&'static [u32]; 4] = [
        changed(|head| *head |= 0xf << 28),
        changed(|head| *head = (*head & 0xf000_ffff) | 4 << 16),
        changed(|head| *head = (*head & 0xf000_ffff) | 24 << 16),
        &[],
    ];
    for (case, bounds) in cases.into_iter().enumerate() {
        let details: &'static Details<'static> = Box::leak(Box::new(Details { bounds, ..Details::NONE }));
        let source = Wrong(Desc::exponential_histogram("a", "A.", details));
        let (mut host, mut random) = (Host::new(), Random(1));
        let mut reporter = Reporter::new(&source, IDENTITY, 1);
        for second in 1..4 {
            send(&mut reporter, (&mut host, &mut random), second, 200, || {});
        }
        let device = host.device();
        assert_eq!(device.refused.len(), 1, "case {case}: {device:?}");
        assert_eq!(host.page(Format::Text), "");
    }
}
