//! One instrument under a family, without labels.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::Metric;
use super::metric::created;
use crate::model::{Child, Family, Point};
use crate::registry::{Indexed, Resume, Visitor};

/// An instrument that is a family of its own, to be registered and updated through one handle.
pub struct Scalar<M: Metric> {
    family: Arc<Family>,
    shape: M::Shape,
    metric: M,
    created: Option<u64>,
}

impl<M: Metric<Shape = ()>> Scalar<M> {
    /// Makes an instrument. The family takes the type of the instrument.
    pub fn new(family: Family) -> Arc<Self> {
        Self::with_shape(family, ())
    }
}

impl<M: Metric> Scalar<M> {
    /// Makes an instrument of a shape: the bounds of a histogram.
    pub fn with_shape(family: Family, shape: M::Shape) -> Arc<Self> {
        let family = Arc::new(Family { kind: M::KIND, ..family });
        let metric = M::new(&shape);
        Arc::new(Self { family, shape, metric, created: created::<M>() })
    }
}

impl<M: Metric> Deref for Scalar<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.metric
    }
}

impl<M: Metric> Indexed for Scalar<M> {
    fn families(&self) -> Vec<Arc<Family>> {
        vec![Arc::clone(&self.family)]
    }

    fn visit(&self, family: &str, _: &mut Resume, visitor: &mut dyn Visitor) -> bool {
        if *family != *self.family.name {
            return true;
        }
        let show = |point: Point<'_>| visitor.child(&Child { labels: &[], point, created: self.created });
        self.metric.show(&self.shape, show).is_continue()
    }
}

impl<M: Metric> fmt::Debug for Scalar<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scalar").field("family", &self.family).finish_non_exhaustive()
    }
}
