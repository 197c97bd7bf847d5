//! The static part of a registry: what families there are, in bytes, and their hash.

use super::Window;
use super::bytes::{Truncated, take_byte, take_len, take_string};
use crate::model::{Desc, Dimension, FNV_START, Instance, Kind, Label, Source, fnv1a};

/// Longest byte string of one family.
pub const MAX_FAMILY: usize = 1024;

/// What [`hash_family`] begins with.
pub const HASH_START: u32 = FNV_START;

/// Why a schema cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A family's byte string is longer than [`MAX_FAMILY`].
    FamilyTooLong,
    /// There are more than 65 535 families or cells.
    TooMany,
}

impl Error {
    /// What is wrong, in one clause; `const`, so that it can be a compiler's message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FamilyTooLong => "the description of a family is longer than 1024 bytes",
            Self::TooMany => "a registry has more than 65535 cells",
        }
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for Error {}

/// Goes on hashing over one family: its length in two bytes, then its bytes.
pub const fn hash_family(hash: u32, family: &[u8]) -> u32 {
    fnv1a(fnv1a(hash, &(family.len() as u16).to_le_bytes()), family)
}

/// The schema hash of these instances, which stand family-major.
///
/// # Errors
/// [`Error`] when a family is too long, or all are too many.
pub const fn hash(mut instances: &[Instance<'_>]) -> Result<u32, Error> {
    let (mut hash, mut cells) = (HASH_START, 0usize);
    while let [first, rest @ ..] = instances {
        let mut buf = [0; MAX_FAMILY];
        let mut window = Window::new(&mut buf, 0);
        let mut count = 1;
        let mut others = rest;
        while let [Instance { first: false, .. }, tail @ ..] = others {
            count += 1;
            others = tail;
        }
        write_desc(&mut window, first.desc, count, true);
        write_labels(&mut window, first.labels);
        let mut others = rest;
        while let [Instance { first: false, labels, .. }, tail @ ..] = others {
            write_labels(&mut window, labels);
            others = tail;
        }
        let len = window.total();
        if len > MAX_FAMILY {
            return Err(Error::FamilyTooLong);
        }
        cells = cells.saturating_add(first.desc.all_cells().saturating_mul(count));
        if cells > u16::MAX as usize {
            return Err(Error::TooMany);
        }
        let (bytes, _) = buf.split_at(len);
        hash = hash_family(hash, bytes);
        instances = others;
    }
    Ok(hash)
}

/// Writes the family whose first instance is at position `index` of `source`.
pub fn write<S: Source + ?Sized>(window: &mut Window<'_>, source: &S, index: usize) {
    let Some(Instance { desc, .. }) = source.instance(index) else { return };
    let mut end = index.wrapping_add(1);
    while source.instance(end).is_some_and(|other| !other.first) {
        end = end.wrapping_add(1);
    }
    write_desc(window, desc, end.wrapping_sub(index), source.has_distributions());
    for at in index..end {
        if let Some(Instance { labels, .. }) = source.instance(at) {
            write_labels(window, labels);
        }
    }
}

/// Where `distributions` is constant and false, what they take is not linked.
#[inline]
const fn write_desc(window: &mut Window<'_>, desc: &Desc<'_>, instances: usize, distributions: bool) {
    let details = desc.details;
    window.string(desc.name);
    window.string(desc.help);
    window.string(details.unit);
    window.byte(desc.kind as u8);
    window.byte(desc.number as u8 | if desc.optional { OPTIONAL } else { 0 });
    window.byte(desc.scale.exponent().cast_unsigned());
    window.varint(details.capacity as u32);
    window.varint(desc.cells() as u32);
    let (mut bounds, mut shift) = (details.bounds, 0);
    if distributions
        && matches!(desc.kind, Kind::ExponentialHistogram)
        && let [head, ..] = bounds
    {
        // The rest of the grid follows from the schema, which its first word begins with.
        (bounds, shift) = (core::slice::from_ref(head), 28);
    }
    window.varint(bounds.len() as u32);
    while let [bound, rest @ ..] = bounds {
        window.varint(*bound >> shift);
        bounds = rest;
    }
    let states = !details.states.is_empty();
    window.varint(details.dimensions.len() as u32 + states as u32);
    let mut dimensions = details.dimensions;
    while let [dimension, rest @ ..] = dimensions {
        write_dimension(window, dimension);
        dimensions = rest;
    }
    if states {
        // OpenMetrics calls the label of a state as its family.
        write_dimension(window, &Dimension { name: desc.name, values: details.states });
    }
    window.varint(instances as u32);
}

const fn write_dimension(window: &mut Window<'_>, dimension: &Dimension<'_>) {
    window.string(dimension.name);
    window.varint(dimension.values.len() as u32);
    let mut values = dimension.values;
    while let [value, tail @ ..] = values {
        window.string(value);
        values = tail;
    }
}

const fn write_labels(window: &mut Window<'_>, mut labels: &[Label<'_>]) {
    window.varint(labels.len() as u32);
    while let [label, rest @ ..] = labels {
        window.string(label.name);
        window.string(label.value);
        labels = rest;
    }
}

