use super::*;
use crate::model::{Desc, Details, Dimension, Label};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::string::String;

/// A family of two optional gauges; `set` says which of them is set at the how-manieth read.
struct Restless {
    reads: AtomicUsize,
    set: fn(usize) -> [bool; 2],
}

impl Source for Restless {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        const DESC: Desc<'static> = Desc { optional: true, ..Desc::gauge("level", "Level.") };
        const LABELS: [&[Label<'static>]; 2] = [&[Label::new("tank", "0")], &[Label::new("tank", "1")]];
        Some(Instance { desc: &DESC, labels: LABELS.get(index)?, first: index == 0 })
    }

    fn read(&self, index: usize, _: usize, _: usize) -> Option<Value> {
        let read = self.reads.fetch_add(1, Ordering::Relaxed);
        (self.set)(read).get(index)?.then_some(Value::Signed(5))
    }

    fn schema_hash(&self) -> u32 {
        0
    }
}

fn page(set: fn(usize) -> [bool; 2]) -> String {
    let source = Restless { reads: AtomicUsize::new(0), set };
    let (mut page, mut buf) = (String::new(), [0; 24]);
    let mut encoder = Encoder::new(Format::OpenMetrics);
    while let Ok(n @ 1..) = encoder.fill(&source, &mut buf) {
        page.push_str(core::str::from_utf8(&buf[..n]).unwrap());
    }
    assert_eq!(encoder.fill(&source, &mut buf), Ok(0));
    page
}

#[test]
fn samples_stand_below_their_type_whatever_happens_meanwhile() {
    let head = "# HELP level Level.\n# TYPE level gauge\n";
    assert_eq!(
        page(|_| [true, true]),
        std::format!("{head}level{{tank=\"0\"}} 5\nlevel{{tank=\"1\"}} 5\n# EOF\n")
    );
    // Cleared as soon as the family was found to be there: HELP and TYPE stay together.
    assert_eq!(page(|read| [read == 0, false]), std::format!("{head}# EOF\n"));
    assert_eq!(page(|read| [read == 0, true]), std::format!("{head}level{{tank=\"1\"}} 5\n# EOF\n"));
    // Set just behind the look at it: the whole family waits for the next page.
    assert_eq!(page(|read| [read > 1, read > 1]), "# EOF\n");
}

/// An info, a state set, and a family of state sets on two groups.
struct Board;

impl Source for Board {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        const BUILD: [Dimension<'static>; 2] = [
            Dimension { name: "version", values: &["1.2.0"] },
            Dimension { name: "board", values: &["rev \"c\""] },
        ];
        const SIDES: [Dimension<'static>; 1] = [Dimension { name: "side", values: &["left", "right"] }];
        const FAMILIES: [Desc<'static>; 3] = [
            Desc::info("build_info", "What this is.", &Details { dimensions: &BUILD, ..Details::NONE }),
            Desc::state_set("link", "The \"link\".", &Details { states: &["down", "up"], ..Details::NONE }),
            Desc::state_set(
                "valve",
                "Valves.",
                &Details { states: &["shut", "open"], dimensions: &SIDES, ..Details::NONE },
            ),
        ];
        const TANKS: [&[Label<'static>]; 2] = [&[Label::new("tank", "0")], &[Label::new("tank", "1")]];
        Some(match index {
            0 | 1 => Instance { desc: FAMILIES.get(index)?, labels: &[], first: true },
            2 | 3 => Instance { desc: &FAMILIES[2], labels: TANKS[index - 2], first: index == 2 },
            _ => return None,
        })
    }

    fn read(&self, index: usize, child: usize, cell: usize) -> Option<Value> {
        assert!(index > 0 && cell == 0, "an info has no cells, a state set has one");
        Some(Value::Unsigned(match index {
            1 => 1,
            2 => child as u64,
            // No state has this index: none holds.
            _ => 7,
        }))
    }

    fn schema_hash(&self) -> u32 {
        1
    }
}

fn board(format: Format) -> String {
    let (mut page, mut buf) = (String::new(), [0; 48]);
    let mut encoder = Encoder::new(format);
    while let n @ 1.. = encoder.fill(&Board, &mut buf).unwrap() {
        page.push_str(core::str::from_utf8(&buf[..n]).unwrap());
    }
    page
}

#[test]
fn infos_and_state_sets_are_gauges_in_text() {
    assert_eq!(
        board(Format::Text),
        "\
# HELP build_info What this is.
# TYPE build_info gauge
build_info{version=\"1.2.0\",board=\"rev \\\"c\\\"\"} 1
# HELP link The \"link\".
# TYPE link gauge
link{link=\"down\"} 0
link{link=\"up\"} 1
# HELP valve Valves.
# TYPE valve gauge
valve{tank=\"0\",side=\"left\",valve=\"shut\"} 1
valve{tank=\"0\",side=\"left\",valve=\"open\"} 0
valve{tank=\"0\",side=\"right\",valve=\"shut\"} 0
valve{tank=\"0\",side=\"right\",valve=\"open\"} 1
valve{tank=\"1\",side=\"left\",valve=\"shut\"} 0
valve{tank=\"1\",side=\"left\",valve=\"open\"} 0
valve{tank=\"1\",side=\"right\",valve=\"shut\"} 0
valve{tank=\"1\",side=\"right\",valve=\"open\"} 0
"
    );
}

#[test]
fn open_metrics_knows_infos_and_state_sets() {
    let page = board(Format::OpenMetrics);
    let start = "\
# HELP build What this is.
# TYPE build info
build_info{version=\"1.2.0\",board=\"rev \\\"c\\\"\"} 1
# HELP link The \\\"link\\\".
# TYPE link stateset
link{link=\"down\"} 0
link{link=\"up\"} 1
# HELP valve Valves.
# TYPE valve stateset
valve{tank=\"0\",side=\"left\",valve=\"shut\"} 1
";
    assert!(page.starts_with(start), "{page}");
    assert!(page.ends_with("\n# EOF\n"), "{page}");
}

#[test]
fn two_states_never_hold_at_a_time() {
    /// A state set that enters another state at each read.
    struct Hasty(AtomicUsize);

    impl Source for Hasty {
        fn instance(&self, index: usize) -> Option<Instance<'_>> {
            const DESC: Desc<'static> = Desc::state_set(
                "link",
                "Link.",
                &Details { states: &["down", "joining", "up"], ..Details::NONE },
            );
            (index == 0).then_some(Instance { desc: &DESC, labels: &[], first: true })
        }

        fn read(&self, _: usize, _: usize, _: usize) -> Option<Value> {
            Some(Value::Unsigned(self.0.fetch_add(1, Ordering::Relaxed) as u64 % 3))
        }

        fn schema_hash(&self) -> u32 {
            1
        }
    }

    for start in 0..3 {
        let source = Hasty(AtomicUsize::new(start));
        let (mut page, mut buf) = (String::new(), [0; 24]);
        let mut encoder = Encoder::new(Format::Text);
        while let n @ 1.. = encoder.fill(&source, &mut buf).unwrap() {
            page.push_str(core::str::from_utf8(&buf[..n]).unwrap());
        }
        assert_eq!(page.lines().filter(|line| line.ends_with(" 1")).count(), 1, "{page}");
    }
}

#[test]
fn each_cell_that_is_printed_was_read_once() {
    /// Three bounds, one bucket more, and the sum.
    const CELLS: usize = 5;

    /// A histogram whose cells grow with each read, the first one most: a line with a number that was read a second
    /// time has more than the next one.
    struct Growing([AtomicUsize; CELLS]);

    impl Source for Growing {
        fn instance(&self, index: usize) -> Option<Instance<'_>> {
            const DESC: Desc<'static> =
                Desc::histogram("size", "Size.", &Details { bounds: &[1, 2, 3], ..Details::NONE });
            (index == 0).then_some(Instance { desc: &DESC, labels: &[], first: true })
        }

        fn read(&self, _: usize, _: usize, cell: usize) -> Option<Value> {
            let reads = self.0.get(cell)?.fetch_add(1, Ordering::Relaxed) as u64;
            Some(Value::Unsigned(1 + reads * [1000, 100, 10, 1, 1][cell]))
        }

        fn schema_hash(&self) -> u32 {
            1
        }
    }

    for size in [512, 160, 80, 48, 32] {
        let source = Growing(Default::default());
        let (mut page, mut buf, mut cut) = (String::new(), std::vec![0; size], 0);
        let mut encoder = Encoder::new(Format::Text);
        while let n @ 1.. = encoder.fill(&source, &mut buf).unwrap() {
            page.push_str(core::str::from_utf8(&buf[..n]).unwrap());
            cut += 1;
        }
        let value = |line: &str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
        let all = |name| {
            page.lines().filter(|line| line.starts_with(name)).map(value).collect::<std::vec::Vec<_>>()
        };
        let (buckets, counts) = (all("size_bucket"), all("size_count"));
        assert!(buckets.is_sorted(), "{size}: {page}");
        assert_eq!((buckets.len(), &buckets[3..]), (4, &counts[..]), "{size}: {page}");
        // A line that did not fit is made anew in the next buffer, with what its cell is by then.
        let reads: usize = source.0.iter().map(|reads| reads.load(Ordering::Relaxed)).sum();
        assert!((CELLS..CELLS + cut).contains(&reads), "{size}: {reads} reads in {cut} buffers");
        assert!(cut > 1 || buckets == [1, 2, 3, 4], "{page}");
    }
}
