//! Where sources are registered, and from where they are gathered.
//!
//! There are two kinds of source. An [`Indexed`] one (an [instrument](crate::instrument), the fleet) shows its
//! children where they are, in order, and cannot fail. A [`Collector`] pushes
//! samples that are checked each time. A [`Registry`] refuses, when a source is registered, what could not stand on
//! one page: other types, help or units under one name, names that collide with the series of a histogram or, in
//! OpenMetrics, with a counter's. What only shows later (a family that a device brings, a sample of a collector) is
//! left out of the page and reported in [`Gathered::errors`].
//!
//! Several sources may share a family. The family of a source that registered it first wins a conflict.
//!
//! ```
//! use narthex_host::instrument::{Gauge, Scalar};
//! use narthex_host::model::Family;
//! use narthex_host::registry::{Registerer, Registry};
//!
//! let registry = Registry::new();
//! let links = Scalar::<Gauge>::new(Family::gauge("links", "Links that are up.")?);
//! registry.register(links.clone())?;
//! let again = Scalar::<Gauge>::new(Family::gauge("links", "Links.")?);
//! assert_eq!(
//!     registry.register(again).map_err(|e| e.to_string()),
//!     Err("family `links`: its help is \"Links.\" here, and \"Links that are up.\" there already".into())
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arena;
mod error;
mod gathered;
mod indexed;
mod names;
mod plan;
mod run;

use std::collections::HashSet;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::collector::Collector;
use crate::model::{Child, Family};

pub(crate) use arena::{Arena, Mark};
pub use error::{GatherError, GatherErrors, RegisterError};
pub use gathered::{Gathered, Gatherer, Planned};
pub(crate) use indexed::Room;
pub use indexed::{Indexed, Resume, Visitor};
pub use names::Conflict;
use names::Names;
use plan::Plan;
pub use run::{Row, Run};

/// What sources can be registered with.
pub trait Registerer: Send + Sync {
    /// Registers an indexed source. Families that it offers later are checked when they are gathered.
    ///
    /// # Errors
    /// [`RegisterError`]; nothing of the source is registered then.
    fn register(&self, source: Arc<dyn Indexed>) -> Result<(), RegisterError>;

    /// Registers a collector.
    ///
    /// # Errors
    /// [`RegisterError`]; nothing of the collector is registered then.
    fn register_collector(&self, collector: Arc<dyn Collector>) -> Result<(), RegisterError>;

    /// Removes a source, and frees its names. Returns whether it was there.
    fn unregister(&self, source: &Arc<dyn Indexed>) -> bool;

    /// Removes a collector, and frees its names. Returns whether it was there.
    fn unregister_collector(&self, collector: &Arc<dyn Collector>) -> bool;
}

/// A set of sources.
#[derive(Default)]
pub struct Registry {
    /// Replaced as a whole, so that gathering holds no lock while sources are asked.
    sources: RwLock<Arc<Sources>>,
    /// Arenas of earlier gatherings, which may be in use by pages still.
    arenas: Mutex<Vec<Arc<Arena>>>,
}

#[derive(Clone, Default)]
struct Sources {
    list: Vec<Registered>,
    names: Names,
}

#[derive(Clone)]
struct Registered {
    source: Source,
    /// Its families when it was registered.
    families: Vec<Arc<Family>>,
}

#[derive(Clone)]
enum Source {
    Indexed(Arc<dyn Indexed>),
    Free(Arc<dyn Collector>),
}

