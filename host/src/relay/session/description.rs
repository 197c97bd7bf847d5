//! The record of a family, read and checked by the core's rules.

use narthex::model::{Defect, Desc, Details, Dimension, Grid, Kind, Label, Number, Scale};
use narthex::wire::Truncated;
use narthex::wire::schema::{Family as Fixed, Fields};

use super::{Fault, Refused};

/// What a record says, borrowed from it. Every rule that is a family's own is kept.
pub(super) struct Description<'a> {
    fixed: Fixed<'a>,
    kind: Kind,
    number: Number,
    bounds: Vec<u32>,
    states: Vec<&'a str>,
    dimensions: Vec<(&'a str, Vec<&'a str>)>,
    /// The constant labels of each instance.
    pub(super) instances: Vec<Vec<Label<'a>>>,
}

impl<'a> Description<'a> {
    /// Reads a record.
    ///
    /// # Errors
    /// [`Refused`], with what is wrong.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Refused> {
        const CUT: &str = "its record is cut off";
        let (fixed, mut fields) = Fixed::read(bytes).map_err(|_| Refused::new(Fault::Family, CUT))?;
        let refused = |why: String| Refused::family(Fault::Family, fixed.name, why);
        let (bounds, dimensions, instances) =
            read_lists(&mut fields).map_err(|Truncated| refused(CUT.into()))?;
        let read = || {
            let kind = kind(fixed.kind)?;
            let number = number(fixed.number)?;
            let mut read = Self { fixed, kind, number, bounds, states: Vec::new(), dimensions, instances };
            if kind == Kind::StateSet {
                read.split_states()?;
            }
            if kind == Kind::ExponentialHistogram {
                read.bounds = read.grid()?;
            }
            read.with_desc(|desc| read.check(desc))?;
            Ok(read)
        };
        read().map_err(refused)
    }

    /// The last label of a state set lists its states.
    fn split_states(&mut self) -> Result<(), String> {
        match self.dimensions.pop() {
            Some((name, states)) if name == self.fixed.name => self.states = states,
            _ => {
                return Err(
                    "the last label of a state set must list its states, and be called as it is".into()
                );
            }
        }
        Ok(())
    }

    /// The grid of an exponential histogram, of which the schema travels: the rest follows from that, the scale, and how
    /// many cells there are.
    fn grid(&self) -> Result<Vec<u32>, String> {
        let schema = match &*self.bounds {
            [schema] => i8::try_from(*schema).unwrap_or(-1),
            _ => return Err("an exponential histogram has one bound, its schema".into()),
        };
        let mut words = vec![0; Grid::words(schema)];
        if words.is_empty() {
            return Err(format!("there is no schema {schema}"));
        }
        let rings = if self.number == Number::Signed { 2 } else { 1 };
        let buckets = self.fixed.cells.saturating_sub(3 + rings) / rings;
        Grid::fill(&mut words, Scale::new(self.fixed.scale), buckets);
        Ok(words)
    }

    fn check(&self, desc: &Desc<'_>) -> Result<(), String> {
        let as_text = |defect: Defect| defect.as_str().to_owned();
        if desc.scale.exponent() != self.fixed.scale {
            return Err(format!("scale {} is not within ±{}", self.fixed.scale, Scale::MAX));
        }
        desc.check().map_err(as_text)?;
        if is_reserved(desc.family()) || is_reserved(desc.name) {
            return Err("names starting with `narthex_` or `scrape_`, and `up`, are the servers' own".into());
        }
        if desc.cells() != self.fixed.cells {
            return Err(format!("a child has {} cells, not {}", desc.cells(), self.fixed.cells));
        }
        self.instances.iter().try_for_each(|labels| desc.check_labels(labels).map_err(as_text))
    }

    /// Lends it as the core's description.
    pub(super) fn with_desc<T>(&self, use_it: impl FnOnce(&Desc<'_>) -> T) -> T {
        let dimensions: Vec<Dimension<'_>> =
            self.dimensions.iter().map(|(name, values)| Dimension { name, values }).collect();
        use_it(&Desc {
            name: self.fixed.name,
            help: self.fixed.help,
            kind: self.kind,
            number: self.number,
            optional: self.fixed.optional,
            scale: Scale::new(self.fixed.scale),
            details: &Details {
                unit: self.fixed.unit,
                bounds: &self.bounds,
                states: &self.states,
                capacity: self.fixed.capacity,
                dimensions: &dimensions,
            },
        })
    }
}

fn kind(number: u8) -> Result<Kind, String> {
    const KINDS: [Kind; 7] = [
        Kind::Counter,
        Kind::Gauge,
        Kind::Histogram,
        Kind::Summary,
        Kind::Info,
        Kind::StateSet,
        Kind::ExponentialHistogram,
    ];
    let known = KINDS.into_iter().find(|kind| *kind as u8 == number);
    known.ok_or_else(|| format!("this gateway does not know kind {number}"))
}

fn number(number: u8) -> Result<Number, String> {
    const NUMBERS: [Number; 4] = [Number::Unsigned, Number::Signed, Number::F32, Number::F64];
    let known = NUMBERS.into_iter().find(|known| *known as u8 == number);
    known.ok_or_else(|| format!("this gateway does not know number {number}"))
}

/// Names that a server or this gateway gives to series of its own.
fn is_reserved(name: &str) -> bool {
    name == "up" || name.starts_with("scrape_") || name.starts_with("narthex_")
}

/// Bounds; labels and their values; the constant labels of each instance.
type Lists<'a> = (Vec<u32>, Vec<(&'a str, Vec<&'a str>)>, Vec<Vec<Label<'a>>>);

fn read_lists<'a>(fields: &mut Fields<'a>) -> Result<Lists<'a>, Truncated> {
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
    Ok((bounds, dimensions, instances))
}
