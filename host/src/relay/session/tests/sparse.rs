//! Sparse frames.

use std::collections::BTreeSet;
use std::sync::Mutex;

use narthex::transport::Reporter;

use super::*;

fn handed(line: &Line) -> Vec<(usize, u64)> {
    line.sink.cells.iter().map(|(place, cell)| (*place, *cell)).collect()
}

#[test]
fn what_has_changed_is_taken() {
    let mut line = Line::known(&usual());
    line.tick();
    // The counter, slots 1 and 2, the histogram: cells 0, 3 to 6, 9 to 12.
    line.sparse(0, 13, &[0b0111_1001, 0b0001_1110], &[5, 1, 10, 2, 20, 6, 7, 8, 9]);
    let all = [(0, 5), (3, 1), (4, 10), (5, 2), (6, 20), (9, 6), (10, 7), (11, 8), (12, 9)];
    assert_eq!((handed(&line), &line.sink.refused), (all.to_vec(), &vec![]));
    line.tick();
    line.sparse(5, 2, &[0b11], &[3, 30]);
    assert_eq!(handed(&line)[3..5], [(5, 3), (6, 30)]);
    // Nothing is nothing, wherever it is.
    line.sparse(0, 0, &[], &[]);
    line.sparse(65_536, 0, &[], &[]);
    assert_eq!((handed(&line).len(), &line.sink.refused), (9, &vec![]));
}

#[test]
fn cells_of_unknown_families_are_passed_over() {
    let families = usual();
    let mut line = Line::new(&families);
    line.tick();
    line.family(&families, 2);
    line.sparse(0, 13, &[0b0111_1001, 0b0001_1110], &[5, 1, 10, 2, 20, 6, 7, 8, 9]);
    assert_eq!(handed(&line), [(0, 6), (1, 7), (2, 8), (3, 9)]);
    line.sparse(13, 9, &[0xff, 1], &[1; 9]);
    assert_eq!((handed(&line).len(), &line.sink.refused), (4, &vec![]));
}

#[test]
fn what_is_malformed_is_refused_whole() {
    let why = |payload: &[u8]| {
        let mut line = Line::known(&usual());
        line.tick();
        line.send(Kind::SPARSE, payload);
        assert!(line.sink.cells.is_empty(), "{payload:?}");
        // It does no harm to what comes next.
        line.values(0, &[1]);
        assert_eq!(line.sink.cells.len(), 1);
        line.sink.refused.pop().unwrap_or_default()
    };
    let begins = "a sparse frame does not say where it begins and how far it goes";
    assert_eq!(why(&[]), begins);
    assert_eq!(why(&[0]), begins);
    assert_eq!(why(&[0x80, 0x80]), begins);
    let behind = "a sparse frame covers cells behind the last there can be";
    assert_eq!(why(&varints(&[65_536, 1])), behind);
    assert_eq!(why(&varints(&[u64::MAX, 2])), behind);
    assert_eq!(why(&varints(&[1, u64::MAX])), behind);
    assert_eq!(why(&[0, 13, 1]), "the bitmap of a sparse frame is cut off");
    assert_eq!(why(&[0, 3, 0b1000, 1]), "a sparse frame has cells behind its end");
    assert_eq!(why(&[0, 13, 1, 0]), "the values of a sparse frame are cut off");
    assert_eq!(why(&[0, 13, 1, 0, 0x80]), "the values of a sparse frame are cut off");
    assert_eq!(why(&[0, 13, 1, 0, 1, 2]), "a sparse frame has more values than bits");
    let part = "a sparse frame has a part of a slot";
    assert_eq!(why(&[0, 13, 0b0000_0011, 0, 7, 8]), part);
    assert_eq!(why(&[0, 13, 0b0000_0101, 0, 7, 8]), part);
    assert_eq!(why(&[0, 13, 0b0001_0011, 0, 7, 8, 9]), part);
    let covers = "a sparse frame covers a part of a child";
    assert_eq!(why(&[0, 2, 0b0000_0011, 7, 8]), covers);
    assert_eq!(why(&[2, 3, 0b0000_0001, 7]), covers);
    assert_eq!(why(&[10, 3, 0b0000_0111, 7, 8, 9]), covers);
    assert_eq!(why(&[9, 3, 0b0000_0111, 7, 8, 9]), covers);
}

