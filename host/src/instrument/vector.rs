//! Instruments under a family, one for each set of label values.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use super::Metric;
use super::metric::created;
use crate::model::{Child, Defect, Family, LabelText, Point};
use crate::registry::{Indexed, Resume, Visitor};

/// The wrong number of label values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelsError {
    /// The family.
    pub family: Box<str>,
    /// How many labels it has.
    pub labels: usize,
    /// How many values were given.
    pub values: usize,
}

impl fmt::Display for LabelsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, labels, values } = self;
        write!(f, "family `{family}`: {values} label values were given, it has {labels} labels")
    }
}

impl std::error::Error for LabelsError {}

/// Instruments that share a family and label names. A child is made when its label values are first asked for.
pub struct Vector<M: Metric> {
    family: Arc<Family>,
    names: Box<[Box<str>]>,
    shape: M::Shape,
    /// By label text, which is the order of a page.
    children: RwLock<BTreeMap<LabelText, Entry<M>>>,
}

struct Entry<M> {
    metric: Arc<M>,
    created: Option<u64>,
}

impl<M: Metric<Shape = ()>> Vector<M> {
    /// Makes a family of instruments. It takes the type of the instrument.
    ///
    /// # Errors
    /// The [`Defect`] of a label name.
    pub fn new(family: Family, labels: &[&str]) -> Result<Arc<Self>, Defect> {
        Self::with_shape(family, labels, ())
    }
}

impl<M: Metric> Vector<M> {
    /// Makes a family of instruments of a shape: the bounds of histograms.
    ///
    /// # Errors
    /// The [`Defect`] of a label name.
    pub fn with_shape(family: Family, labels: &[&str], shape: M::Shape) -> Result<Arc<Self>, Defect> {
        let pairs: Vec<_> = labels.iter().map(|name| (*name, "")).collect();
        LabelText::new(&pairs)?;
        Ok(Arc::new(Self {
            family: Arc::new(Family { kind: M::KIND, ..family }),
            names: labels.iter().map(|name| Box::from(*name)).collect(),
            shape,
            children: RwLock::default(),
        }))
    }

    /// The child with these label values, in the order of the label names; made if it is not there.
    ///
    /// Keep it where it is used: updates through it take no lock.
    ///
    /// # Errors
    /// [`LabelsError`] if there are too few or too many values.
    pub fn with(&self, values: &[&str]) -> Result<Arc<M>, LabelsError> {
        Ok(self.child(self.labels(values)?))
    }

    /// The child with these labels, which must have the family's names.
    pub(crate) fn child(&self, labels: LabelText) -> Arc<M> {
        if let Some(entry) = self.children.read().unwrap_or_else(PoisonError::into_inner).get(&labels) {
            return Arc::clone(&entry.metric);
        }
        let mut children = self.children.write().unwrap_or_else(PoisonError::into_inner);
        let entry = children
            .entry(labels)
            .or_insert_with(|| Entry { metric: Arc::new(M::new(&self.shape)), created: created::<M>() });
        Arc::clone(&entry.metric)
    }

    /// Removes the child with these label values. Returns whether it was there. A kept handle still works, but is not
    /// shown any more.
    ///
    /// # Errors
    /// [`LabelsError`] if there are too few or too many values.
    pub fn remove(&self, values: &[&str]) -> Result<bool, LabelsError> {
        let labels = self.labels(values)?;
        Ok(self.children.write().unwrap_or_else(PoisonError::into_inner).remove(&labels).is_some())
    }

