//! What was gathered: the plan of a page.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{GatherErrors, Indexed, Resume, Run, Visitor};
use crate::model::{Child, Family, Kind};

/// What can be gathered: a registry, or several joined.
pub trait Gatherer: Send + Sync {
    /// Collects, checks and merges: all that can fail is done when it returns. Children of indexed sources are read
    /// later, while they are written.
    fn gather(&self) -> Gathered;
}

/// One family and where its children are. Children that several sources had were brought together before.
#[derive(Clone)]
pub struct Planned {
    /// The family.
    pub family: Arc<Family>,
    /// The one source that shows its children.
    pub source: Arc<dyn Indexed>,
}

impl Planned {
    /// Shows the children of the family, as [`Indexed::visit`] does.
    ///
    /// The name may have become another type's since it was gathered: one page must not hold both.
    pub fn visit(&self, resume: &mut Resume, visitor: &mut impl Visitor) -> bool {
        self.source.visit(&self.family.name, resume, &mut OfKind { kind: self.family.kind, visitor })
    }
}

/// Lets children of one kind through.
struct OfKind<'a, V> {
    kind: Kind,
    visitor: &'a mut V,
}

impl<V: Visitor> Visitor for OfKind<'_, V> {
    fn child(&mut self, child: &Child<'_>) -> ControlFlow<()> {
        if child.point.fits(self.kind) { self.visitor.child(child) } else { ControlFlow::Continue(()) }
    }

    fn run(&mut self, run: &Run) -> usize {
        let fits = run.shape().is_some_and(|shape| shape.fits(self.kind));
        if fits { self.visitor.run(run) } else { run.children() }
    }
}

impl std::fmt::Debug for Planned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planned").field("family", &self.family).finish_non_exhaustive()
    }
}

/// Families in order of their names, with the errors of what was left out.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    families: Vec<Planned>,
    errors: GatherErrors,
}

impl Gathered {
    /// Puts families in order; each name must be there once.
    pub fn new(mut families: Vec<Planned>, errors: GatherErrors) -> Self {
        families.sort_unstable_by(|a, b| a.family.name.cmp(&b.family.name));
        Self { families, errors }
    }

    /// The families, sorted by name. One that has no children is no part of a page.
    pub fn families(&self) -> &[Planned] {
        &self.families
    }

    /// What was left out, and why.
    pub fn errors(&self) -> &GatherErrors {
        &self.errors
    }
}