/// Of the histogram, its second cell and its sum.
fn part(line: &mut Line, second: u64, sum: u64) {
    line.tick();
    line.sparse(9, 4, &[0b1010], &[second, sum]);
}

fn histogram(line: &Line) -> Vec<u64> {
    line.sink.cells.range(9..13).map(|(_, cell)| *cell).collect()
}

/// A device of which everything has come.
fn fresh() -> Line {
    let mut line = Line::known(&usual());
    line.tick();
    line.values(0, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    part(&mut line, 5, 6);
    assert_eq!(histogram(&line), [1, 5, 3, 6]);
    line
}

#[test]
fn part_of_a_child_is_taken_where_nothing_of_it_is_missing() {
    let mut line = fresh();
    // With what stands around it, and though other families are not known.
    line.tick();
    line.sparse(0, 20, &[0b0111_1001, 0b0011_0100, 0], &[5, 1, 10, 2, 20, 8, 9, 100]);
    assert_eq!(handed(&line)[0..5], [(0, 5), (1, 0), (2, 0), (3, 1), (4, 10)]);
    assert_eq!((histogram(&line), &line.sink.refused), (vec![1, 8, 3, 9], &vec![]));
    // A frame that comes twice takes nothing away.
    line.tick();
    let frame = line.frame(Kind::SPARSE, &[9, 4, 0b0001, 7]);
    line.feed(&frame);
    line.feed(&frame);
    part(&mut line, 1, 1);
    assert_eq!(histogram(&line), [7, 1, 3, 1]);
    // Of a whole snapshot, a part that nothing else is of.
    let mut line = Line::known(&usual());
    line.tick();
    line.sparse(9, 4, &[0b1111], &[1, 2, 3, 4]);
    part(&mut line, 5, 6);
    assert_eq!(histogram(&line), [1, 5, 3, 6]);
}

#[test]
fn part_of_a_child_is_left_where_something_may_be_missing() {
    type Happens = fn(&mut Line);
    let ways: [(&str, Happens); 8] = [
        ("a frame that is lost", |line| line.sequence += 1),
        ("a frame that is late", |line| {
            let late = line.frame(Kind::SPARSE, &[9, 4, 0b0001, 70]);
            line.values(0, &[1]);
            line.feed(&late);
        }),
        ("a frame that is malformed", |line| line.send(Kind::SPARSE, &[9, 4, 0b0001])),
        ("values that are cut off", |line| line.send(Kind::VALUES, &[1, 0x80])),
        ("a part of nothing", |line| line.send(Kind::PART, &[0x80])),
        ("a frame of another kind", |line| line.send(Kind::new(9), &[1])),
        ("a child that was cut and does not go on", |line| line.values(9, &[10, 20])),
        ("an hour of silence", |line| line.uptime += 36_000),
    ];
    for (what, happens) in ways {
        let mut line = fresh();
        happens(&mut line);
        part(&mut line, 50, 60);
        assert_eq!(histogram(&line), [1, 5, 3, 6], "{what}");
        // Nor with the others, one after the other.
        line.tick();
        line.sparse(9, 4, &[0b0101], &[10, 30]);
        assert_eq!(histogram(&line), [1, 5, 3, 6], "{what}");
        // Until all of it has come.
        line.tick();
        line.sparse(9, 4, &[0b1111], &[11, 51, 31, 61]);
        part(&mut line, 52, 62);
        assert_eq!(histogram(&line), [11, 52, 31, 62], "{what}");
    }
    // What came before the family was known was not kept.
    let mut line = Line::new(&usual());
    line.family(&usual(), 0);
    line.tick();
    line.values(0, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    line.sparse(9, 4, &[0b1111], &[1, 2, 3, 4]);
    line.family(&usual(), 2);
    part(&mut line, 5, 6);
    assert!(histogram(&line).is_empty());
    // Another boot knows nothing of the one before.
    let mut line = fresh();
    line.boot += 1;
    line.families(&usual());
    part(&mut line, 5, 6);
    assert!(histogram(&line).is_empty());
}

/// Two histograms and a counter that count.
struct Counting {
    families: Families,
    cells: Mutex<[u64; 10]>,
}

impl Source for Counting {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        self.families.instance(index)
    }

    fn read(&self, instance: usize, _: usize, cell: usize) -> Option<Value> {
        Some(Value::Unsigned(self.cells.lock().unwrap()[[0, 4, 5][instance] + cell]))
    }

    fn schema_hash(&self) -> u32 {
        self.families.schema_hash()
    }
}

/// Numbers that look like chance.
fn below(random: &mut u64, end: usize) -> usize {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*random >> 33) as usize % end
}

