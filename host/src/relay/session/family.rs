//! A family as a device has described it, checked and made ready to be shown.

use std::collections::HashSet;
use std::sync::Arc;

use narthex::model::{Desc, Exponential, Grid, Kind, Label, Number, Scale};
use narthex::wire::Cell;

use super::description::Description;
use super::{Added, ChildSchema, Fault, Refused};
use crate::model::{Bound, Family, Form, LabelText, Shape, Value};

/// What stands in each label of the slot that takes what does not fit.
const OVERFLOW: &str = "other";

/// A family of a device: what its record said, with all that can be rendered once.
///
/// Devices that send the same bytes share one.
#[derive(Debug, PartialEq)]
pub struct FamilySchema {
    /// The record it was read from.
    pub bytes: Box<[u8]>,
    /// Name, help, unit, kind.
    pub family: Arc<Family>,
    /// Upper bounds, for a histogram.
    pub bounds: Arc<[Bound]>,
    /// Whether it is an exponential histogram.
    exponential: bool,
    /// The words of the grid, for an exponential histogram; the quantiles in millionths, for a summary.
    numbers: Box<[u32]>,
    /// The label of each state, for a state set.
    pub states: Box<[LabelText]>,
    /// The children whose labels are fixed, in the order in which they are shown: all of a dense family, the overflow
    /// slots of a table family.
    pub children: Box<[ChildSchema]>,
    /// What its children are like, if each is shown once its cells have come, and the labels that the gateway adds stand
    /// side by side in each.
    pub shape: Option<Arc<Shape>>,
    /// Cells of one child as they travel: none of an info, and in a table family one more for the birth, which is the
    /// first.
    pub cells: usize,
    /// By what power of ten integers are multiplied.
    pub scale: Scale,
    number: Number,
    optional: bool,
    /// How many children there are room for.
    slots: usize,
    table: Option<Table>,
}

/// What it takes to name the slots of a table family.
#[derive(Debug, PartialEq)]
struct Table {
    /// Slots of one instance, the overflow included.
    slots: usize,
    names: Box<[Box<str>]>,
    /// Constant labels of each instance.
    instances: Box<[Box<[Constant]>]>,
    added: Added,
}

/// A constant label: name and value.
type Constant = (Box<str>, Box<str>);

impl FamilySchema {
    /// Reads and checks the record of a family. `added` are the labels the gateway adds, which devices may not use;
    /// `max_series` is how many series the family may have.
    ///
    /// # Errors
    /// [`Refused`], with what is wrong.
    pub fn read(bytes: &[u8], added: &Added, max_series: usize) -> Result<Self, Refused> {
        let description = Description::read(bytes)?;
        description.with_desc(|desc| {
            let slots = desc.children().saturating_mul(description.instances.len());
            // Before anything is made of it: an empty slot takes as much memory as a full one.
            let series = slots.saturating_mul(series_of_child(desc));
            if series > max_series {
                let why = format!("it has {series} series, there is room for {max_series}");
                return Err(Refused::family(Fault::Limit, desc.name, why));
            }
            if series == 0 {
                return Err(Refused::family(Fault::Family, desc.name, "it has no series"));
            }
            Self::new(bytes, desc, &description.instances, slots, added)
                .map_err(|why| Refused::family(Fault::Family, desc.name, why))
        })
    }

