//! Interrupts at every instruction of every operation, on a core with compare-and-swap and on one without: nothing is
//! lost, torn or hung. And the same harness finds what is wrong with counters that are.
//!
//! The firmware `storm` does it (see `firmware-examples/README.md`); here it is booted, and what it says is compared with
//! what the emulator says was executed. Lines `what<TAB>…` on stdout are the table of what was covered.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod machine;

use std::collections::{BTreeMap, BTreeSet};
use std::env;

use machine::{AN386, AN500, AN505, Executed, Firmware, LM3S, MICROBIT, Machine, RV32IMAC, RV32IMC, hex};

/// At a long operation, each instruction is the turn of one interrupting operation in so many; of three that preempt
/// each other, likewise. 1 is everything by everything.
fn turns(variable: &str, short: u32) -> String {
    env::var(variable).unwrap_or_else(|_| short.to_string())
}

/// What the firmware says of some operations that preempt each other.
#[derive(Debug)]
struct Cell<'a> {
    names: &'a [&'a str],
    /// Where the first was preempted, and the marks of what came out wrong.
    places: Vec<&'a str>,
    injections: u64,
}

/// The lines of a kind, each of which names so many operations. None may be wrong.
fn cells<'a>(lines: &'a [Vec<&'a str>], names: usize) -> Vec<Cell<'a>> {
    let cell = |line: &'a Vec<&'a str>| {
        let cell = Cell {
            names: &line[1..=names],
            places: line[names + 1].split(' ').filter(|place| !place.is_empty()).collect(),
            injections: line[names + 2].parse().expect("a number of injections"),
        };
        assert_eq!(line[names + 3], "0", "{:?}: {:?}", cell.names, wrong(&cell));
        cell
    };
    lines.iter().map(cell).collect()
}

/// Where what came out was wrong, and how.
fn wrong(cell: &Cell<'_>) -> Vec<(u32, String)> {
    let marks = cell.places.windows(2).filter(|pair| pair[1].starts_with('!'));
    marks.filter(|pair| !pair[0].starts_with('!')).map(|pair| (pc(pair[0]), pair[1].to_owned())).collect()
}

fn pc(place: &str) -> u32 {
    hex(place.split(':').next().unwrap_or_default())
}

fn hits(cell: &Cell<'_>) -> BTreeSet<u32> {
    cell.places.iter().filter(|place| !place.starts_with('!')).map(|place| pc(place)).collect()
}

fn fields<'a>(said: &'a str, kind: &str) -> Vec<Vec<&'a str>> {
    let lines = said.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    lines.filter(|line| line[0] == kind).collect()
}

/// Each instruction at which an operation could have been preempted was one at which it was.
#[track_caller]
fn covers(operation: &Executed, hits: &BTreeSet<u32>, by: &str) {
    let missed: Vec<_> = operation.open.difference(hits).map(|pc| format!("{pc:x}")).collect();
    assert!(missed.is_empty(), "{} was not preempted by {by} at {missed:?}", operation.name);
    assert!(!operation.open.is_empty(), "{} was not run", operation.name);
}

/// Every operation, preempted by every operation, at each of its instructions.
fn one_deep(machine: Machine) {
    let firmware = Firmware::build(machine);
    // From the carry of the low word; then short operations from that of a step.
    for (start, turns) in [("0", turns("NARTHEX_STORM_ONE", 1_000)), ("1", "0".to_owned())] {
        let operations = firmware.trace(start, "one");
        let (status, said) = firmware.run(&["one", start, &turns]);
        assert_eq!(status, 0, "{said}");
        let lines = fields(&said, "one");
        let cells = cells(&lines, 2);
        let with_long = turns != "0";
        let outers: Vec<_> = operations.iter().filter(|operation| with_long || !operation.long).collect();
        assert_eq!(cells.len(), outers.len() * operations.len(), "every pair");
        for outer in outers {
            let mut all = BTreeSet::new();
            let mut injections = 0;
            for (cell, inner) in cells.iter().filter(|cell| cell.names[0] == outer.name).zip(&operations) {
                assert_eq!(cell.names[1], inner.name);
                let hits = hits(cell);
                if !outer.long {
                    covers(outer, &hits, &inner.name);
                }
                injections += cell.injections;
                all.extend(hits);
            }
            covers(outer, &all, "all");
            let elsewhere = all.difference(&outer.open).count();
            println!(
                "{}\t{}\t{injections}\t{}\t{}\t{}\t{elsewhere}\t0",
                machine.name,
                outer.name,
                outer.open.len() + outer.masked.len(),
                outer.open.len(),
                outer.masked.len(),
            );
        }
    }
}

