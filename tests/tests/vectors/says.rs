//! What the crate makes of a frame.

use narthex::frame::{Header, Kind};
use narthex::wire::record::{Part, Record, Records};
use narthex::wire::take_varint;
use narthex_tests::peers;
use serde_json::json;

/// What the crate makes of a frame, as `frames.py` says it.
pub(crate) fn says(header: &Header, mut payload: &[u8]) -> serde_json::Value {
    let names = ["values", "part", "sparse", "records", "requests"];
    let name = names.get(usize::from(header.kind.number())).unwrap_or(&"unknown");
    let mut says = json!({
        "frame": name, "boot": format!("{:08x}", header.boot), "schema": format!("{:08x}", header.schema),
        "sequence": header.sequence, "uptime": header.uptime,
    });
    let mut take = || take_varint(&mut payload);
    match header.kind {
        Kind::VALUES | Kind::PART => {
            let first = if header.kind == Kind::PART { take().unwrap() } else { 0 };
            let cells: Vec<_> = (first..).map_while(|position| Some((position, take()?))).collect();
            says["cells"] = json!(cells);
        }
        Kind::SPARSE => {
            let (first, covered) = (take().unwrap(), take().unwrap());
            let (bitmap, mut cells) = payload.split_at(usize::try_from(covered).unwrap().div_ceil(8));
            let bit = |at: &u64| bitmap[usize::try_from(at / 8).unwrap()] >> (at % 8) & 1 == 1;
            let mut cell = |at: u64| (first + at, take_varint(&mut cells).unwrap());
            says["cells"] = json!((0..covered).filter(bit).map(&mut cell).collect::<Vec<_>>());
            assert!(cells.is_empty());
        }
        Kind::RECORDS | Kind::REQUESTS => {
            let mut records = Records::new(payload);
            says["records"] = (&mut records).map(record_says).collect();
            assert!(!records.is_truncated());
        }
        _ => {}
    }
    says
}

fn record_says(record: Record<'_>) -> serde_json::Value {
    let with = |mut says: serde_json::Value, part: Part<'_>| {
        (says["offset"], says["total"], says["bytes"]) =
            (part.offset.into(), part.total.into(), peers::hex(part.bytes).into());
        says
    };
    match record {
        Record::Hello(part) => with(json!({ "record": "hello" }), part),
        Record::Schema { family, families, first, part } => {
            with(json!({ "record": "schema", "family": family, "families": families, "first": first }), part)
        }
        Record::Label { family, slot, birth, part } => {
            with(json!({ "record": "label", "family": family, "slot": slot, "birth": birth }), part)
        }
        Record::HelloRequest => json!({ "record": "hello request" }),
        Record::SchemaRequest { family } => json!({ "record": "schema request", "family": family }),
        Record::SnapshotRequest => json!({ "record": "snapshot request" }),
        Record::LabelRequest { family, slot } => {
            json!({ "record": "label request", "family": family, "slot": slot })
        }
        Record::Unknown { kind } => json!({ "record": "unknown", "kind": kind }),
        other => panic!("{other:?}"),
    }
}