    fn new(
        bytes: &[u8],
        desc: &Desc<'_>,
        instances: &[Vec<Label<'_>>],
        slots: usize,
        added: &Added,
    ) -> Result<Self, String> {
        let table = (desc.details.capacity > 0).then(|| Table::new(desc, instances, added));
        let state = |state: &&str| {
            LabelText::new(&[(desc.name, state)])
                .map_err(|defect| format!("a state set's name is a label's too: {}", defect.as_str()))
        };
        let family = Family {
            name: desc.name.into(),
            help: desc.help.into(),
            unit: desc.details.unit.into(),
            // Text has one kind of histogram.
            kind: match desc.kind {
                Kind::ExponentialHistogram => Kind::Histogram,
                kind => kind,
            },
        };
        let exponential = desc.kind == Kind::ExponentialHistogram;
        let histogram = desc.kind == Kind::Histogram;
        let (bounds, numbers) =
            if histogram { (desc.details.bounds, &[][..]) } else { (&[][..], desc.details.bounds) };
        let bounds = bounds.iter().map(|bound| Bound::scaled(*bound, desc.scale)).collect();
        let children = children(desc, instances, added)?;
        Ok(Self {
            bytes: bytes.into(),
            family: Arc::new(family),
            shape: shape(desc, &children, &bounds).map(Arc::new),
            bounds,
            exponential,
            numbers: numbers.into(),
            states: desc.details.states.iter().map(state).collect::<Result<_, _>>()?,
            children,
            cells: desc.stride(),
            scale: desc.scale,
            number: desc.number,
            optional: desc.optional,
            slots,
            table,
        })
    }

    /// How many children there are room for: in a table family its slots, the overflows included.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Whether its children come and go, each with a birth in front of its cells.
    pub fn is_table(&self) -> bool {
        self.table.is_some()
    }

    /// Whether this is the slot of a table family that takes what does not fit: its labels are fixed.
    pub fn is_overflow(&self, slot: usize) -> bool {
        let behind = |table: &Table| slot.checked_add(1).and_then(|n| n.checked_rem(table.slots)) == Some(0);
        slot < self.slots && self.table.as_ref().is_some_and(behind)
    }

    /// How many labels the slots of a table family have beside constant ones; 0 for a dense family.
    pub fn labels(&self) -> usize {
        self.table.as_ref().map_or(0, |table| table.names.len())
    }

    /// A slot of a table family by these label values. `None` if there is no such slot, its labels are fixed, or these
    /// are not as many as it has.
    pub fn child(&self, slot: usize, values: &[&str]) -> Option<ChildSchema> {
        let table = self.table.as_ref()?;
        if slot >= self.slots || self.is_overflow(slot) || values.len() != table.names.len() {
            return None;
        }
        let instance = table.instances.get(slot.checked_div(table.slots)?)?;
        let own = table.names.iter().zip(values).map(|(name, value)| (&**name, *value));
        let pairs: Vec<_> = instance.iter().map(|(name, value)| (&**name, &**value)).chain(own).collect();
        Some(ChildSchema { pieces: table.added.split(&pairs).ok()?, index: slot })
    }

    /// How many cells all children have together.
    pub fn total_cells(&self) -> usize {
        self.cells.saturating_mul(self.slots)
    }

    /// How many series there is room for, counted as Prometheus does: each bucket is one, so are a sum, a count and a
    /// state.
    pub fn series(&self) -> usize {
        self.series_of_child().saturating_mul(self.slots)
    }

    /// How many series one child has.
    pub fn series_of_child(&self) -> usize {
        if let Some(shape) = self.exponential() {
            return most_series(&shape);
        }
        match self.family.kind {
            // Its buckets, `+Inf`, sum and count.
            Kind::Histogram => self.bounds.len().saturating_add(3),
            Kind::Summary => self.numbers.len().saturating_add(2),
            Kind::StateSet => self.states.len(),
            _ => 1,
        }
    }

    /// Whether every child is shown once its cells have come.
    pub fn is_plain(&self) -> bool {
        !self.exponential && is_plain(self.family.kind, self.optional, self.is_table())
    }

    /// The shape of an exponential histogram, if it is one.
    pub fn exponential(&self) -> Option<Exponential<'_>> {
        let grid = Grid::new(&self.numbers).filter(|_| self.exponential)?;
        Some(Exponential { grid, signed: self.number == Number::Signed })
    }

    /// The quantiles of a summary, in millionths.
    pub fn quantiles(&self) -> &[u32] {
        if self.family.kind == Kind::Summary { &self.numbers } else { &[] }
    }

