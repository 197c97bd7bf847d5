//! Names of metrics and labels, checked once.

use core::fmt;

/// The name of a metric family: `[a-zA-Z_:][a-zA-Z0-9_:]*`
/// ([Prometheus data model](https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels)).
///
/// Having a `Name` proves the check was made.
///
/// ```
/// use narthex::model::{Name, NameError};
/// const RECEIVED: Result<Name<'static>, NameError> = Name::new("uart_received_bytes_total");
/// assert_eq!(RECEIVED.unwrap().as_str(), "uart_received_bytes_total");
/// assert_eq!(Name::new("3com"), Err(NameError::Illegal { at: 0 }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'a>(&'a str);

/// The name of a label: `[a-zA-Z_][a-zA-Z0-9_]*`, not starting with `__`, which Prometheus keeps for itself.
///
/// ```
/// use narthex::model::{LabelName, NameError};
/// assert!(LabelName::new("reason").is_ok());
/// assert_eq!(LabelName::new("__name__"), Err(NameError::Reserved));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelName<'a>(&'a str);

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NameError {
    /// The name is empty.
    Empty,
    /// The name is longer than [`Name::MAX`] bytes.
    Long {
        /// Its length in bytes.
        len: usize,
    },
    /// The byte at this index may not stand there.
    Illegal {
        /// Index of the first illegal byte.
        at: usize,
    },
    /// The label name starts with `__`.
    Reserved,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a name is empty"),
            Self::Long { len } => write!(f, "a name is {len} bytes long, the limit is {}", Name::MAX),
            Self::Illegal { at } => write!(f, "a name has an illegal character at byte {at}"),
            Self::Reserved => f.write_str("label names starting with `__` are reserved"),
        }
    }
}

impl core::error::Error for NameError {}

impl<'a> Name<'a> {
    /// Longest name, in bytes.
    ///
    /// Prometheus has no limit; a name must fit in a schema record with room to spare.
    pub const MAX: usize = 200;

    /// Checks a metric name.
    ///
    /// # Errors
    /// [`NameError`] when it is empty, too long, or has an illegal character.
    pub const fn new(name: &'a str) -> Result<Self, NameError> {
        match check(name.as_bytes(), true) {
            Ok(()) => Ok(Self(name)),
            Err(e) => Err(e),
        }
    }

    /// The name as text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl<'a> LabelName<'a> {
    /// Checks a label name.
    ///
    /// # Errors
    /// [`NameError`] when it is empty, too long, reserved, or has an illegal character.
    pub const fn new(name: &'a str) -> Result<Self, NameError> {
        match check(name.as_bytes(), false) {
            Ok(()) => match name.as_bytes() {
                [b'_', b'_', ..] => Err(NameError::Reserved),
                _ => Ok(Self(name)),
            },
            Err(e) => Err(e),
        }
    }

    /// The name as text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

const fn check(name: &[u8], colon: bool) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > Name::MAX {
        return Err(NameError::Long { len: name.len() });
    }
    let mut rest = name;
    while let [byte, tail @ ..] = rest {
        let at = name.len() - rest.len();
        let legal = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => true,
            b'0'..=b'9' => at > 0,
            b':' => colon,
            _ => false,
        };
        if !legal {
            return Err(NameError::Illegal { at });
        }
        rest = tail;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metric_names_follow_the_data_model() {
        for good in ["a", "_", ":", "a:b", "A9_", "uart_received_bytes_total"] {
            assert_eq!(Name::new(good).map(Name::as_str), Ok(good));
        }
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert_eq!(Name::new("a-b"), Err(NameError::Illegal { at: 1 }));
        assert_eq!(Name::new("aé"), Err(NameError::Illegal { at: 1 }));
        let long = [b'a'; Name::MAX + 1];
        let long = core::str::from_utf8(&long).unwrap_or_default();
        assert_eq!(Name::new(long), Err(NameError::Long { len: Name::MAX + 1 }));
    }

    #[test]
    fn label_names_have_no_colon_and_no_double_underscore() {
        assert!(LabelName::new("_reason9").is_ok());
        assert_eq!(LabelName::new("a:b"), Err(NameError::Illegal { at: 1 }));
        assert_eq!(LabelName::new("__a"), Err(NameError::Reserved));
        assert_eq!(LabelName::new("9"), Err(NameError::Illegal { at: 0 }));
    }
}
