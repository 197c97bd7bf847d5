//! The registry that is changed at run time.

use narthex::model::{Label, Source as _, Value};
use narthex::registry::{DynRegistry, RegistryError};
use narthex::{Counter, Gauge, Metrics};

use super::reader::{lines, write_page};
use crate::operation::Nature::{Atomic, Steps};
use crate::operation::{Digest, Operation, Seen, Subject};

static REGISTERED: Subject = Subject { reset, view };

/// What is plugged in.
#[derive(Debug, Metrics)]
struct Probe {
    /// What it measures.
    probe: Gauge,
    /// How often.
    readings_total: Counter,
}

static FIRST: Probe = Probe::new();
static SECOND: Probe = Probe::new();
static REGISTRY: DynRegistry<4> = DynRegistry::new();

const ON_FIRST: &[Label<'static>] = &[Label::new("bus", "0")];
const ON_SECOND: &[Label<'static>] = &[Label::new("bus", "1")];

/// The first is there, the second is not.
fn reset() {
    let has = |labels| {
        (0..REGISTRY.len()).any(|index| REGISTRY.instance(index).is_some_and(|it| it.labels == labels))
    };
    // What is as it should be is left as it is: a change takes thousands of instructions.
    if has(ON_SECOND) {
        code(REGISTRY.unregister(&SECOND, ON_SECOND));
    }
    if !has(ON_FIRST) {
        code(REGISTRY.register(&FIRST, ON_FIRST));
    }
    FIRST.probe.set(7);
    SECOND.probe.set(8);
}

fn each(mut take: impl FnMut(u64)) {
    for index in 0..REGISTRY.len() {
        let mut instance = Digest::EMPTY;
        instance.put(index as u64);
        if let Some(there) = REGISTRY.instance(index) {
            instance.put(there.first.into());
            instance.bytes(there.desc.name.as_bytes());
            there.labels.iter().for_each(|label| instance.bytes(label.value.as_bytes()));
        }
        if let Some(Value::Signed(n)) = REGISTRY.read(index, 0, 0) {
            instance.put(n.cast_unsigned());
        }
        take(instance.value());
    }
}

fn view(view: &mut Digest) {
    view.put(REGISTRY.len() as u64);
    view.put(REGISTRY.schema_hash().into());
    each(|instance| view.put(instance));
}

const BUSY: u64 = 1;

fn code(result: Result<(), RegistryError>) -> u64 {
    match result {
        Ok(()) => 0,
        Err(RegistryError::Busy) => BUSY,
        Err(RegistryError::Duplicate { .. }) => 2,
        Err(RegistryError::Absent { .. }) => 3,
        Err(_) => 4,
    }
}

extern "C" fn register(seen: &mut Seen) {
    seen.push(code(REGISTRY.register(&SECOND, ON_SECOND)));
}

extern "C" fn unregister(seen: &mut Seen) {
    seen.push(code(REGISTRY.unregister(&FIRST, ON_FIRST)));
}

extern "C" fn busy(seen: &mut Seen) {
    seen.push(BUSY);
}

extern "C" fn len(seen: &mut Seen) {
    seen.push(REGISTRY.len() as u64);
}

/// All of one set: begins anew when it has changed.
extern "C" fn read(seen: &mut Seen) {
    for _ in 0..4 {
        let revision = REGISTRY.revision();
        seen.clear();
        each(|instance| seen.push(instance));
        seen.push(REGISTRY.schema_hash().into());
        if REGISTRY.revision() == revision {
            return;
        }
    }
}

extern "C" fn page(seen: &mut Seen) {
    write_page(&REGISTRY, seen);
}

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::new("registry register", &REGISTERED, Atomic, register).refusing(busy).long(),
    Operation::new("registry unregister", &REGISTERED, Atomic, unregister).refusing(busy).long(),
    Operation::new("registry len", &REGISTERED, Atomic, len),
    Operation::new("registry read", &REGISTERED, Atomic, read).long(),
    Operation::new("registry page", &REGISTERED, Steps, page).long().digest(lines),
];