    /// What a cell stands for; `None` if it is unset. The state of a state set is its index.
    #[inline]
    pub fn value(&self, cell: u64) -> Option<Value> {
        Cell(cell).value(self.number, self.optional)
    }
}

impl Table {
    fn new(desc: &Desc<'_>, instances: &[Vec<Label<'_>>], added: &Added) -> Self {
        let owned = |label: &Label<'_>| (label.name.into(), label.value.into());
        Self {
            slots: desc.children(),
            names: desc.details.dimensions.iter().map(|dimension| dimension.name.into()).collect(),
            instances: instances.iter().map(|labels| labels.iter().map(owned).collect()).collect(),
            added: added.clone(),
        }
    }
}

fn is_plain(kind: Kind, optional: bool, is_table: bool) -> bool {
    matches!(kind, Kind::Counter | Kind::Gauge | Kind::Histogram) && !optional && !is_table
}

/// What the children of a family are like, as [`FamilySchema::shape`] says.
fn shape(desc: &Desc<'_>, children: &[ChildSchema], bounds: &Arc<[Bound]>) -> Option<Shape> {
    if !is_plain(desc.kind, desc.optional, desc.details.capacity > 0) {
        return None;
    }
    let ends = |child: &ChildSchema| match &*child.pieces {
        [before, between @ .., behind] if between.iter().all(|piece| piece.is_empty()) => {
            Some([before.clone(), behind.clone()])
        }
        _ => None,
    };
    let form = match desc.kind {
        Kind::Histogram => Form::Histogram(Arc::clone(bounds)),
        _ => Form::Value,
    };
    let labels = children.iter().map(ends).collect::<Option<_>>()?;
    Some(Shape { labels, form, number: desc.number, scale: desc.scale })
}

/// An exponential histogram has at most both ends of each bucket, 0, `+Inf`, sum and count.
fn most_series(shape: &Exponential<'_>) -> usize {
    shape.grid.buckets().saturating_add(1).saturating_mul(shape.rings()).saturating_add(4)
}

fn series_of_child(desc: &Desc<'_>) -> usize {
    if let Some(shape) = Exponential::of(desc) {
        return most_series(&shape);
    }
    match desc.kind {
        Kind::Histogram => desc.details.bounds.len().saturating_add(3),
        Kind::Summary => desc.details.bounds.len().saturating_add(2),
        Kind::StateSet => desc.details.states.len(),
        _ => 1,
    }
}

/// The children whose labels are fixed, in the order of their own label texts.
fn children(
    desc: &Desc<'_>,
    instances: &[Vec<Label<'_>>],
    added: &Added,
) -> Result<Box<[ChildSchema]>, String> {
    let (count, fixed) = match desc.details.capacity {
        0 => (desc.children(), 0..desc.children()),
        capacity => (capacity.saturating_add(1), capacity..capacity.saturating_add(1)),
    };
    let mut children = Vec::new();
    let mut seen = HashSet::new();
    for (instance, constant) in instances.iter().enumerate() {
        for child in fixed.clone() {
            let mut pairs: Vec<(&str, &str)> =
                constant.iter().map(|label| (label.name, label.value)).collect();
            for (i, dimension) in desc.details.dimensions.iter().enumerate() {
                let value = if desc.details.capacity > 0 {
                    OVERFLOW
                } else {
                    desc.label_value(child, i).unwrap_or_default()
                };
                pairs.push((dimension.name, value));
            }
            let pieces = added.split(&pairs)?;
            // To a server a label without a value is no label.
            pairs.retain(|(_, value)| !value.is_empty());
            if !seen.insert(added.split(&pairs)?) {
                return Err("two of its series have the same labels".into());
            }
            children
                .push(ChildSchema { pieces, index: instance.saturating_mul(count).saturating_add(child) });
        }
    }
    // By what is their own: so the order is the same whatever labels a device is given.
    children.sort_by(|a, b| a.text::<&str>(&[]).cmp(b.text::<&str>(&[])));
    Ok(children.into())
}