/// Bit of the number byte: cells may be unset.
const OPTIONAL: u8 = 0x80;

/// The fixed fields of a family, as read from its byte string; the lists behind them are read in order from
/// [`Fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family<'a> {
    /// Family name.
    pub name: &'a str,
    /// HELP text.
    pub help: &'a str,
    /// Unit, or empty.
    pub unit: &'a str,
    /// Number of the kind.
    pub kind: u8,
    /// Number of the number.
    pub number: u8,
    /// Whether cells may be unset.
    pub optional: bool,
    /// Exponent of ten.
    pub scale: i8,
    /// 0 if dense, else the slots of a table family.
    pub capacity: usize,
    /// Cells of one child.
    pub cells: usize,
}

/// The lists of a family, in the order in which they stand: bounds, labels with their values, instances with their
/// labels. Every count is followed by that many items; the caller keeps to that order.
#[derive(Clone, Debug)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Family<'a> {
    /// Reads the fixed fields.
    ///
    /// # Errors
    /// [`Truncated`] when a field is cut off or not UTF-8.
    pub fn read(mut bytes: &'a [u8]) -> Result<(Self, Fields<'a>), Truncated> {
        let b = &mut bytes;
        let (name, help, unit) = (take_string(b)?, take_string(b)?, take_string(b)?);
        let (kind, number, scale) = (take_byte(b)?, take_byte(b)?, take_byte(b)?.cast_signed());
        let (capacity, cells) = (take_len(b)?, take_len(b)?);
        let optional = number & OPTIONAL != 0;
        let family = Self { name, help, unit, kind, number: number & 0x0f, optional, scale, capacity, cells };
        Ok((family, Fields(bytes)))
    }
}

impl<'a> Fields<'a> {
    /// Reads a count.
    ///
    /// # Errors
    /// [`Truncated`] when it is cut off.
    pub fn count(&mut self) -> Result<usize, Truncated> {
        let n = take_len(&mut self.0)?;
        // Every item takes at least a byte: a count that says more lies, and must not make anyone allocate.
        if n > self.0.len() { Err(Truncated) } else { Ok(n) }
    }

    /// Reads a bound.
    ///
    /// # Errors
    /// [`Truncated`] when it is cut off or has more than 32 bits.
    pub fn bound(&mut self) -> Result<u32, Truncated> {
        u32::try_from(take_len(&mut self.0)?).map_err(|_| Truncated)
    }

    /// Reads a string.
    ///
    /// # Errors
    /// [`Truncated`] when it is cut off or not UTF-8.
    pub fn string(&mut self) -> Result<&'a str, Truncated> {
        take_string(&mut self.0)
    }
}
