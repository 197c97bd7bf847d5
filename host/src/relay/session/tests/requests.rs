//! What a device is asked for.

use narthex::frame::{Decoder, MIN_FRAME};
use narthex::wire::record::{Record, Records};

use super::*;

const READS: u32 = Hello::READS_REQUESTS;

impl Line {
    /// What was asked since the last time, frame by frame; as a device hears it.
    fn asked(&mut self) -> Vec<String> {
        let mut decoder = Decoder::<MIN_FRAME>::new();
        let bytes = std::mem::take(&mut self.reply);
        let (mut input, mut asked) = (&bytes[..], Vec::new());
        while let Some(event) = decoder.feed(&mut input) {
            let Event::Frame(frame) = event else { panic!("{event:?}") };
            assert_eq!(frame.header.kind, Kind::REQUESTS);
            assert_eq!((frame.header.boot, frame.header.schema), (self.boot, self.schema));
            let records: Vec<_> = Records::new(frame.payload)
                .map(|record| match record {
                    Record::HelloRequest => "hello".to_owned(),
                    Record::SchemaRequest { family } => format!("schema {family}"),
                    Record::SnapshotRequest => "snapshot".to_owned(),
                    Record::LabelRequest { family, slot } => format!("labels {family} {slot}"),
                    other => format!("{other:?}"),
                })
                .collect();
            asked.push(records.join(", "));
        }
        asked
    }
}

#[test]
fn a_device_that_does_not_read_is_asked_nothing() {
    let families = usual();
    for flags in [0, 2, !1] {
        let mut line = Line::new(&families);
        line.sink.unlabelled = Some((1, 0));
        for _ in 0..5 {
            line.tick();
            line.hello("pump", flags);
            line.sparse(0, 1, &[1], &[4]);
        }
        assert!(line.reply.is_empty());
    }
}

#[test]
fn nothing_is_asked_that_comes_by_itself() {
    let families = usual();
    let mut line = Line::new(&families);
    line.tick();
    line.hello("pump", READS);
    line.families(&families);
    line.values(0, &[0; 13]);
    for _ in 0..3 {
        line.tick();
        line.sparse(0, 1, &[1], &[4]);
    }
    assert_eq!(line.asked(), [""; 0]);
}

#[test]
fn the_schema_is_asked_from_the_first_gap_on() {
    let families = usual();
    let mut line = Line::new(&families);
    line.tick();
    line.hello("pump", READS);
    line.family(&families, 0);
    line.family(&families, 2);
    line.values(0, &[0; 13]);
    assert_eq!(line.asked(), ["schema 1"]);
    line.tick();
    line.family(&families, 1);
    line.values(0, &[0; 13]);
    line.tick();
    line.values(0, &[0; 13]);
    assert_eq!(line.asked(), [""; 0]);
    // A boot: it has read requests before.
    line.boot += 1;
    line.tick();
    line.values(0, &[0; 13]);
    assert_eq!(line.asked(), ["hello, schema 0"]);
}

#[test]
fn a_device_without_families_has_no_schema_to_ask_for() {
    let mut line = Line::new(&usual());
    line.tick();
    let hello =
        Hello { identity: Identity { device: "d", firmware: "" }, families: 0, cells: 0, flags: READS };
    for _ in 0..3 {
        line.record(kind::HELLO, &[], &record(|window| hello.write(window)));
        line.tick();
    }
    assert_eq!(line.asked(), [""; 0]);
}

#[test]
fn a_full_snapshot_is_asked_for_behind_a_gap() {
    let families = usual();
    let mut line = Line::new(&families);
    line.tick();
    line.hello("pump", READS);
    line.families(&families);
    line.values(0, &[0; 13]);
    line.tick();
    line.sparse(0, 1, &[1], &[4]);
    assert_eq!(line.asked(), [""; 0]);
    line.sequence += 1;
    line.tick();
    line.sparse(0, 1, &[1], &[5]);
    assert_eq!(line.asked(), ["snapshot"]);
    // It is under way; its end is lost.
    line.tick();
    line.values(0, &[0; 9]);
    line.sequence += 1;
    line.tick();
    line.sparse(0, 1, &[1], &[5]);
    assert_eq!(line.asked(), ["snapshot"]);
    line.tick();
    line.values(0, &[0; 13]);
    line.tick();
    line.sparse(0, 1, &[1], &[5]);
    line.tick();
    line.sparse(0, 1, &[1], &[5]);
    assert_eq!(line.asked(), [""; 0]);
    // A device that sends everything each time is not asked.
    let mut line = Line::known(&families);
    line.hello("pump", READS);
    for _ in 0..3 {
        line.sequence += 1;
        line.tick();
        line.values(0, &[0; 13]);
    }
    assert_eq!(line.asked(), [""; 0]);
}

#[test]
fn a_device_heard_in_the_middle_is_asked_for_all() {
    let families = usual();
    let mut line = Line::new(&families);
    line.sink.stored.insert(line.schema, families.preimage());
    line.sequence = 700;
    line.uptime = 9000;
    line.hello("pump", READS);
    line.sink.unlabelled = Some((1, 2));
    line.sparse(0, 1, &[1], &[4]);
    assert_eq!(line.asked(), ["snapshot, labels 1 2"]);
}

#[test]
fn what_nobody_answers_is_asked_less_and_less() {
    let families = usual();
    let mut line = Line::new(&families);
    line.tick();
    line.hello("pump", READS);
    let mut asked = Vec::new();
    for second in 0..300 {
        line.values(0, &[0; 13]);
        line.values(1, &[0; 12]);
        asked.extend(line.asked().iter().map(|_| second));
        line.tick();
    }
    assert_eq!(asked, [0, 1, 3, 7, 15, 31, 63, 127, 191, 255]);
    // Something else is asked at once.
    line.sink.unlabelled = Some((0, 2));
    line.family(&families, 1);
    line.values(0, &[0; 13]);
    assert_eq!(line.asked(), ["schema 0, labels 1 2"]);
    line.sink.unlabelled = Some((0, 1));
    line.values(1, &[0; 12]);
    assert_eq!(line.asked(), [""; 0]);
    line.tick();
    line.values(1, &[0; 12]);
    assert_eq!(line.asked(), ["schema 0, labels 1 1"]);
}