/// Every short operation, preempted by every one on the same subject.
fn related(machine: Machine) {
    let firmware = Firmware::build(machine);
    let operations = firmware.trace("0", "related");
    let (status, said) = firmware.run(&["related", "0"]);
    assert_eq!(status, 0, "{said}");
    let lines = fields(&said, "one");
    let cells = cells(&lines, 2);
    let (mut injections, mut pairs) = (0, 0);
    for outer in operations.iter().filter(|outer| !outer.long) {
        let of_outer = || cells.iter().filter(|cell| cell.names[0] == outer.name);
        assert!(of_outer().any(|cell| cell.names[1] == outer.name), "{} by itself", outer.name);
        for cell in of_outer() {
            covers(outer, &hits(cell), cell.names[1]);
            injections += cell.injections;
            pairs += 1;
        }
    }
    assert!(pairs == cells.len() && pairs > 400, "{pairs} of {} pairs", cells.len());
    println!("{}\trelated\t{injections}", machine.name);
}

/// What is run on a core of another kind: the same in short, and all of it where the long forms are asked for.
fn another(machine: Machine) {
    related(machine);
    races(machine);
    free_running(machine);
    if env::var_os("NARTHEX_STORM_ONE").is_some() {
        one_deep(machine);
        two_deep(machine);
    }
}

/// Every short operation, preempted by every one on the same subject, and that by every one.
fn two_deep(machine: Machine) {
    let firmware = Firmware::build(machine);
    let operations = firmware.trace("0", "two");
    let (status, said) = firmware.run(&["two", "0", &turns("NARTHEX_STORM_TWO", 40)]);
    assert_eq!(status, 0, "{said}");
    let lines = fields(&said, "two");
    let mut outers: BTreeMap<&str, (u64, BTreeSet<u32>)> = BTreeMap::new();
    for cell in cells(&lines, 3) {
        let (injections, all) = outers.entry(cell.names[0]).or_default();
        *injections += cell.injections;
        all.extend(hits(&cell));
    }
    assert!(outers.len() >= 40, "{} operations", outers.len());
    let mut sum = 0;
    for operation in &operations {
        if let Some((injections, all)) = outers.get(operation.name.as_str()) {
            covers(operation, all, "all");
            sum += injections;
        }
    }
    assert!(sum > 100_000, "{sum} injections");
    println!("{}\ttwo deep\t{sum}", machine.name);
}

/// A counter that loads, adds and stores fails where one can tell from its instructions that it must, and nowhere else.
fn races(machine: Machine) {
    let firmware = Firmware::build(machine);
    let (status, said) = firmware.run(&["races"]);
    assert_eq!(status, 0, "{said}");
    // Not the constants beside the code, and not the stack.
    let data = |operands: &str| !["[pc", "[sp", "(sp)"].iter().any(|elsewhere| operands.contains(elsewhere));
    let moves = |function, [arm, riscv]: [&str; 2]| {
        firmware.instructions_of(function, |mnemonic, operands| {
            (mnemonic.starts_with(arm) || mnemonic == riscv) && data(operands)
        })
    };
    let (loads, stores) =
        (|function| moves(function, ["ldr", "lw"]), |function| moves(function, ["str", "sw"]));
    let (inc, get) = ([loads("racy_inc"), stores("racy_inc")], loads("racy_get"));
    let [load, store] = &inc;
    assert_eq!((load.len(), store.len()), (2, 2), "two words are loaded and stored");
    let lines = fields(&said, "one");
    let expect = |outer: &str, inner: &str, behind: u32, until: u32, how: &str| {
        let line = lines.iter().find(|line| line[1] == outer && line[2] == inner).expect("a line");
        let cell = Cell { names: &line[1..3], places: line[3].split(' ').collect(), injections: 0 };
        let all = hits_in(&cell);
        let expected: Vec<_> =
            all.iter().filter(|pc| behind < **pc && **pc <= until).map(|pc| (*pc, how.to_owned())).collect();
        assert!(!expected.is_empty());
        let mut found = wrong(&cell);
        // Where an alarm was before the same instruction twice.
        found.dedup();
        assert_eq!(found, expected, "{outer} preempted by {inner}");
        println!(
            "{}\t{outer}\tpreempted by {inner}\tis wrong at {} of {}",
            machine.name,
            expected.len(),
            all.len()
        );
    };
    // What has been loaded is out of date until it is stored; from the low word on the outcome is right again.
    expect("racy inc", "racy inc", load[0], store[0], "!lost");
    // A reader sees one new word and one old one.
    expect("racy inc", "racy get", store[0], store[1], "!torn1");
    expect("racy get", "racy inc", get[0], get[1], "!torn0");
}

