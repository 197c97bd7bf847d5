//! Labels of a child, cut where the gateway adds its own.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::model::LabelText;

/// Names of the labels the gateway adds: that of the device, which every device has, and others, which the
/// configuration gives to some.
///
/// Labels stand in a line sorted by name, so a child's label text is cut into one piece more than there are names, and
/// a device's own text goes in between: a line is `piece, added, piece, added, piece`, joined. Commas are so arranged
/// that a label which a device does not have is simply empty.
///
/// ```
/// use narthex_host::relay::session::Added;
/// let added = Added::new("device", ["site".into()]);
/// let ours = added.render(&[("device", "pump-1"), ("site", "b2")]).unwrap();
/// assert_eq!(ours.iter().map(|text| &**text).collect::<String>(), r#"device="pump-1",site="b2""#);
/// assert_eq!(&*added.render(&[("device", "pump-1")]).unwrap()[1], "");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// Sorted, each once.
    names: Arc<[Arc<str>]>,
    /// Which one every device has.
    device: usize,
}

/// One child of a family: its label text, cut where the gateway adds labels, and which child it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildSchema {
    /// The pieces, one more than the gateway has labels to add.
    pub pieces: Box<[Box<str>]>,
    /// Index of the child in the device's order: a slot, in a table family.
    pub index: usize,
}

impl Added {
    /// The device label, and other names in any order.
    pub fn new(device: &str, others: impl IntoIterator<Item = Arc<str>>) -> Self {
        let mut names: Vec<Arc<str>> = others.into_iter().collect();
        names.push(device.into());
        names.sort();
        names.dedup();
        let at = names.iter().position(|name| **name == *device).unwrap_or_default();
        Self { names: names.into(), device: at }
    }

    /// The names, sorted.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// The name of the device label.
    pub fn device(&self) -> &str {
        self.names.get(self.device).map_or("", |name| name)
    }

    /// Which of the names is that of the device label.
    pub fn index(&self) -> usize {
        self.device
    }

    /// Renders a device's labels, one text for each name in order; that of a label it does not have is empty. Labels
    /// of other names are left out.
    ///
    /// # Errors
    /// What is wrong with a name.
    pub fn render(&self, labels: &[(&str, &str)]) -> Result<Box<[Box<str>]>, String> {
        let text = |(at, name): (usize, &Arc<str>)| match labels.iter().find(|(given, _)| **given == **name) {
            Some((_, value)) => Self::piece(&[(name, value)], at.cmp(&self.device)),
            None => Ok(Box::default()),
        };
        self.names.iter().enumerate().map(text).collect()
    }

    /// Cuts a child's labels into pieces.
    ///
    /// # Errors
    /// What is wrong with a name, or that it is one of these.
    pub(super) fn split(&self, pairs: &[(&str, &str)]) -> Result<Box<[Box<str>]>, String> {
        if let Some((name, _)) = pairs.iter().find(|(name, _)| self.names.iter().any(|ours| **ours == **name))
        {
            return Err(format!("the label `{name}` is the gateway's own"));
        }
        let piece = |at: usize| {
            let behind =
                |name: &str| at.checked_sub(1).and_then(|at| self.names.get(at)).is_none_or(|n| name > &**n);
            let before = |name: &str| self.names.get(at).is_none_or(|n| name < &**n);
            let labels: Vec<_> =
                pairs.iter().copied().filter(|(name, _)| behind(name) && before(name)).collect();
            let side = if at > self.device { Ordering::Greater } else { Ordering::Less };
            Self::piece(&labels, side)
        };
        (0..=self.names.len()).map(piece).collect()
    }

    /// Renders labels that stand on this side of the device label, or are it: the comma is towards it.
    fn piece(labels: &[(&str, &str)], side: Ordering) -> Result<Box<str>, String> {
        let text = LabelText::new(labels).map_err(|defect| defect.as_str().to_owned())?;
        let text = text.as_str();
        Ok(match side {
            _ if text.is_empty() => Box::default(),
            Ordering::Less => format!("{text},").into(),
            Ordering::Equal => text.into(),
            Ordering::Greater => format!(",{text}").into(),
        })
    }
}

impl ChildSchema {
    /// Its label text with the device's own in between, as [`Added::render`] has made it: children are ordered by it.
    pub fn text<'a, T: AsRef<str>>(&'a self, added: &'a [T]) -> impl Iterator<Item = u8> + 'a {
        let added = added.iter().map(AsRef::as_ref).chain(std::iter::repeat(""));
        self.pieces.iter().zip(added).flat_map(|(piece, added)| piece.bytes().chain(added.bytes()))
    }
}
