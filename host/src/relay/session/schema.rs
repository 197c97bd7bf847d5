//! The families of one boot, put together from their records, or known from before.

use std::sync::Arc;

use narthex::wire::record::Part;
use narthex::wire::schema::{HASH_START, hash_family};

use super::assembly::Assembly;
use super::places::Places;
use super::{Bounds, FamilySchema, Fault, MAX_CELLS, Refused, Sink};

/// What is known of the schema of this boot.
#[derive(Debug, Default)]
#[repr(C)] // What each frame needs stands in front.
pub(super) struct Schema {
    known: usize,
    /// Where the cells of known families stand.
    pub(super) places: Places,
    total: usize,
    records: Vec<Record>,
    /// Length of all records that have begun to come.
    bytes: usize,
    series: usize,
    /// What contradicts itself: nothing of it is taken any more.
    pub(super) broken: bool,
}

/// A schema record, and which one it is.
pub(super) struct SchemaPart<'a> {
    pub(super) family: usize,
    pub(super) families: usize,
    pub(super) first: usize,
    pub(super) part: Part<'a>,
}

#[derive(Debug)]
enum Record {
    Partial(Assembly),
    Known {
        first: usize,
        family: Arc<FamilySchema>,
        /// Where the sink keeps its cells, if it does.
        kept: Option<usize>,
    },
    Refused {
        bytes: Box<[u8]>,
    },
}

/// A schema of which nothing can be trusted.
fn contradiction(why: impl Into<String>) -> Refused {
    Refused::new(Fault::Schema, why)
}

impl Schema {
    /// One of which nothing is taken.
    pub(super) fn broken() -> Self {
        Self { broken: true, ..Self::default() }
    }

    /// Takes part of a record.
    ///
    /// # Errors
    /// Why nothing of this schema can be trusted.
    pub(super) fn take(
        &mut self,
        SchemaPart { family: index, families, first, part }: &SchemaPart<'_>,
        hash: u32,
        bounds: &Bounds,
        sink: &mut dyn Sink,
    ) -> Result<(), Refused> {
        if self.total != *families {
            self.announce(*families, bounds)?;
            sink.progress(self.known, self.total);
        }
        if *index >= self.total {
            return Err(contradiction(format!("its schema has a family {index} of {families}")));
        }
        self.reach(*index);
        let assembly = match self.records.get_mut(*index) {
            Some(Record::Partial(assembly)) => assembly,
            Some(complete) if complete.holds(part) => return Ok(()),
            _ => return Err(contradiction("another schema came under the hash of one that is known")),
        };
        // Counted when a record begins to come, so that what never completes is bounded as well.
        self.bytes = self.bytes.saturating_sub(assembly.total()).saturating_add(part.total);
        if self.bytes > bounds.max_schema_bytes {
            let why = format!("its schema is longer than {} bytes", bounds.max_schema_bytes);
            return Err(Refused::new(Fault::Limit, why));
        }
        let Some(bytes) = assembly.take(part) else { return Ok(()) };
        let bytes: Box<[u8]> = bytes.into();
        match self.read(&bytes, bounds, sink) {
            Ok(family) => self.place(*index, *first, family, sink)?,
            Err(refused) => {
                sink.refused(refused);
                self.complete(*index, Record::Refused { bytes });
            }
        }
        sink.progress(self.known, self.total);
        if self.known == self.total { self.verify(hash, sink) } else { Ok(()) }
    }

    /// Takes the schema of this hash as it was known before, if it is that: if its bytes have the hash, every family
    /// of it can be read, and nothing that has come meanwhile differs. Returns whether it was taken.
    ///
    /// # Errors
    /// As for [`Schema::take`].
    pub(super) fn restore(
        &mut self,
        stored: &[u8],
        hash: u32,
        bounds: &Bounds,
        sink: &mut dyn Sink,
    ) -> Result<bool, Refused> {
        let Some(records) = split(stored, hash).filter(|records| records.len() <= bounds.max_series) else {
            return Ok(false);
        };
        let length: usize = records.iter().map(|record| record.len()).sum();
        if length > bounds.max_schema_bytes || (self.total != 0 && self.total != records.len()) {
            return Ok(false);
        }
        // All are read before the first is placed.
        let (mut next, mut series, mut families) = (0usize, 0usize, Vec::with_capacity(records.len()));
        for (index, bytes) in records.iter().enumerate() {
            let family = match self.records.get(index) {
                Some(Record::Known { first, family, .. }) if *first == next && *family.bytes == **bytes => {
                    family.clone()
                }
                None | Some(Record::Partial(_)) => match self.read(bytes, bounds, sink) {
                    Ok(family) => family,
                    Err(_) => return Ok(false),
                },
                Some(_) => return Ok(false),
            };
            series = series.saturating_add(family.series());
            let first = next;
            next = next.saturating_add(family.total_cells());
            families.push((first, family));
        }
        if series > bounds.max_series || next > MAX_CELLS {
            return Ok(false);
        }
        (self.total, self.bytes) = (records.len(), length);
        self.reach(records.len().saturating_sub(1));
        for (index, (first, family)) in families.into_iter().enumerate() {
            if matches!(self.records.get(index), Some(Record::Partial(_))) {
                self.place(index, first, family, sink)?;
            }
        }
        sink.progress(self.known, self.total);
        Ok(true)
    }

