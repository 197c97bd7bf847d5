//! A device with an info, a state set and a table, whose gateway asks.

use crate::file::link;
use narthex::frame::{Header, Kind, MIN_FRAME, payload, seal};
use narthex::model::{Desc, Details, Dimension, Instance, LabelValue, Slots, Source, Value};
use narthex::transport::Reporter;
use narthex::wire::{Identity, Request, schema};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

const BUILD: Desc<'static> = Desc::info(
    "door_build_info",
    "Firmware.",
    &Details { dimensions: &[Dimension { name: "version", values: &["1.2"] }], ..Details::NONE },
);
const STATE: Desc<'static> =
    Desc::state_set("door_state", "State.", &Details { states: &["shut", "open"], ..Details::NONE });
const USERS: Desc<'static> = Desc {
    details: &Details {
        capacity: 2,
        dimensions: &[Dimension { name: "user", values: &[] }],
        ..Details::NONE
    },
    ..Desc::counter("door_users_total", "Users.")
};
const INSTANCES: [Instance<'static>; 3] = [
    Instance { desc: &BUILD, labels: &[], first: true },
    Instance { desc: &STATE, labels: &[], first: true },
    Instance { desc: &USERS, labels: &[], first: true },
];

/// Who opened the door how often; slots are given out in order.
#[derive(Default)]
struct Door {
    state: AtomicU64,
    users: [AtomicU64; 3],
}

impl Slots for Door {
    fn birth(&self, slot: usize) -> u32 {
        let used = self.users.get(slot).is_some_and(|count| count.load(Relaxed) > 0);
        if used { slot as u32 + 1 } else { 0 }
    }

    fn label(&self, slot: usize, birth: u32, _: usize) -> Option<LabelValue> {
        LabelValue::new(["ann", "bob"].get(slot).filter(|_| self.birth(slot) == birth)?)
    }
}

impl Source for Door {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        INSTANCES.get(index).copied()
    }

    fn read(&self, index: usize, child: usize, _: usize) -> Option<Value> {
        let cell = if index == 1 { &self.state } else { self.users.get(child)? };
        Some(Value::Unsigned(cell.load(Relaxed)))
    }

    fn slots(&self, index: usize) -> Option<&dyn Slots> {
        (index == 2).then_some(self as _)
    }

    fn schema_hash(&self) -> u32 {
        schema::hash(&INSTANCES).unwrap()
    }
}

#[test]
fn a_door_sends_these_frames() {
    let (door, mut memory) = (Door::default(), [0; 7]);
    let identity = Identity { device: "door", firmware: "1.2" };
    let reporter = Reporter::new(&door, identity, 0xd00d).with_trickle(0);
    let mut reporter = reporter.with_memory(&mut memory).with_requests();
    let mut snapshot = |tenths: u64, requests: &[u8]| {
        reporter.receive(requests);
        reporter.begin(Duration::from_millis(tenths * 100));
        let (mut frames, mut buf) = (Vec::new(), [0; 256]);
        while let Some(frame) = reporter.frame(&mut buf).unwrap() {
            frames.push(frame.to_vec());
        }
        frames
    };
    door.state.store(1, Relaxed);
    door.users[0].store(300, Relaxed);
    let want = ["door, hello, schema and labels", "door, values"].map(link);
    assert_eq!(snapshot(10, &[]), want);

    door.state.store(0, Relaxed);
    door.users[1].store(1, Relaxed);
    assert_eq!(snapshot(20, &[]), ["door, labels of a new child", "door, what has changed"].map(link));
    assert_eq!(snapshot(30, &[]), ["door, nothing has changed"].map(link));

    let mut buf = [0; MIN_FRAME];
    let asked = [Request::Snapshot, Request::Labels { family: 2, slot: 1 }];
    let len = Request::put_all(&asked, payload(&mut buf));
    let schema = door.schema_hash();
    let header = Header { kind: Kind::REQUESTS, boot: 0xd00d, schema, sequence: 1, uptime: 0 };
    let requests = seal(&mut buf, &header, len);
    assert_eq!(requests, link("door, requests"));
    assert_eq!(snapshot(40, requests), ["door, labels as asked", "door, values as asked"].map(link));
}
