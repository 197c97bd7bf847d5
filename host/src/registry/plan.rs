//! One gathering: who has which family.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Arena, Conflict, GatherError, Gathered, Indexed, Names, Planned, Resume};
use crate::collector::{Collected, Collector};
use crate::model::{Child, Family};

/// The plan of a page while it is made. Sources come in the order of their registration; in a conflict a family that
/// was known at registration wins, else the one that came first.
pub(super) struct Plan<'a> {
    registered: &'a Names,
    /// Families that have appeared since.
    appeared: Names,
    offers: HashMap<Box<str>, Offer>,
    collected: Collected,
}

/// Who has children of one family.
struct Offer {
    family: Arc<Family>,
    sources: Vec<Arc<dyn Indexed>>,
    /// Whether some are in the arena.
    collected: bool,
}

impl<'a> Plan<'a> {
    pub(super) fn new(registered: &'a Names, arena: Arena) -> Self {
        Self {
            registered,
            appeared: Names::default(),
            offers: HashMap::new(),
            collected: Collected::new(arena),
        }
    }

    /// Takes up the families of an indexed source.
    pub(super) fn offer(&mut self, source: &Arc<dyn Indexed>) {
        for family in source.families() {
            match self.claim(&family) {
                Ok(offer) => offer.sources.push(Arc::clone(source)),
                Err(conflict) => self.refuse(&family, conflict),
            }
        }
    }

    /// Collects a collector, and takes up the families of which it has samples.
    pub(super) fn collect(&mut self, collector: &dyn Collector, described: &[Arc<Family>]) {
        let mark = self.collected.collect(collector, described);
        for (index, family) in self.collected.parts().0.offered_since(mark) {
            match self.claim(&family) {
                Ok(offer) => offer.collected = true,
                Err(conflict) => {
                    self.collected.parts().0.drop_family(index);
                    self.refuse(&family, conflict);
                }
            }
        }
    }

    /// Brings together what several sources have, puts it in order, and ends the plan.
    pub(super) fn finish(mut self) -> (Gathered, Arc<Arena>) {
        let (arena, _) = self.collected.parts();
        for Offer { family, sources, collected } in self.offers.values_mut() {
            if sources.len() + usize::from(*collected) < 2 {
                continue;
            }
            let index = arena.family(Arc::clone(family));
            for source in sources.drain(..) {
                source.visit(&family.name, &mut Resume::default(), &mut |child: &Child<'_>| {
                    arena.copy(index, child);
                    ControlFlow::Continue(())
                });
            }
        }
        let (arena, errors) = self.collected.finish();
        let arena = Arc::new(arena);
        let planned = self.offers.into_values().map(|Offer { family, mut sources, .. }| {
            let source = sources.pop().unwrap_or_else(|| Arc::clone(&arena) as Arc<dyn Indexed>);
            Planned { family, source }
        });
        (Gathered::new(planned.collect(), errors), arena)
    }

    fn claim(&mut self, family: &Arc<Family>) -> Result<&mut Offer, Conflict> {
        if !self.registered.find(family)? && !self.appeared.find(family)? {
            self.appeared.add(family);
        }
        Ok(self.offers.entry(family.name.clone()).or_insert_with(|| Offer {
            family: Arc::clone(family),
            sources: Vec::new(),
            collected: false,
        }))
    }

    fn refuse(&mut self, family: &Family, conflict: Conflict) {
        let family = family.name.clone();
        self.collected.parts().1.push(GatherError::Conflict { family, conflict });
    }
}