#[test]
fn a_histogram_is_always_of_one_snapshot() {
    const DETAILS: &Details<'static> = &Details { bounds: &[1, 2], ..Details::NONE };
    const MORE: &Details<'static> = &Details { bounds: &[1, 2, 3], ..Details::NONE };
    let mut parts = 0;
    for seed in 0..200 {
        let random = &mut (seed * 77 + 1);
        let histograms = Families(vec![
            (Desc::histogram("a", "Waits.", DETAILS), &[]),
            (Desc::counter("b_total", "Boots."), &[]),
            (Desc::histogram("c", "Waits.", MORE), &[]),
        ]);
        let source = Counting { families: histograms, cells: Mutex::default() };
        let mut memory = [0; 10];
        let identity = Identity { device: "pump", firmware: "1" };
        let mut reporter = Reporter::new(&source, identity, 7).with_memory(&mut memory);
        let mut line = Line::new(&source.families);
        let mut states = [BTreeSet::new(), BTreeSet::new()];
        let faults = below(random, 4);
        let mut held: Vec<Vec<u8>> = Vec::new();
        for second in 1..120 {
            for _ in 0..below(random, 4) {
                source.cells.lock().unwrap()[below(random, 10)] += 1 << below(random, 40);
            }
            let cells = *source.cells.lock().unwrap();
            states[0].insert(cells[..4].to_vec());
            states[1].insert(cells[5..].to_vec());
            reporter.begin(Duration::from_secs(second));
            let mut buf = vec![0; 48 + below(random, 60)];
            line.tick();
            while let Some(frame) = reporter.frame(&mut buf).unwrap() {
                parts += usize::from(frame[1] & 15 == 2 && second > 1);
                // Lost, twice, late, or as it should be; now and then the snapshot is given up.
                match below(random, 40) {
                    0..3 if faults & 1 == 1 => {}
                    3..5 => held.extend([frame.to_vec(), frame.to_vec()]),
                    5 if faults & 2 == 2 => held.insert(0, frame.to_vec()),
                    6 if faults & 2 == 2 => break,
                    _ => held.push(frame.to_vec()),
                }
                if below(random, 8) == 0 && faults & 1 == 1 {
                    continue;
                }
                for frame in held.drain(..) {
                    line.feed(&frame);
                    // Where they are kept depends on which family came first.
                    let mut place = 0;
                    for family in &line.sink.families {
                        let cells = place..place + family.total_cells();
                        place = cells.end;
                        let states = match &*family.family.name {
                            "a" => &states[0],
                            "c" => &states[1],
                            _ => continue,
                        };
                        let shown: Vec<_> = line.sink.cells.range(cells).map(|(_, cell)| *cell).collect();
                        assert!(shown.is_empty() || states.contains(&shown), "seed {seed}: {shown:?}");
                    }
                }
            }
            if faults == 0 && second > 1 {
                let shown: Vec<_> = line.sink.cells.values().copied().collect();
                assert_eq!(shown, cells, "seed {seed}: without faults nothing is older");
            }
        }
    }
    assert!(parts > 10_000, "{parts}");
}

#[test]
fn a_child_that_was_cut_does_not_go_on_behind_a_sparse_frame() {
    let mut line = Line::known(&usual());
    line.tick();
    line.values(8, &[5, 1, 2]);
    line.sparse(0, 1, &[1], &[4]);
    line.values(11, &[3, 4]);
    assert_eq!(handed(&line), [(0, 4)]);
    line.tick();
    line.values(9, &[1, 2]);
    line.values(11, &[3, 4]);
    assert_eq!(handed(&line), [(0, 4), (9, 1), (10, 2), (11, 3), (12, 4)]);
    line.values(65_530, &[1; 7]);
    assert_eq!(line.sink.refused, ["a frame has values behind the last cell there can be"]);
}
