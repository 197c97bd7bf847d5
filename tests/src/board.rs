//! A group of metrics as a registry of its own, one for each boot of a simulated device.

use narthex::model::{Desc, Instance, Slots, Source, Value};
use narthex::registry::Metrics;
use narthex::wire::schema;

/// A registry of one group. Firmware has one in a `static`, made by `registry!`; tests boot as often as they like.
#[derive(Debug)]
pub struct Board<G> {
    /// What the simulation updates.
    pub group: G,
    schema_hash: u32,
}

/// A family that stands once, without constant labels.
pub fn instance<'a>(desc: &'a Desc<'a>) -> Instance<'a> {
    Instance { desc, labels: &[], first: true }
}

impl<G: Metrics> Board<G> {
    /// A device that has just booted.
    ///
    /// # Panics
    /// If the schema were too long.
    pub fn new(group: G) -> Self {
        let instances: Vec<_> = G::DESCS.iter().map(instance).collect();
        let schema_hash = schema::hash(&instances).expect("the schema is short");
        Self { group, schema_hash }
    }

    /// The same for as long as the test lives. Some bytes for each boot, which tests are short enough to lose.
    ///
    /// # Panics
    /// If the schema were too long.
    pub fn boot(group: G) -> &'static Self {
        Box::leak(Box::new(Self::new(group)))
    }
}

impl<G: Metrics> Source for Board<G> {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        G::DESCS.get(index).map(instance)
    }

    fn read(&self, index: usize, child: usize, cell: usize) -> Option<Value> {
        self.group.metric(index)?.read(child, cell)
    }

    fn slots(&self, index: usize) -> Option<&dyn Slots> {
        self.group.metric(index)?.slots()
    }

    fn schema_hash(&self) -> u32 {
        self.schema_hash
    }
}