    /// Removes all children.
    pub fn clear(&self) {
        self.children.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Number of children.
    pub fn len(&self) -> usize {
        self.children.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is no child.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn labels(&self, values: &[&str]) -> Result<LabelText, LabelsError> {
        let error = || LabelsError {
            family: self.family.name.clone(),
            labels: self.names.len(),
            values: values.len(),
        };
        if values.len() != self.names.len() {
            return Err(error());
        }
        let pairs: Vec<_> = self.names.iter().map(|name| &**name).zip(values.iter().copied()).collect();
        // The names were checked when the family was made.
        LabelText::new(&pairs).map_err(|_| error())
    }
}

impl<M: Metric> Indexed for Vector<M> {
    fn families(&self) -> Vec<Arc<Family>> {
        vec![Arc::clone(&self.family)]
    }

    fn visit(&self, family: &str, resume: &mut Resume, visitor: &mut dyn Visitor) -> bool {
        if *family != *self.family.name {
            return true;
        }
        let children = self.children.read().unwrap_or_else(PoisonError::into_inner);
        // The child that was refused, or the one that follows it if it has gone.
        let from = (Bound::Included(resume.key.as_str()), Bound::Unbounded);
        for (labels, entry) in children.range::<str, _>(from) {
            let show = |point: Point<'_>| {
                visitor.child(&Child { labels: &[labels.as_str()], point, created: entry.created })
            };
            if entry.metric.show(&self.shape, show).is_break() {
                resume.key.clear();
                resume.key.push_str(labels.as_str());
                return false;
            }
        }
        true
    }
}

impl<M: Metric> fmt::Debug for Vector<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vector").field("family", &self.family).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::ControlFlow;

    use crate::instrument::Counter;

    fn vector() -> Arc<Vector<Counter>> {
        Vector::new(Family::counter("x_total", "X.").unwrap(), &["b", "a"]).unwrap()
    }

    fn shown(vector: &Vector<Counter>, resume: &mut Resume, most: usize) -> Vec<String> {
        let mut shown = Vec::new();
        vector.visit("x_total", resume, &mut |child: &Child<'_>| {
            if shown.len() == most {
                return ControlFlow::Break(());
            }
            shown.push(child.labels.concat());
            ControlFlow::Continue(())
        });
        shown
    }

    #[test]
    fn children_are_made_once_and_shown_in_order() {
        let vector = vector();
        let first = vector.with(&["2", "1"]).unwrap();
        assert!(Arc::ptr_eq(&first, &vector.with(&["2", "1"]).unwrap()));
        vector.with(&["1", "1"]).unwrap();
        vector.with(&["1", "0"]).unwrap();
        let all = [r#"a="0",b="1""#, r#"a="1",b="1""#, r#"a="1",b="2""#];
        assert_eq!(shown(&vector, &mut Resume::default(), 9), all);
        assert_eq!(vector.remove(&["1", "0"]), Ok(true));
        assert_eq!(vector.remove(&["1", "0"]), Ok(false));
        assert_eq!(vector.len(), 2);
    }

    #[test]
    fn a_place_survives_what_comes_and_goes() {
        let vector = vector();
        for b in ["2", "4", "6"] {
            vector.with(&[b, ""]).unwrap();
        }
        let mut resume = Resume::default();
        assert_eq!(shown(&vector, &mut resume, 1), [r#"a="",b="2""#]);
        vector.with(&["1", ""]).unwrap();
        vector.with(&["5", ""]).unwrap();
        vector.remove(&["4", ""]).unwrap();
        assert_eq!(shown(&vector, &mut resume, 1), [r#"a="",b="5""#]);
        assert_eq!(shown(&vector, &mut resume, 9), [r#"a="",b="6""#]);
    }

    #[test]
    fn wrong_labels_are_values() {
        let e = vector().with(&["1"]).unwrap_err();
        assert_eq!(e.to_string(), "family `x_total`: 1 label values were given, it has 2 labels");
        let family = || Family::counter("x_total", "X.").unwrap();
        assert_eq!(Vector::<Counter>::new(family(), &["a", "a"]).unwrap_err(), Defect::DuplicateLabel);
        assert_eq!(Vector::<Counter>::new(family(), &["le"]).unwrap_err(), Defect::ReservedLabel);
    }
}
