//! A source of any shape, whose slots come and go, now and then in the middle of being read.

use crate::model::{Desc, Details, Dimension, Instance, LabelValue, Slots, Source, Value};
use crate::wire::schema;
use core::cell::Cell;
use std::boxed::Box;
use std::format;
use std::sync::Mutex;
use std::vec::Vec;

/// A table of one family has these labels.
const LABELS: &[Dimension<'static>] =
    &[Dimension { name: "peer", values: &[] }, Dimension { name: "port", values: &[] }];

/// One slot, or one child of a dense family, whose birth is 1 then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) birth: u32,
    pub(super) cells: Vec<u64>,
}

/// The instruments behind one instance.
#[derive(Debug)]
pub(super) struct Part {
    desc: &'static Desc<'static>,
    first: bool,
    children: Mutex<Vec<Child>>,
    /// The births of the whole device, and reads until one of the slots is given to another.
    state: &'static Mutex<Shared>,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    births: u32,
    /// After so many reads, from then on each time; 0 for never.
    pub(super) restless: usize,
    pub(super) reads: usize,
    /// After so many reads every cell has grown by [`GROWTH`]; 0 for never.
    pub(super) grown: usize,
    pub(super) schema: u32,
}

/// So much that a cell takes five bytes more.
pub(super) const GROWTH: u64 = 1 << 40;

/// What stands in a snapshot: a position, and the child there.
pub(super) type Placed = (usize, Child);

#[derive(Debug)]
pub(super) struct Fake {
    pub(super) parts: Vec<Part>,
    pub(super) state: &'static Mutex<Shared>,
}

impl Default for Fake {
    fn default() -> Self {
        Self::new(&[])
    }
}

/// In the place of buckets: an info, which has no cells.
pub(super) const INFO: usize = usize::MAX;

/// The shape of a family: its buckets (0: a counter), the slots of its table (0: dense), its instances.
pub(super) type Shape = (usize, usize, usize);

/// The label values of a birth: of any lengths up to the longest.
pub(super) fn labels(birth: u32) -> [std::string::String; 2] {
    [format!("p{birth}"), "x".repeat((birth as usize * 7) % 33)]
}

impl Fake {
    pub(super) fn new(shapes: &[Shape]) -> Self {
        let state: &'static Mutex<Shared> = Box::leak(Box::default());
        let mut parts = Vec::new();
        for (index, &(buckets, capacity, instances)) in shapes.iter().enumerate() {
            let name: &'static str =
                format!("family_{index}{}", if buckets == 0 { "_total" } else { "" }).leak();
            let dimensions = if capacity > 0 { LABELS } else { &[] };
            let bounds: Vec<u32> = (1..=if buckets == INFO { 0 } else { buckets as u32 }).collect();
            let details = Details { bounds: bounds.leak(), capacity, dimensions, ..Details::NONE };
            let details: &'static Details<'static> = Box::leak(Box::new(details));
            let desc = if buckets == INFO {
                const VALUE: &[Dimension<'static>] = &[Dimension { name: "text", values: &["a"] }];
                let details = Box::leak(Box::new(Details { dimensions: VALUE, ..Details::NONE }));
                Desc::info(format!("family_{index}_info").leak(), "Text.", details)
            } else if buckets == 0 {
                Desc { details, ..Desc::counter(name, "As long as such a text often is.") }
            } else {
                Desc::histogram(name, "Time.", details)
            };
            let desc: &'static Desc<'static> = Box::leak(Box::new(desc));
            for instance in 0..instances {
                let birth = u32::from(capacity == 0);
                let child = Child { birth, cells: std::vec![0; desc.cells()] };
                let children = Mutex::new(std::vec![child; desc.children()]);
                parts.push(Part { desc, first: instance == 0, children, state });
            }
        }
        let fake = Self { parts, state };
        let instances: Vec<_> = (0..).map_while(|index| fake.instance(index)).collect();
        state.lock().unwrap().schema = schema::hash(&instances).unwrap();
        drop(instances);
        fake
    }

    pub(super) fn cells(&self) -> usize {
        self.parts.iter().map(|part| part.desc.all_cells()).sum()
    }

    /// Cells of a child of one instance as they travel.
    pub(super) fn stride(&self, part: usize) -> usize {
        self.parts[part].desc.stride()
    }

    /// All children with cells as they are now, by position; an empty slot has cells of 0.
    pub(super) fn children(&self) -> Vec<Placed> {
        let mut position = 0;
        let mut all = Vec::new();
        for part in &self.parts {
            for child in &*part.children.lock().unwrap() {
                all.push((position, child.clone()));
                position += part.desc.stride();
            }
        }
        all.retain(|(_, child)| !child.cells.is_empty());
        all
    }

    fn instance_at(&self, position: usize) -> (usize, usize) {
        let mut begin = 0;
        for (index, part) in self.parts.iter().enumerate() {
            if position < begin + part.desc.all_cells() {
                return (index, position - begin);
            }
            begin += part.desc.all_cells();
        }
        panic!("no cell {position}")
    }

    /// Whether a child begins there.
    pub(super) fn begins_child(&self, position: usize) -> bool {
        let (index, within) = self.instance_at(position);
        within % self.parts[index].desc.stride() == 0
    }

    pub(super) fn is_table(&self, position: usize) -> bool {
        self.parts[self.instance_at(position).0].desc.details.capacity > 0
    }

    pub(super) fn first_instance(&self, family: usize) -> usize {
        let firsts = self.parts.iter().enumerate().filter(|(_, part)| part.first);
        firsts.map(|(index, _)| index).nth(family).expect("a family")
    }

    pub(super) fn position_of(&self, instance: usize) -> usize {
        self.parts[..instance].iter().map(|part| part.desc.all_cells()).sum()
    }

    /// Live slots that have labels: family, slot, birth.
    pub(super) fn live(&self) -> Vec<(usize, usize, u64)> {
        let (mut live, mut family, mut before) = (Vec::new(), 0, 0);
        for (index, part) in self.parts.iter().enumerate() {
            if part.first {
                (family, before) = (family + usize::from(index > 0), 0);
            }
            let children = part.children.lock().unwrap();
            for (slot, child) in children.iter().enumerate().take(part.desc.details.capacity) {
                if child.birth > 0 {
                    live.push((family, before + slot, child.birth.into()));
                }
            }
            before += children.len();
        }
        live
    }

    /// Adds to a cell; in an empty slot the child is born.
    pub(super) fn add(&self, part: usize, child: usize, cell: usize, n: u64) {
        let part = &self.parts[part % self.parts.len()];
        let mut children = part.children.lock().unwrap();
        let len = children.len();
        let child = &mut children[child % len];
        if child.birth == 0 {
            child.birth = part.next_birth();
        }
        if let Some(at) = cell.checked_rem(child.cells.len()) {
            child.cells[at] += n;
        }
    }

    /// Empties a slot.
    pub(super) fn remove(&self, part: usize, child: usize) {
        let part = &self.parts[part % self.parts.len()];
        let mut children = part.children.lock().unwrap();
        let len = children.len();
        if part.desc.details.capacity > 0 {
            children[child % len] = Child { birth: 0, cells: std::vec![0; part.desc.cells()] };
        }
    }
}

impl Part {
    fn next_birth(&self) -> u32 {
        let mut state = self.state.lock().unwrap();
        state.births += 1;
        state.births
    }