    fn announce(&mut self, families: usize, bounds: &Bounds) -> Result<(), Refused> {
        if self.total != 0 {
            return Err(contradiction("the number of its families changes"));
        }
        if families > bounds.max_series {
            // Each has a series at least.
            let why = format!("it has {families} families, the limit is {} series", bounds.max_series);
            return Err(Refused::new(Fault::Limit, why));
        }
        self.total = families;
        Ok(())
    }

    /// Makes room up to a record. As records come: a bare claim of many families costs nothing.
    fn reach(&mut self, index: usize) {
        while self.records.len() <= index {
            self.records.push(Record::Partial(Assembly::default()));
        }
    }

    fn complete(&mut self, index: usize, record: Record) {
        if let Some(there) = self.records.get_mut(index) {
            *there = record;
            self.known += 1;
            if self.known == self.total {
                self.records.shrink_to_fit();
                self.places.shrink();
            }
        }
    }

    /// Reads a complete record.
    fn read(&self, bytes: &[u8], bounds: &Bounds, sink: &mut dyn Sink) -> Result<Arc<FamilySchema>, Refused> {
        let room = bounds.max_series.saturating_sub(self.series);
        match sink.known(bytes).filter(|family| family.series() <= room) {
            Some(family) => Ok(family),
            None => FamilySchema::read(bytes, &bounds.labels, room).map(Arc::new),
        }
    }

    /// Places the family of a record, whose cells begin at `first`.
    fn place(
        &mut self,
        index: usize,
        first: usize,
        family: Arc<FamilySchema>,
        sink: &mut dyn Sink,
    ) -> Result<(), Refused> {
        let cells = family.total_cells();
        if self.places.overlaps(first, first.saturating_add(cells)) {
            return Err(contradiction("its families overlap"));
        }
        let same = |record: &Record| matches!(record, Record::Known { family: other, .. } if other.bytes == family.bytes);
        if self.records.iter().any(same) {
            return Err(contradiction("one of its families is there twice"));
        }
        self.series = self.series.saturating_add(family.series());
        let kept = sink.family(&family);
        if let Some(kept) = kept {
            self.places.insert(index, first, &family, kept);
        }
        self.complete(index, Record::Known { first, family, kept });
        Ok(())
    }

    /// Compares the complete schema with the hash that frames carry, and families with their places. Hands on what is
    /// right as a whole, to be known another time.
    fn verify(&self, announced: u32, sink: &mut dyn Sink) -> Result<(), Refused> {
        // Where the next family begins, as long as that is known.
        let (mut hash, mut next, mut all) =
            (HASH_START, Some(0), Vec::with_capacity(self.bytes + 2 * self.total));
        for record in &self.records {
            let Some(bytes) = record.bytes() else { continue };
            hash = hash_family(hash, bytes);
            all.extend((bytes.len() as u16).to_le_bytes());
            all.extend_from_slice(bytes);
            match record {
                Record::Known { first, family, .. } => {
                    if next.is_some_and(|next| next != *first) {
                        return Err(contradiction("its families do not follow each other"));
                    }
                    next = Some(first.saturating_add(family.total_cells()));
                }
                _ => next = None,
            }
        }
        if hash != announced {
            return Err(contradiction("its schema does not have the hash it announces"));
        }
        // With a family that is not taken, the places of those behind it are known from their records only.
        if self.records.iter().all(|record| matches!(record, Record::Known { .. })) {
            sink.save(announced, &all);
        }
        Ok(())
    }

    /// A family by its number, and where its cells are kept.
    pub(super) fn family(&self, index: usize) -> Option<(&FamilySchema, usize)> {
        match self.records.get(index)? {
            Record::Known { family, kept: Some(kept), .. } => Some((family, *kept)),
            _ => None,
        }
    }

    /// The first family of which nothing, or not all, is known; `None` if there is none, or none is taken any more.
    pub(super) fn missing(&self) -> Option<usize> {
        if self.broken || (self.total > 0 && self.known == self.total) {
            return None;
        }
        let partial = self.records.iter().position(|record| matches!(record, Record::Partial(_)));
        Some(partial.unwrap_or(self.records.len()))
    }

    /// How many records are known, those of families that were refused included.
    pub(super) fn known(&self) -> usize {
        self.known
    }
}

impl Record {
    /// Its bytes, if it is complete.
    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Partial(_) => None,
            Self::Known { family, .. } => Some(&family.bytes),
            Self::Refused { bytes } => Some(bytes),
        }
    }

    /// Whether a part is one of this.
    fn holds(&self, part: &Part<'_>) -> bool {
        let range = part.offset..part.offset.saturating_add(part.bytes.len());
        self.bytes().is_some_and(|bytes| bytes.len() == part.total && bytes.get(range) == Some(part.bytes))
    }
}

/// The records a schema hash was computed over. `None` if they do not have this hash, or are none.
fn split(mut stored: &[u8], hash: u32) -> Option<Vec<&[u8]>> {
    let (mut found, mut records) = (HASH_START, Vec::new());
    while let Some((len, rest)) = stored.split_first_chunk() {
        let (record, rest) = rest.split_at_checked(u16::from_le_bytes(*len).into())?;
        found = hash_family(found, record);
        records.push(record);
        stored = rest;
    }
    (stored.is_empty() && !records.is_empty() && found == hash).then_some(records)
}
