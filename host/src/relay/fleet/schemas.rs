//! What devices with the same firmware share: families by their records, where these stand, and whole schemas.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::super::session::{Added, FamilySchema};
use super::layout::Layout;
use super::rows::Pool;

/// Families by their records.
type Families = HashMap<Box<[u8]>, Weak<FamilySchema>>;

/// Everything that is shared, as long as a device uses it.
#[derive(Default)]
pub(super) struct Schemas {
    /// For each set of added labels, which cut label texts elsewhere. There are few: one for each set of names that
    /// links have.
    families: Vec<(Added, Families)>,
    /// By hash; those of one hash are told apart by their bytes.
    whole: HashMap<u32, Vec<Weak<[u8]>>>,
    /// By [`Layout::key`]; of two that share one, one is not shared.
    layouts: HashMap<u64, Weak<Layout>>,
    /// Where cells are.
    pub(super) rows: Pool,
}

impl Schemas {
    /// The family of this record, if some device has it.
    pub(super) fn known(&self, added: &Added, record: &[u8]) -> Option<Arc<FamilySchema>> {
        let (_, families) = self.families.iter().find(|(there, _)| there == added)?;
        families.get(record)?.upgrade()
    }

    /// The one family of its record.
    pub(super) fn intern(&mut self, added: &Added, family: &Arc<FamilySchema>) -> Arc<FamilySchema> {
        if let Some(shared) = self.known(added, &family.bytes) {
            return shared;
        }
        let at = self.families.iter().position(|(there, _)| there == added).unwrap_or_else(|| {
            self.families.push((added.clone(), Families::new()));
            self.families.len() - 1
        });
        if let Some((_, families)) = self.families.get_mut(at) {
            families.insert(family.bytes.clone(), Arc::downgrade(family));
        }
        Arc::clone(family)
    }

    /// The one copy of a whole schema.
    pub(super) fn intern_whole(&mut self, hash: u32, bytes: &[u8]) -> Arc<[u8]> {
        let all = self.whole.entry(hash).or_default();
        if let Some(shared) = all.iter().filter_map(Weak::upgrade).find(|there| **there == *bytes) {
            return shared;
        }
        all.retain(|there| there.strong_count() > 0);
        let bytes: Arc<[u8]> = bytes.into();
        all.push(Arc::downgrade(&bytes));
        bytes
    }

    /// The one layout of these families.
    pub(super) fn intern_layout(&mut self, layout: &Arc<Layout>) -> Arc<Layout> {
        let key = layout.key();
        match self.layouts.get(&key).and_then(Weak::upgrade) {
            Some(shared) if shared == *layout => shared,
            Some(_) => Arc::clone(layout),
            None => {
                self.layouts.insert(key, Arc::downgrade(layout));
                Arc::clone(layout)
            }
        }
    }

    /// Forgets what no device uses any more.
    pub(super) fn sweep(&mut self) {
        for (_, families) in &mut self.families {
            families.retain(|_, family| family.strong_count() > 0);
        }
        self.families.retain(|(_, families)| !families.is_empty());
        self.layouts.retain(|_, layout| layout.strong_count() > 0);
        self.rows.sweep();
        self.whole.retain(|_, all| all.iter().any(|bytes| bytes.strong_count() > 0));
    }

    /// How many families are shared.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.families.iter().map(|(_, families)| families.len()).sum()
    }
}
