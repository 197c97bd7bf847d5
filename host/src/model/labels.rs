//! Label text, rendered once.

use std::fmt;

use narthex::model::{Defect, LabelName};
use narthex::text::{Out, head};

/// The labels of one child, ready to stand between braces: sorted by name, values escaped.
///
/// Label texts are ordered by their bytes; that is the order of children in a page.
///
/// ```
/// use narthex_host::model::{Defect, LabelText};
/// let labels = LabelText::new(&[("port", "1"), ("link", "a \"b\"")])?;
/// assert_eq!(labels.as_str(), r#"link="a \"b\"",port="1""#);
/// assert_eq!(LabelText::new(&[("le", "1")]), Err(Defect::ReservedLabel));
/// # Ok::<(), Defect>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelText(Box<str>);

impl LabelText {
    /// Renders names and values, given in any order.
    ///
    /// # Errors
    /// [`Defect::LabelName`] for an illegal name, [`Defect::ReservedLabel`] for `le` and `quantile`,
    /// [`Defect::DuplicateLabel`] for a name used twice.
    pub fn new(labels: &[(&str, &str)]) -> Result<Self, Defect> {
        let mut text = String::new();
        Self::append(&mut text, labels)?;
        Ok(Self(text.into()))
    }

    /// The text, without braces.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Renders at the end of `text`; on an error `text` is as it was.
    pub(crate) fn append(text: &mut String, labels: &[(&str, &str)]) -> Result<(), Defect> {
        for (name, _) in labels {
            Self::check(name)?;
        }
        // Label sets are small: choosing the next one each time needs no memory to sort in.
        let mut last: Option<&str> = None;
        let start = text.len();
        for _ in labels {
            let after = |name: &str| last.is_none_or(|last| name > last);
            let next = labels.iter().filter(|(name, _)| after(name)).min_by_key(|(name, _)| *name);
            let Some((name, value)) = next else {
                text.truncate(start);
                return Err(Defect::DuplicateLabel);
            };
            if last.is_some() {
                text.push(',');
            }
            Self::push(text, name, value);
            last = Some(name);
        }
        Ok(())
    }

    /// Checks one label name.
    pub(crate) fn check(name: &str) -> Result<(), Defect> {
        match LabelName::new(name) {
            Err(e) => Err(Defect::LabelName(e)),
            Ok(_) if matches!(name, "le" | "quantile") => Err(Defect::ReservedLabel),
            Ok(_) => Ok(()),
        }
    }

    /// Renders one label at the end of `text`, in the core's writing.
    fn push(text: &mut String, name: &str, value: &str) {
        let mut buf = [0; 128];
        let mut out = Out::new(&mut buf);
        head::label(&mut out, name, value);
        let mut long = Vec::new();
        if out.is_full() {
            long.resize(out.len(), 0);
            out = Out::new(&mut long);
            head::label(&mut out, name, value);
        }
        text.push_str(&String::from_utf8_lossy(out.written()));
    }
}

impl std::borrow::Borrow<str> for LabelText {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for LabelText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_any_length_are_escaped() {
        let value = "\\\n\"é".repeat(100);
        let text = LabelText::new(&[("a", &value)]).unwrap();
        assert_eq!(text.as_str(), format!("a=\"{}\"", "\\\\\\n\\\"é".repeat(100)));
        assert_eq!(LabelText::new(&[]).unwrap().as_str(), "");
    }

    #[test]
    fn bad_names_are_refused() {
        assert_eq!(LabelText::new(&[("a", "1"), ("b", "2"), ("a", "1")]), Err(Defect::DuplicateLabel));
        assert!(matches!(LabelText::new(&[("a-b", "1")]), Err(Defect::LabelName(_))));
        assert!(matches!(LabelText::new(&[("__a", "1")]), Err(Defect::LabelName(_))));
        assert_eq!(LabelText::new(&[("quantile", "1")]), Err(Defect::ReservedLabel));
        let mut text = "x".to_string();
        assert!(LabelText::append(&mut text, &[("b", "1"), ("b", "1")]).is_err());
        assert_eq!(text, "x");
    }
}
