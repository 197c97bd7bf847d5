//! The owned description of a family.

use narthex::model::{Defect, Desc, Details, Kind};

use super::LabelText;

/// What one metric family is called, what it means, what type it has.
///
/// ```
/// use narthex_host::model::{Defect, Family};
/// let family = Family::counter("links_received_bytes_total", "Bytes received.")?.with_unit("bytes")?;
/// assert_eq!(family.open_metrics_name(), "links_received_bytes");
/// assert_eq!(Family::counter("links_opened", "Links opened."), Err(Defect::NoTotal));
/// # Ok::<(), Defect>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name, as in text 0.0.4: a counter's ends in `_total`.
    pub name: Box<str>,
    /// HELP text, not escaped.
    pub help: Box<str>,
    /// Unit in the plural of the base unit (`seconds`, `bytes`), or empty.
    pub unit: Box<str>,
    /// The type.
    pub kind: Kind,
}

impl Family {
    /// Makes a family without unit.
    ///
    /// # Errors
    /// The [`Defect`], by the rules a device's description keeps ([`Desc::check`]); only HELP may be of any length.
    pub fn new(kind: Kind, name: &str, help: &str) -> Result<Self, Defect> {
        let family = Self { name: name.into(), help: help.into(), unit: Box::default(), kind };
        family.check().map(|()| family)
    }

    /// Makes a counter's family.
    ///
    /// # Errors
    /// As for [`Family::new`].
    pub fn counter(name: &str, help: &str) -> Result<Self, Defect> {
        Self::new(Kind::Counter, name, help)
    }

    /// Makes a gauge's family.
    ///
    /// # Errors
    /// As for [`Family::new`].
    pub fn gauge(name: &str, help: &str) -> Result<Self, Defect> {
        Self::new(Kind::Gauge, name, help)
    }

    /// Makes a histogram's family.
    ///
    /// # Errors
    /// As for [`Family::new`].
    pub fn histogram(name: &str, help: &str) -> Result<Self, Defect> {
        Self::new(Kind::Histogram, name, help)
    }

    /// Makes the family of an info: labels that do not change, under the value 1.
    ///
    /// # Errors
    /// As for [`Family::new`].
    pub fn info(name: &str, help: &str) -> Result<Self, Defect> {
        Self::new(Kind::Info, name, help)
    }

    /// Makes the family of a state set, whose name is also that of the label of its states.
    ///
    /// # Errors
    /// As for [`Family::new`], and for a name that a label cannot have.
    pub fn state_set(name: &str, help: &str) -> Result<Self, Defect> {
        Self::new(Kind::StateSet, name, help)
    }

    /// The same family with a unit.
    ///
    /// # Errors
    /// [`Defect::Unit`] if the name does not end in it (before a counter's `_total`), [`Defect::UnitText`].
    pub fn with_unit(self, unit: &str) -> Result<Self, Defect> {
        let family = Self { unit: unit.into(), ..self };
        family.check().map(|()| family)
    }

    /// Its name in OpenMetrics: a counter's without `_total`, an info's without `_info`.
    pub fn open_metrics_name(&self) -> &str {
        Desc { kind: self.kind, ..Desc::gauge(&self.name, &self.help) }.family()
    }

    /// What its samples' names add to [`Family::open_metrics_name`], in any format.
    pub(crate) fn suffixes(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Counter => &["_total", "_created"],
            Kind::Histogram => &["_bucket", "_count", "_sum", "_created"],
            Kind::Summary => &["_count", "_sum", "_created"],
            Kind::Info => &["_info"],
            _ => &[],
        }
    }

    /// Checks a family whose fields were filled in one by one; registration does so too.
    ///
    /// # Errors
    /// As for [`Family::new`].
    pub fn check(&self) -> Result<(), Defect> {
        self.check_desc()?;
        if self.kind == Kind::StateSet { LabelText::check(&self.name) } else { Ok(()) }
    }

    /// The core's rules, for a shape that they accept for this kind: a family's shape is its source's.
    fn check_desc(&self) -> Result<(), Defect> {
        // Devices bound HELP for the sake of their records; the host need not.
        let help = if self.help.is_empty() { "" } else { "any" };
        let (bounds, states): (&[_], &[_]) = match self.kind {
            Kind::Histogram | Kind::Summary => (&[1], &[]),
            Kind::StateSet => (&[], &["any"]),
            _ => (&[], &[]),
        };
        let details = &Details { unit: &self.unit, bounds, states, ..Details::NONE };
        let desc = match self.kind {
            Kind::Counter => Desc::counter(&self.name, help),
            Kind::Histogram => Desc::histogram(&self.name, help, details),
            Kind::Summary => Desc::summary(&self.name, help, details),
            Kind::Info => Desc::info(&self.name, help, details),
            Kind::StateSet => Desc::state_set(&self.name, help, details),
            kind => Desc { kind, ..Desc::gauge(&self.name, help) },
        };
        Desc { details, ..desc }.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_the_cores() {
        assert!(Family::gauge("room_celsius", "Temperature.").and_then(|f| f.with_unit("celsius")).is_ok());
        assert!(Family::histogram("wait_seconds", "é").is_ok());
        assert!(Family::gauge("a", &"long ".repeat(200)).is_ok());
        assert_eq!(Family::gauge("a", ""), Err(Defect::NoHelp));
        assert_eq!(Family::gauge("a_total", "A."), Err(Defect::Total));
        assert!(Family::info("a_info", "A.").is_ok() && Family::state_set("a", "A.").is_ok());
        assert_eq!(Family::info("a", "A."), Err(Defect::NoInfo));
        assert_eq!(Family::info("a_info", "A.").and_then(|f| f.with_unit("a")), Err(Defect::Unit));
        assert!(matches!(Family::state_set("a:b", "A."), Err(Defect::LabelName(_))));
        assert_eq!(Family::state_set("le", "A."), Err(Defect::ReservedLabel));
        assert_eq!(Family::gauge("a_count", "A."), Err(Defect::ReservedSuffix));
        assert_eq!(Family::histogram("a_bucket", "A."), Err(Defect::ReservedSuffix));
        assert!(matches!(Family::gauge("a-b", "A."), Err(Defect::Name(_))));
        assert_eq!(Family::gauge("a", "A.").and_then(|f| f.with_unit("seconds")), Err(Defect::Unit));
    }
}
