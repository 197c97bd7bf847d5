//! A family as a device has described it, checked and made ready to be shown.

use std::sync::Arc;

use narthex::model::{Defect, Desc, Dimension, Kind, Label, Number, Scale};
use narthex::wire::schema::{Family as Record, Fields};
use narthex::wire::{Cell, Truncated};

use super::{Added, ChildSchema};
use crate::model::{Bound, Family, Value};

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
    pub bounds: Box<[Bound]>,
    /// The children, in the order in which they are shown.
    pub children: Box<[ChildSchema]>,
    /// Cells of one child.
    pub cells: usize,
    /// By what power of ten integers are multiplied.
    pub scale: Scale,
    number: Number,
    optional: bool,
}

/// A family that is not taken: what it is called, as far as could be read, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its name; may be anything.
    pub family: String,
    /// What is wrong.
    pub why: String,
}

/// The labels of one record: dimensions, and the constant labels of each instance.
struct Labels<'a> {
    dimensions: Vec<(&'a str, Vec<&'a str>)>,
    instances: Vec<Vec<Label<'a>>>,
}

impl FamilySchema {
    /// Reads and checks the record of a family. `added` are the labels the gateway adds, which devices may not use;
    /// `max_series` is how many series the family may have.
    ///
    /// # Errors
    /// [`Refused`], with what is wrong.
    pub fn read(bytes: &[u8], added: &Added, max_series: usize) -> Result<Self, Refused> {
        let cut = |_: Truncated| Refused { family: String::new(), why: "its record is cut off".into() };
        let (record, mut fields) = Record::read(bytes).map_err(cut)?;
        let refused = |why: String| Refused { family: record.name.into(), why };
        let (bounds, labels) =
            read_lists(&mut fields).map_err(|_| refused("its record is cut off".into()))?;
        Self::check(bytes, &record, &bounds, &labels, added, max_series).map_err(refused)
    }

    fn check(
        bytes: &[u8],
        record: &Record<'_>,
        bounds: &[u32],
        labels: &Labels<'_>,
        added: &Added,
        max_series: usize,
    ) -> Result<Self, String> {
        let kind = match record.kind {
            0 => Kind::Counter,
            1 => Kind::Gauge,
            2 => Kind::Histogram,
            other => return Err(format!("this gateway does not know kind {other}")),
        };
        let number = match record.number {
            0 => Number::Unsigned,
            1 => Number::Signed,
            2 => Number::F32,
            3 => Number::F64,
            other => return Err(format!("this gateway does not know number {other}")),
        };
        if record.capacity != 0 {
            return Err("this gateway does not know table families".into());
        }
        let scale = Scale::new(record.scale);
        if scale.exponent() != record.scale {
            return Err(format!("scale {} is not within ±{}", record.scale, Scale::MAX));
        }
        let dimensions: Vec<Dimension<'_>> =
            labels.dimensions.iter().map(|(name, values)| Dimension { name, values }).collect();
        let shape = Desc {
            name: record.name,
            help: record.help,
            unit: record.unit,
            kind,
            number,
            optional: record.optional,
            scale,
            bounds,
            states: &[],
            capacity: 0,
            dimensions: &dimensions,
        };
        let as_text = |defect: Defect| defect.as_str().to_owned();
        shape.check().map_err(as_text)?;
        if is_reserved(shape.family()) {
            return Err("names starting with `narthex_` or `scrape_`, and `up`, are the servers' own".into());
        }
        if shape.cells() != record.cells {
            return Err(format!("a child has {} cells, not {}", shape.cells(), record.cells));
        }
        let all = shape.children().saturating_mul(labels.instances.len());
        let series = all.saturating_mul(series_of_child(kind, record.cells));
        if series > max_series {
            return Err(format!("it has {series} series, there is room for {max_series}"));
        }
        if series == 0 {
            return Err("it has no series".into());
        }
        let mut children = Vec::with_capacity(all);
        for constant in &labels.instances {
            shape.check_labels(constant).map_err(as_text)?;
            for child in 0..shape.children() {
                let mut pairs: Vec<(&str, &str)> =
                    constant.iter().map(|label| (label.name, label.value)).collect();
                for (i, dimension) in dimensions.iter().enumerate() {
                    pairs.push((dimension.name, shape.label_value(child, i).unwrap_or_default()));
                }
                children.push(ChildSchema { pieces: added.split(&pairs)?, index: children.len() });
            }
        }
        // By their whole text: where two instances have other labels, what comes first depends on the added ones too.
        children.sort_by(|a, b| a.text(added.names()).cmp(b.text(added.names())));
        if children.windows(2).any(|pair| matches!(pair, [a, b] if a.pieces == b.pieces)) {
            return Err("two of its series have the same labels".into());
        }
        let family =
            Family { name: record.name.into(), help: record.help.into(), unit: record.unit.into(), kind };
        Ok(Self {
            bytes: bytes.into(),
            family: Arc::new(family),
            bounds: bounds.iter().map(|bound| Bound::scaled(*bound, scale)).collect(),
            children: children.into(),
            cells: record.cells,
            scale,
            number,
            optional: record.optional,
        })
    }

    /// How many cells all children have together.
    pub fn total_cells(&self) -> usize {
        self.cells.saturating_mul(self.children.len())
    }

    /// How many series it has, counted as Prometheus does: each bucket is one, so are a sum and a count.
    pub fn series(&self) -> usize {
        self.series_of_child().saturating_mul(self.children.len())
    }

    /// How many series one child has.
    pub fn series_of_child(&self) -> usize {
        series_of_child(self.family.kind, self.cells)
    }

    /// Whether a cell may be unset.
    pub fn is_optional(&self) -> bool {
        self.optional
    }

    /// What a cell stands for; `None` if it is unset.
    pub fn value(&self, cell: u64) -> Option<Value> {
        Cell(cell).value(self.number, self.optional)
    }
}

/// A histogram's cells are its buckets and its sum; what is shown has a count as well.
fn series_of_child(kind: Kind, cells: usize) -> usize {
    cells.saturating_add(usize::from(kind == Kind::Histogram))
}

fn read_lists<'a>(fields: &mut Fields<'a>) -> Result<(Vec<u32>, Labels<'a>), Truncated> {
    let bounds = (0..fields.count()?).map(|_| fields.bound()).collect::<Result<_, _>>()?;
    let dimensions = (0..fields.count()?)
        .map(|_| {
            let name = fields.string()?;
            let values = (0..fields.count()?).map(|_| fields.string()).collect::<Result<_, _>>()?;
            Ok((name, values))
        })
        .collect::<Result<_, _>>()?;
    let instances = (0..fields.count()?)
        .map(|_| (0..fields.count()?).map(|_| Ok(Label::new(fields.string()?, fields.string()?))).collect())
        .collect::<Result<_, _>>()?;
    Ok((bounds, Labels { dimensions, instances }))
}

/// Names that a server or this gateway gives to series of its own.
fn is_reserved(name: &str) -> bool {
    name == "up" || name.starts_with("scrape_") || name.starts_with("narthex_")
}
