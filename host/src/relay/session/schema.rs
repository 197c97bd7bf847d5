//! The families of one boot, put together from their records.

use std::sync::Arc;

use narthex::wire::record::Part;
use narthex::wire::schema::{HASH_START, hash_family};

use super::assembly::Assembly;
use super::{Bounds, FamilySchema, MAX_CELLS, Sink};

/// What is known of the schema of this boot.
#[derive(Debug, Default)]
pub(super) struct Schema {
    total: usize,
    records: Vec<Record>,
    /// Length of all records that have begun to come.
    bytes: usize,
    series: usize,
    known: usize,
    /// What contradicts itself: nothing of it is taken any more.
    pub(super) broken: bool,
    /// Known families, in order of their cells.
    places: Vec<Place>,
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
    Known { first: usize, family: Arc<FamilySchema> },
    Refused { bytes: Box<[u8]> },
}

/// Where a family's cells stand in a snapshot, and where the sink keeps them.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) first: usize,
    pub(super) end: usize,
    /// Cells of one child.
    pub(super) child: usize,
    pub(super) kept: usize,
}

impl Schema {
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
    ) -> Result<(), String> {
        if self.total != *families {
            self.announce(*families, bounds)?;
            sink.progress(self.known, self.total);
        }
        if *index >= self.total {
            return Err(format!("its schema has a family {index} of {families}"));
        }
        // Made as records come: a bare claim of many families costs nothing.
        while self.records.len() <= *index {
            self.records.push(Record::Partial(Assembly::default()));
        }
        let Some(record) = self.records.get_mut(*index) else { return Ok(()) };
        let Record::Partial(assembly) = record else { return Ok(()) };
        // Counted when a record begins to come, so that what never completes is bounded as well.
        self.bytes = self.bytes.saturating_sub(assembly.total()).saturating_add(part.total);
        if self.bytes > bounds.max_schema_bytes {
            return Err(format!("its schema is longer than {} bytes", bounds.max_schema_bytes));
        }
        let Some(bytes) = assembly.take(part) else { return Ok(()) };
        let bytes: Box<[u8]> = bytes.into();
        let read = match self.read(&bytes, *first, bounds, sink)? {
            Some(family) => Record::Known { first: *first, family },
            None => Record::Refused { bytes },
        };
        if let Some(record) = self.records.get_mut(*index) {
            *record = read;
        }
        self.known += 1;
        sink.progress(self.known, self.total);
        if self.known == self.total { self.verify(hash) } else { Ok(()) }
    }

    fn announce(&mut self, families: usize, bounds: &Bounds) -> Result<(), String> {
        if self.total != 0 {
            return Err("the number of its families changes".into());
        }
        if families > bounds.max_series {
            // Each has a series at least.
            return Err(format!("it has {families} families, the limit is {} series", bounds.max_series));
        }
        self.total = families;
        Ok(())
    }

    /// Reads a complete record. `None` if its family is refused.
    fn read(
        &mut self,
        bytes: &[u8],
        first: usize,
        bounds: &Bounds,
        sink: &mut dyn Sink,
    ) -> Result<Option<Arc<FamilySchema>>, String> {
        let room = bounds.max_series.saturating_sub(self.series);
        let family = match sink.known(bytes).filter(|family| family.series() <= room) {
            Some(family) => family,
            None => match FamilySchema::read(bytes, &bounds.labels, room) {
                Ok(family) => Arc::new(family),
                Err(refused) => {
                    sink.refused(refused);
                    return Ok(None);
                }
            },
        };
        let end = first.saturating_add(family.total_cells());
        let at = self.places.partition_point(|place| place.end <= first);
        if end > MAX_CELLS || self.places.get(at).is_some_and(|place| place.first < end) {
            return Err("its families overlap".into());
        }
        self.series += family.series();
        if let Some(kept) = sink.family(&family) {
            if self.places.iter().any(|place| place.kept == kept) {
                return Err("one of its families is there twice".into());
            }
            self.places.insert(at, Place { first, end, child: family.cells, kept });
        }
        Ok(Some(family))
    }

    /// Compares the complete schema with the hash that frames carry, and families with their places.
    fn verify(&self, announced: u32) -> Result<(), String> {
        let mut hash = HASH_START;
        // Where the next family begins, as long as that is known.
        let mut next = Some(0);
        for record in &self.records {
            match record {
                Record::Known { first, family } => {
                    hash = hash_family(hash, &family.bytes);
                    if next.is_some_and(|next| next != *first) {
                        return Err("its families do not follow each other".into());
                    }
                    next = Some(first + family.total_cells());
                }
                Record::Refused { bytes } => {
                    hash = hash_family(hash, bytes);
                    next = None;
                }
                Record::Partial(_) => {}
            }
        }
        if hash == announced { Ok(()) } else { Err("its schema does not have the hash it announces".into()) }
    }

    /// The families whose cells stand at `first` or behind, in order.
    pub(super) fn places_from(&self, first: usize) -> &[Place] {
        let at = self.places.partition_point(|place| place.end <= first);
        self.places.get(at..).unwrap_or_default()
    }

    /// Whether no record is known, not even of a family that was refused.
    pub(super) fn is_empty(&self) -> bool {
        self.known == 0
    }
}
