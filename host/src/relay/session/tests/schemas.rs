//! Schemas: as they come, as they were known before, and what contradicts them.

use std::time::Duration;

use super::*;

/// An info, then a state set, then a gauge of two instances.
fn shapes() -> Families {
    const BOARD: &[Dimension<'static>] =
        &[Dimension { name: "board", values: &["a1"] }, Dimension { name: "rev", values: &["3"] }];
    const PORT: &[Dimension<'static>] = &[Dimension { name: "port", values: &["0", "1"] }];
    const NONE: &[Label<'static>] = &[];
    const TANKS: [&[Label<'static>]; 2] = [&[Label::new("tank", "a")], &[Label::new("tank", "b")]];
    Families(vec![
        (Desc::info("board_info", "Board.", &Details { dimensions: BOARD, ..Details::NONE }), NONE),
        (
            Desc::state_set(
                "mode",
                "Mode.",
                &Details { states: &["off", "on", "lost"], dimensions: PORT, ..Details::NONE },
            ),
            NONE,
        ),
        (Desc::info("chip_info", "Chip.", &Details { dimensions: BOARD, ..Details::NONE }), NONE),
        (Desc::gauge("level", "Level."), TANKS[0]),
        (Desc::gauge("level", "Level."), TANKS[1]),
    ])
}

#[test]
fn infos_and_state_sets_have_their_places() {
    let families = shapes();
    let mut line = Line::known(&families);
    assert_eq!((line.sink.progress, &line.sink.refused), ((4, 4), &vec![]));
    line.values(0, &[2, 0, 5, 6]);
    assert_eq!(line.sink.cells.values().copied().collect::<Vec<_>>(), [2, 0, 5, 6]);
    let [board, mode, chip, level] = &line.sink.families[..] else { panic!() };
    assert_eq!((board.cells, board.slots(), board.total_cells(), board.series()), (0, 1, 0, 1));
    assert_eq!((mode.cells, mode.slots(), mode.series()), (1, 2, 6));
    let states: Vec<_> = mode.states.iter().map(crate::model::LabelText::as_str).collect();
    assert_eq!(states, [r#"mode="off""#, r#"mode="on""#, r#"mode="lost""#]);
    let text = |child: &ChildSchema| String::from_utf8(child.text(&["device=\"x\""]).collect()).unwrap();
    assert_eq!(text(&chip.children[0]), r#"board="a1",device="x",rev="3""#);
    assert_eq!(text(&mode.children[1]), r#"device="x",port="1""#);
    assert_eq!(level.children.len(), 2);
}

#[test]
fn what_is_complete_is_saved_as_the_hash_is_computed() {
    for families in [usual(), shapes()] {
        let line = Line::known(&families);
        assert_eq!(line.sink.saved, [(families.schema_hash(), families.preimage())]);
    }
}

#[test]
fn what_was_known_is_there_with_the_name() {
    let families = usual();
    let mut line = Line::new(&families);
    line.sink.stored.insert(line.schema, families.preimage());
    line.tick();
    line.values(0, &[1]);
    assert_eq!((line.sink.counts.unknown_schema, line.sink.cells.len()), (1, 0));
    line.hello("pump", 0);
    assert_eq!(line.sink.progress, (3, 3));
    line.tick();
    line.values(0, &[9, 1, 20, 0, 0, 0, 0, 0, 0, 3, 4, 5, 6]);
    assert_eq!(line.sink.cells.len(), 13);
    // It is not saved again, and parts that agree with it are welcome.
    line.families(&families);
    assert_eq!((line.sink.saved.len(), &line.sink.refused), (0, &vec![]));
}

#[test]
fn part_of_what_was_known_may_have_come() {
    let families = usual();
    let mut line = Line::new(&families);
    line.sink.stored.insert(line.schema, families.preimage());
    line.tick();
    line.family(&families, 1);
    assert_eq!(line.sink.progress, (1, 3));
    line.hello("pump", 0);
    assert_eq!((line.sink.progress, line.sink.families.len()), ((3, 3), 3));
}

#[test]
fn what_was_known_is_taken_only_if_it_is_right() {
    let families = usual();
    let whole = families.preimage();
    let mut other = whole.clone();
    other[10] ^= 1;
    let short = &whole[..whole.len() - 1];
    for stored in [&other[..], short, &[], &[0], &[255, 255]] {
        let mut line = Line::new(&families);
        line.sink.stored.insert(line.schema, stored.to_vec());
        line.tick();
        line.hello("pump", 0);
        assert_eq!((line.sink.progress, &line.sink.refused), ((0, 0), &vec![]));
        line.families(&families);
        assert_eq!((line.sink.progress, line.sink.saved.len()), ((3, 3), 1));
    }
    // It has the hash, but one of its families is none.
    let bad = Families(vec![(Desc::gauge("up", "Up."), &[])]);
    let mut line = Line::new(&bad);
    line.sink.stored.insert(line.schema, bad.preimage());
    line.tick();
    line.hello("pump", 0);
    assert_eq!((line.sink.progress, &line.sink.refused), ((0, 0), &vec![]));
}

#[test]
fn a_different_schema_under_a_known_hash_is_refused() {
    let families = usual();
    let other = Families(vec![(Desc::counter("stops_total", "Stops."), &[]), usual().0[1], usual().0[2]]);
    let mut line = Line::new(&families);
    line.sink.stored.insert(line.schema, families.preimage());
    line.tick();
    line.hello("pump", 0);
    line.families(&other);
    assert_eq!(line.sink.refused, ["another schema came under the hash of one that is known"]);
    assert_eq!(line.sink.resets.last(), Some(&(7, line.schema, false)));
    line.values(0, &[1]);
    assert_eq!((line.sink.cells.len(), line.sink.families.len()), (0, 0));
}

#[test]
fn every_contradiction_is_told() {
    let why = |say: fn(&mut Line, &Families)| {
        let families = usual();
        let mut line = Line::new(&families);
        line.tick();
        say(&mut line, &families);
        assert!(line.sink.families.is_empty());
        line.sink.refused.last().cloned().unwrap_or_default()
    };
    assert_eq!(
        why(|line, families| {
            line.family(families, 0);
            line.record(kind::SCHEMA, &[1, 4, 1], &families.records()[1].1);
        }),
        "the number of its families changes"
    );
    assert_eq!(
        why(|line, families| line.record(kind::SCHEMA, &[3, 3, 0], &families.records()[0].1)),
        "its schema has a family 3 of 3"
    );
    assert_eq!(
        why(|line, families| line.record(kind::SCHEMA, &[0, 501, 0], &families.records()[0].1)),
        "it has 501 families, the limit is 500 series"
    );
    assert_eq!(
        why(|line, families| {
            line.family(families, 1);
            line.record(kind::SCHEMA, &[0, 3, 1], &families.records()[0].1);
        }),
        "its families overlap"
    );
    assert_eq!(
        why(|line, families| {
            line.family(families, 0);
            line.record(kind::SCHEMA, &[1, 3, 1], &families.records()[0].1);
        }),
        "one of its families is there twice"
    );
    assert_eq!(
        why(|line, families| {
            line.family(families, 0);
            line.family(families, 1);
            line.record(kind::SCHEMA, &[2, 3, 10], &families.records()[2].1);
        }),
        "its families do not follow each other"
    );
    assert_eq!(
        why(|line, families| {
            line.schema ^= 1;
            line.families(families);
        }),
        "its schema does not have the hash it announces"
    );
    assert_eq!(
        why(|line, _| (0..5).for_each(|n| line.part(kind::SCHEMA, &[n, 9, 0], &[0; 1024], 0, 1))),
        "its schema is longer than 4096 bytes"
    );
}

#[test]
fn every_refusal_of_a_family_is_told() {
    const PEER: &[Dimension<'static>] = &[Dimension { name: "peer", values: &[] }];
    const DEVICE: &[Dimension<'static>] = &[Dimension { name: "device", values: &["a"] }];
    const MANY: &[Dimension<'static>] = &[
        Dimension { name: "a", values: &["0", "1", "2", "3", "4", "5", "6", "7"] },
        Dimension { name: "b", values: &["0", "1", "2", "3", "4", "5", "6", "7"] },
        Dimension { name: "c", values: &["0", "1", "2", "3", "4", "5", "6", "7"] },
    ];
    const TWICE: &[Label<'static>] = &[Label::new("x", "")];
    let read = |families: &[(Desc<'static>, &'static [Label<'static>])], change: fn(&mut Vec<u8>)| {
        let mut bytes = Families(families.to_vec()).records()[0].1.clone();
        change(&mut bytes);
        match FamilySchema::read(&bytes, &Added::new("device", []), 500) {
            Ok(_) => String::new(),
            Err(Refused { why, .. }) => why,
        }
    };
    let why = |desc: Desc<'static>| read(&[(desc, &[])], |_| {});
    let gauge = Desc::gauge("g", "G.");
    assert_eq!(why(gauge), "");
    assert_eq!(
        why(Desc { details: &Details { capacity: 500, dimensions: PEER, ..Details::NONE }, ..gauge }),
        "it has 501 series, there is room for 500"
    );
    assert_eq!(
        why(Desc { details: &Details { capacity: 499, dimensions: PEER, ..Details::NONE }, ..gauge }),
        ""
    );
    assert_eq!(
        why(Desc { details: &Details { dimensions: MANY, ..Details::NONE }, ..gauge }),
        "it has 512 series, there is room for 500"
    );
    assert_eq!(
        why(Desc {
            kind: narthex::model::Kind::Info,
            ..Desc::info("g_info", "G.", &Details { dimensions: MANY, ..Details::NONE })
        }),
        "it has 512 series, there is room for 500"
    );
    assert_eq!(
        why(Desc { details: &Details { capacity: 9, ..Details::NONE }, ..gauge }),
        "a table family needs a label, of which no values are listed"
    );
    assert_eq!(
        why(Desc { details: &Details { capacity: 9, dimensions: DEVICE, ..Details::NONE }, ..gauge }),
        "a table family needs a label, of which no values are listed"
    );
    assert_eq!(
        why(Desc { details: &Details { dimensions: DEVICE, ..Details::NONE }, ..gauge }),
        "the label `device` is the gateway's own"
    );
    assert_eq!(
        why(Desc { details: &Details { capacity: 20_000, dimensions: PEER, ..Details::NONE }, ..gauge }),
        "the family has more than 16384 cells"
    );
    for name in ["up", "narthex_x", "scrape_x"] {
        let servers = "names starting with `narthex_` or `scrape_`, and `up`, are the servers' own";
        assert_eq!(why(Desc { name, ..gauge }), servers);
    }
    assert_eq!(
        why(Desc::info("up_info", "Up.", &Details { dimensions: &[], ..Details::NONE })),
        "names starting with `narthex_` or `scrape_`, and `up`, are the servers' own"
    );
    assert!(
        why(Desc::state_set("a:b", "A.", &Details { states: &["x"], ..Details::NONE }))
            .starts_with("a state set's name is a label's too: ")
    );
    assert_eq!(read(&[(gauge, &[]), (gauge, TWICE)], |_| {}), "two of its series have the same labels");
    // name (2), help (3), unit (1), then kind, number, scale, capacity, cells.
    assert_eq!(read(&[(gauge, &[])], |bytes| bytes[6] = 9), "this gateway does not know kind 9");
    assert_eq!(read(&[(gauge, &[])], |bytes| bytes[7] = 4), "this gateway does not know number 4");
    assert_eq!(read(&[(gauge, &[])], |bytes| bytes[8] = 100), "scale 100 is not within ±18");
    assert_eq!(read(&[(gauge, &[])], |bytes| bytes[10] = 2), "a child has 1 cells, not 2");
    assert_eq!(read(&[(gauge, &[])], |bytes| bytes.truncate(12)), "its record is cut off");
    let states = Desc::state_set("m", "M.", &Details { states: &["x"], ..Details::NONE });
    let listed = "the last label of a state set must list its states, and be called as it is";
    assert_eq!(read(&[(states, &[])], |bytes| bytes[14] = b'n'), listed);
    assert_eq!(
        read(&[(states, &[])], |bytes| bytes[6] = 1),
        "this kind of metric cannot hold this kind of number"
    );
    assert_eq!(read(&[(gauge, &[])], |bytes| bytes[6] = 5), listed);
}

#[test]
fn what_was_known_is_not_looked_up_at_a_devices_pace() {
    let families = usual();
    let mut line = Line::new(&families);
    let (known, other) = (line.schema, line.schema ^ 1);
    line.sink.stored.insert(known, families.preimage());
    line.hello("pump", 0);
    let known_after = |line: &mut Line, times: usize| {
        let mut found = 0;
        for _ in 0..times {
            for schema in [other, known] {
                line.schema = schema;
                line.values(0, &[]);
            }
            found += usize::from(line.sink.progress == (3, 3));
        }
        found
    };
    // Nor is what was not there: each is a look.
    let found = known_after(&mut line, 100);
    assert!((2..=4).contains(&found), "{found}");
    line.now = line.now.after(Duration::from_secs(60));
    assert_eq!(known_after(&mut line, 100), 4);
}