impl Source {
    /// Whether it is the very same source, at the same address.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Indexed(a), Self::Indexed(b)) => Arc::ptr_eq(a, b),
            (Self::Free(a), Self::Free(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Registry {
    /// Most arenas that are kept for later gatherings.
    const MAX_ARENAS: usize = 16;

    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    fn sources(&self) -> Arc<Sources> {
        Arc::clone(&self.sources.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, source: Source, families: Vec<Arc<Family>>) -> Result<(), RegisterError> {
        let mut guard = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        // On a copy: what is refused half-way leaves no trace.
        let mut sources = Sources::clone(&guard);
        sources.add(source, families)?;
        *guard = Arc::new(sources);
        Ok(())
    }

    fn remove(&self, source: &Source) -> bool {
        let mut guard = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        let Some(index) = guard.list.iter().position(|there| there.source.is(source)) else { return false };
        let sources = Arc::make_mut(&mut guard);
        for family in sources.list.remove(index).families {
            sources.names.remove(&family);
        }
        true
    }

    /// An arena that no page uses any more, or a new one.
    fn take_arena(&self) -> Arena {
        let mut arenas = self.arenas.lock().unwrap_or_else(PoisonError::into_inner);
        let free = arenas.iter().position(|arena| Arc::strong_count(arena) == 1);
        free.and_then(|index| Arc::into_inner(arenas.swap_remove(index))).unwrap_or_default()
    }

    /// Keeps an arena for later.
    fn keep_arena(&self, arena: &Arc<Arena>) {
        let mut arenas = self.arenas.lock().unwrap_or_else(PoisonError::into_inner);
        if arenas.len() < Self::MAX_ARENAS {
            arenas.push(Arc::clone(arena));
        }
    }
}

impl Sources {
    fn add(&mut self, source: Source, families: Vec<Arc<Family>>) -> Result<(), RegisterError> {
        if self.list.iter().any(|there| there.source.is(&source)) {
            return Err(RegisterError::Registered);
        }
        for family in &families {
            let name = || family.name.clone();
            family.check().map_err(|defect| RegisterError::Defect { family: name(), defect })?;
            let there = self.names.find(family);
            let shared = there.map_err(|conflict| RegisterError::Conflict { family: name(), conflict })?;
            if let (true, Source::Indexed(source)) = (shared, &source) {
                self.check_children(family, &**source)?;
            }
            self.names.add(family);
        }
        self.list.push(Registered { source, families });
        Ok(())
    }

    /// Refuses children that an indexed source has already; those to come are checked when they are gathered.
    fn check_children(&self, family: &Arc<Family>, source: &dyn Indexed) -> Result<(), RegisterError> {
        let mut taken = HashSet::new();
        for there in self.list.iter().filter(|there| there.families.contains(family)) {
            if let Source::Indexed(there) = &there.source {
                taken.extend(children(&**there, family));
            }
        }
        let twice = children(source, family).into_iter().find(|labels| taken.contains(labels));
        match twice {
            None => Ok(()),
            Some(labels) => {
                Err(RegisterError::Duplicate { family: family.name.clone(), labels: labels.into() })
            }
        }
    }
}

/// The label texts of a source's children.
fn children(source: &dyn Indexed, family: &Family) -> Vec<String> {
    let mut children = Vec::new();
    source.visit(&family.name, &mut Resume::default(), &mut |child: &Child<'_>| {
        let mut labels = String::new();
        child.join_labels(&mut labels);
        children.push(labels);
        ControlFlow::Continue(())
    });
    children
}

impl Registerer for Registry {
    fn register(&self, source: Arc<dyn Indexed>) -> Result<(), RegisterError> {
        let families = source.families();
        self.add(Source::Indexed(source), families)
    }

    fn register_collector(&self, collector: Arc<dyn Collector>) -> Result<(), RegisterError> {
        let families = collector.describe().into_iter().map(Arc::new).collect();
        self.add(Source::Free(collector), families)
    }

    fn unregister(&self, source: &Arc<dyn Indexed>) -> bool {
        self.remove(&Source::Indexed(Arc::clone(source)))
    }

    fn unregister_collector(&self, collector: &Arc<dyn Collector>) -> bool {
        self.remove(&Source::Free(Arc::clone(collector)))
    }
}

impl Gatherer for Registry {
    fn gather(&self) -> Gathered {
        let sources = self.sources();
        let mut plan = Plan::new(&sources.names, self.take_arena());
        for Registered { source, families } in &sources.list {
            match source {
                Source::Indexed(source) => plan.offer(source),
                Source::Free(collector) => plan.collect(&**collector, families),
            }
        }
        let (gathered, arena) = plan.finish();
        self.keep_arena(&arena);
        gathered
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("sources", &self.sources().list.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