fn hits_in(cell: &Cell<'_>) -> BTreeSet<u32> {
    let places = cell.places.iter().filter(|place| !place.is_empty() && !place.starts_with('!'));
    places.map(|place| pc(place)).collect()
}

/// As many interrupts as asked for, three deep, whenever they like: the sums agree.
fn free_running(machine: Machine) {
    let firmware = Firmware::build(machine);
    let (status, said) = firmware.run(&["free", &turns("NARTHEX_STORM_FREE", 100_000)]);
    assert_eq!(status, 0, "{said}");
    let lines = fields(&said, "free");
    let [line] = lines.as_slice() else { panic!("{said}") };
    let number = |at: usize| line[at].parse::<u64>().expect("a number");
    assert!(number(1) >= 100_000 && number(3) > number(1), "{said}");
    assert_eq!((number(2), number(4)), (3, 0), "{said}");
    println!("{}\tfree running\t{}\tupdates\t{}", machine.name, number(1), number(3));
}

#[test]
fn with_compare_and_swap_every_operation_may_be_preempted_anywhere() {
    one_deep(LM3S);
}

#[test]
fn without_it_every_operation_may_be_preempted_anywhere() {
    one_deep(MICROBIT);
}

#[test]
fn with_compare_and_swap_what_preempts_may_be_preempted() {
    two_deep(LM3S);
}

#[test]
fn without_it_what_preempts_may_be_preempted() {
    two_deep(MICROBIT);
}

#[test]
fn with_compare_and_swap_a_racy_counter_is_found_out() {
    races(LM3S);
}

#[test]
fn without_it_a_racy_counter_is_found_out() {
    races(MICROBIT);
}

/// An atomic of 64 bits made of a lock: an interrupt that meets it waits for ever. Where the lock is a critical section,
/// it does not.
#[test]
fn a_counter_with_a_lock_is_found_out() {
    let (status, said) = Firmware::build(LM3S).run(&["locks"]);
    assert_eq!(status, 3, "{said}");
    let hung = said.lines().last().expect("it says something");
    assert!(hung.contains("hung\t1\t"), "{said}");
    let (status, said) = Firmware::build(MICROBIT).run(&["locks"]);
    assert_eq!(status, 0, "{said}");
    assert_eq!(cells(&fields(&said, "one"), 2).len(), 4);
}

#[test]
fn with_compare_and_swap_a_hundred_thousand_interrupts_lose_nothing() {
    free_running(LM3S);
}

#[test]
fn without_it_a_hundred_thousand_interrupts_lose_nothing() {
    free_running(MICROBIT);
}

#[test]
fn on_a_cortex_m4f() {
    another(AN386);
}

#[test]
fn on_a_cortex_m7() {
    another(AN500);
}

#[test]
fn on_a_cortex_m33() {
    another(AN505);
}

#[test]
fn on_an_rv32imac() {
    another(RV32IMAC);
}

#[test]
fn on_an_rv32imc() {
    another(RV32IMC);
}