    /// Gives the slot at hand to another, if it is time.
    fn disturb(&self, child: usize) {
        let mut state = self.state.lock().unwrap();
        state.reads += 1;
        if state.restless > 0 && state.reads.is_multiple_of(state.restless) && self.desc.details.capacity > 0
        {
            state.births += 1;
            let mut children = self.children.lock().unwrap();
            let birth = if state.births.is_multiple_of(3) { 0 } else { state.births };
            let cell = u64::from(birth) << 20;
            children[child] = Child { birth, cells: std::vec![cell; self.desc.cells()] };
        }
    }
}

impl Source for Fake {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        self.parts.get(index).map(|part| Instance { desc: part.desc, labels: &[], first: part.first })
    }

    fn read(&self, index: usize, child: usize, cell: usize) -> Option<Value> {
        let part = self.parts.get(index)?;
        part.disturb(child);
        let state = self.state.lock().unwrap();
        let growth = if state.grown > 0 && state.reads >= state.grown { GROWTH } else { 0 };
        let children = part.children.lock().unwrap();
        children.get(child)?.cells.get(cell).map(|cell| Value::Unsigned(cell + growth))
    }

    fn slots(&self, index: usize) -> Option<&dyn Slots> {
        self.parts.get(index).filter(|part| part.desc.details.capacity > 0).map(|part| part as _)
    }

    fn schema_hash(&self) -> u32 {
        self.state.lock().unwrap().schema
    }
}

impl Slots for Part {
    fn birth(&self, slot: usize) -> u32 {
        self.children.lock().unwrap().get(slot).map_or(0, |child| child.birth)
    }

    fn label(&self, slot: usize, birth: u32, dimension: usize) -> Option<LabelValue> {
        self.disturb(slot);
        let value = (self.birth(slot) == birth).then(|| labels(birth).get(dimension).cloned())??;
        LabelValue::new(&value)
    }
}

/// Numbers that look random.
#[derive(Debug)]
pub(super) struct Random(pub(super) Cell<u64>);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    pub(super) fn below(&self, limit: usize) -> usize {
        self.0.set(self.0.get().wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f));
        ((self.0.get() >> 33) % limit as u64) as usize
    }
}
