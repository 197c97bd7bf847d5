//! What the text says of exponential histograms, while they stand still and while they do not.

use std::cell::Cell;

use narthex::model::{Exponential, Grid, Kind, Scale, Source as _, Value, Window};
use narthex::text::{Cumulative, Format, Upper};
use narthex::{
    Counter, ExponentialHistogram, Family, LabelSet, LabelValues, Metrics, Registry,
    SignedExponentialHistogram, TableFamily, WithBoth, WithDistributions, registry,
};

use super::page;

#[derive(Clone, Copy, LabelSet)]
enum Side {
    Left,
    Right,
}

/// A radio.
#[derive(Metrics)]
#[metrics(prefix = "radio")]
struct Radio {
    /// Frames.
    frames_total: Counter,
    /// Time to an acknowledgement.
    #[metric(unit = "seconds", scale = -6, schema = 3)]
    acknowledgement_seconds: ExponentialHistogram<32>,
    /// By how much the clock was off.
    #[metric(unit = "seconds", scale = -3, schema = 1)]
    offset_seconds: SignedExponentialHistogram<16>,
    /// Sizes, by side.
    #[metric(unit = "bytes", schema = 0)]
    size_bytes: Family<Side, ExponentialHistogram<8>>,
}

#[test]
fn the_bounds_are_the_integers_below_those_of_the_buckets() {
    static RADIO: Radio = Radio::new();
    static REGISTRY: Registry<WithDistributions> = registry![RADIO { port: "a" }];
    RADIO.frames_total.inc();
    for micros in [0, 0, 1_000_000, 1_000_001, 1_090_507, 1_090_508, 2_000_000] {
        RADIO.acknowledgement_seconds().observe(micros);
    }
    for millis in [-5, -3, -3, 0, 700, 708] {
        RADIO.offset_seconds().observe(millis);
    }
    RADIO.size_bytes().at(Side::Right).observe_n(100, 3);
    let text = "\
# HELP radio_frames_total Frames.
# TYPE radio_frames_total counter
radio_frames_total{port=\"a\"} 1
# HELP radio_acknowledgement_seconds Time to an acknowledgement.
# TYPE radio_acknowledgement_seconds histogram
radio_acknowledgement_seconds_bucket{port=\"a\",le=\"0\"} 2
radio_acknowledgement_seconds_bucket{port=\"a\",le=\"0.917004\"} 2
radio_acknowledgement_seconds_bucket{port=\"a\",le=\"1\"} 3
radio_acknowledgement_seconds_bucket{port=\"a\",le=\"1.090507\"} 5
radio_acknowledgement_seconds_bucket{port=\"a\",le=\"1.189207\"} 6
radio_acknowledgement_seconds_bucket{port=\"a\",le=\"1.834008\"} 6
radio_acknowledgement_seconds_bucket{port=\"a\",le=\"2\"} 7
radio_acknowledgement_seconds_bucket{port=\"a\",le=\"+Inf\"} 7
radio_acknowledgement_seconds_sum{port=\"a\"} 6.181016
radio_acknowledgement_seconds_count{port=\"a\"} 7
# HELP radio_offset_seconds By how much the clock was off.
# TYPE radio_offset_seconds histogram
radio_offset_seconds_bucket{port=\"a\",le=\"-0.006\"} 0
radio_offset_seconds_bucket{port=\"a\",le=\"-0.004\"} 1
radio_offset_seconds_bucket{port=\"a\",le=\"-0.003\"} 3
radio_offset_seconds_bucket{port=\"a\",le=\"0\"} 4
radio_offset_seconds_bucket{port=\"a\",le=\"0.5\"} 4
radio_offset_seconds_bucket{port=\"a\",le=\"0.707\"} 5
radio_offset_seconds_bucket{port=\"a\",le=\"1\"} 6
radio_offset_seconds_bucket{port=\"a\",le=\"+Inf\"} 6
radio_offset_seconds_sum{port=\"a\"} 1.397
radio_offset_seconds_count{port=\"a\"} 6
# HELP radio_size_bytes Sizes, by side.
# TYPE radio_size_bytes histogram
radio_size_bytes_bucket{port=\"a\",side=\"left\",le=\"0\"} 0
radio_size_bytes_bucket{port=\"a\",side=\"left\",le=\"+Inf\"} 0
radio_size_bytes_sum{port=\"a\",side=\"left\"} 0
radio_size_bytes_count{port=\"a\",side=\"left\"} 0
radio_size_bytes_bucket{port=\"a\",side=\"right\",le=\"0\"} 0
radio_size_bytes_bucket{port=\"a\",side=\"right\",le=\"64\"} 0
radio_size_bytes_bucket{port=\"a\",side=\"right\",le=\"128\"} 3
radio_size_bytes_bucket{port=\"a\",side=\"right\",le=\"+Inf\"} 3
radio_size_bytes_sum{port=\"a\",side=\"right\"} 300
radio_size_bytes_count{port=\"a\",side=\"right\"} 3
";
    assert_eq!(page(&REGISTRY, Format::Text, 4096), text);
    // However it is cut.
    assert_eq!(page(&REGISTRY, Format::Text, 81), text);
    let open = page(&REGISTRY, Format::OpenMetrics, 100);
    assert!(
        open.contains("le=\"64.0\"} 0\n") && open.contains("# TYPE radio_size_bytes histogram\n"),
        "{open}"
    );
    // OpenMetrics 1.0, "Histogram": below 0 there is no sum.
    assert!(!open.contains("offset_seconds_sum") && !open.contains("offset_seconds_count"), "{open}");
    assert!(open.contains("radio_offset_seconds_bucket{port=\"a\",le=\"+Inf\"} 6\n# HELP"), "{open}");
}

#[derive(Clone, Copy, PartialEq, LabelValues)]
struct Peer {
    id: u8,
}

/// A server.
#[derive(Metrics)]
struct Server {
    /// Time to answer.
    #[metric(unit = "seconds", scale = -3, schema = 2)]
    answer_seconds: TableFamily<Peer, ExponentialHistogram<8>, 2>,
}

#[test]
fn children_come_and_go() {
    static SERVER: Server = Server::new();
    static REGISTRY: Registry<WithBoth> = registry![SERVER];
    SERVER.answer_seconds().observe(Peer { id: 1 }, 250);
    SERVER.answer_seconds().pin(Peer { id: 2 }).observe(1_000);
    let before = page(&REGISTRY, Format::Text, 200);
    assert!(before.contains("answer_seconds_bucket{id=\"1\",le=\"0.25\"} 1\n"), "{before}");
    assert!(before.contains("answer_seconds_sum{id=\"2\"} 1\n"), "{before}");
    SERVER.answer_seconds.remove(Peer { id: 1 }).unwrap();
    SERVER.answer_seconds().observe(Peer { id: 3 }, 4_000);
    let after = page(&REGISTRY, Format::Text, 200);
    assert!(!after.contains("id=\"1\""), "{after}");
    assert!(after.contains("answer_seconds_bucket{id=\"3\",le=\"4\"} 1\n"), "{after}");
    assert!(after.contains("answer_seconds_count{id=\"3\"} 1\n"), "{after}");
}

/// Reads a histogram cell by cell, and lets `between` happen in front of each cell.
fn restless(
    histogram: &ExponentialHistogram<8>,
    shape: &Exponential<'_>,
    between: impl Fn(usize),
) -> (Vec<(u64, u64)>, u64) {
    let reads = Cell::new(0);
    let read = |cell| {
        between(reads.get());
        reads.set(reads.get() + 1);
        match narthex::model::Cells::read(histogram, 0, cell) {
            Some(Value::Unsigned(n)) => n,
            other => panic!("{other:?}"),
        }
    };
    let (mut cumulative, mut lines) = (Cumulative::default(), Vec::new());
    while let Some(Upper { magnitude, .. }) = cumulative.next(shape, &read) {
        lines.push((magnitude, cumulative.total()));
    }
    (lines, cumulative.total())
}

#[test]
fn lines_never_fall_whatever_is_observed_between_two_reads() {
    static GRID: [u32; Grid::words(3)] = Grid::table(Scale::ONE, 8);
    let grid = Grid::new(&GRID).unwrap();
    let shape = Exponential { grid, signed: false };
    let start = [3, 100, 101, 110, 120];
    // What widens the window downwards, upwards, merges buckets a little, and very much.
    for late in [1, 90, 130, 200, 1_000_000, u32::MAX] {
        for at in 0..120 {
            let histogram = ExponentialHistogram::<8>::new();
            start[1..].iter().for_each(|value| histogram.with(&GRID).observe(*value));
            let (lines, total) = restless(&histogram, &shape, |read| {
                if read == at {
                    histogram.with(&GRID).observe(late);
                }
            });
            assert!(lines.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{late} at {at}: {lines:?}");
            assert!(lines.last().unwrap().1 <= total);
            assert!((4..=5).contains(&total), "{late} at {at}: {lines:?}");
            // No line counts less than was there before, or more than after.
            for (bound, count) in lines {
                let before = start[1..].iter().filter(|value| u64::from(**value) <= bound).count() as u64;
                let after = before + u64::from(u64::from(late) <= bound);
                assert!((before..=after).contains(&count), "{late} at {at}: {bound} {count}");
            }
        }
    }
}

#[test]
fn what_no_device_says_is_no_trouble() {
    let words: [u32; Grid::words(8)] = Grid::table(Scale::new(-18), 8);
    let shape = Exponential { grid: Grid::new(&words).unwrap(), signed: true };
    for window in [u64::MAX, 0, 1 << 63, Window { first: 1 << 22, cell: 3, halvings: 15 }.pack(8)] {
        let read = |cell| if cell < Exponential::sum(8, 2) { u64::MAX } else { window };
        let (mut cumulative, mut lines) = (Cumulative::default(), Vec::new());
        while let Some(upper) = cumulative.next(&shape, &read) {
            lines.push(upper);
            assert!(lines.len() < 40, "{lines:?}");
        }
    }
    assert_eq!(Kind::ExponentialHistogram.as_str(), "histogram");
}

#[test]
fn a_registry_says_how_many_cells_it_has() {
    static RADIO: Radio = Radio::new();
    static REGISTRY: Registry<WithDistributions> = registry![RADIO];
    // Halvings, zeros, the sum and a window, and one more window for those below 0.
    const CELLS: usize = REGISTRY.cells();
    assert_eq!(CELLS, 1 + (32 + 4) + (2 * 16 + 5) + 2 * (8 + 4));
    for (index, cells) in [(1, 36), (2, 37), (3, 12)] {
        assert_eq!(REGISTRY.instance(index).unwrap().desc.cells(), cells);
        assert!(REGISTRY.read(index, 0, cells - 1).is_some());
        assert!(REGISTRY.read(index, 0, cells).is_none());
    }
}
