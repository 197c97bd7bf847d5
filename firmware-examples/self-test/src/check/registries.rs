//! The registry that is changed at run time.

use narthex::model::{Label, Source as _};
use narthex::registry::RegistryError;
use narthex::text::Format;
use narthex::{Counter, DynRegistry, Gauge, Metrics};

use super::{Outcome, holds, page};

/// What is plugged in.
#[derive(Debug, Metrics)]
struct Probe {
    /// What it measures.
    probe: Gauge,
    /// How often.
    probe_readings_total: Counter,
}

static FIRST: Probe = Probe::new();
static SECOND: Probe = Probe::new();
static THIRD: Probe = Probe::new();
static REGISTRY: DynRegistry<4> = DynRegistry::new();

const ON_FIRST: &[Label<'static>] = &[Label::new("bus", "0")];
const ON_SECOND: &[Label<'static>] = &[Label::new("bus", "1")];
const ON_THIRD: &[Label<'static>] = &[Label::new("bus", "2")];

pub(super) fn dynamic() -> Outcome {
    let empty = (REGISTRY.schema_hash(), REGISTRY.revision());
    holds!(REGISTRY.is_empty());
    holds!(REGISTRY.register(&FIRST, ON_FIRST).is_ok());
    holds!(matches!(REGISTRY.register(&SECOND, ON_FIRST), Err(RegistryError::Duplicate { .. })));
    holds!(matches!(REGISTRY.unregister(&SECOND, ON_SECOND), Err(RegistryError::Absent { .. })));
    holds!(REGISTRY.register(&SECOND, ON_SECOND).is_ok());
    holds!(matches!(REGISTRY.register(&THIRD, ON_THIRD), Err(RegistryError::Full { capacity: 4 })));
    holds!(REGISTRY.has_changed(empty.1));
    FIRST.probe.set(-5);
    SECOND.probe_readings_total.inc();
    let made = page::is(&REGISTRY, Format::Text, include_bytes!("../../expected/dynamic.txt"))?;
    holds!(REGISTRY.unregister(&FIRST, ON_FIRST).is_ok());
    holds!(REGISTRY.unregister(&SECOND, ON_SECOND).is_ok());
    holds!((REGISTRY.len(), REGISTRY.schema_hash()) == (0, empty.0));
    Ok(made)
}
