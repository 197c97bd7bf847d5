//! Which names are taken: by families, and by the series of families.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::model::{Family, Kind};

/// Why a family cannot stand beside another one that is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// The same name with another type.
    Kind {
        /// The type of the family that is there.
        there: Kind,
        /// The type of the one refused.
        refused: Kind,
    },
    /// The same name with other HELP.
    Help {
        /// The HELP that is there.
        there: Box<str>,
        /// The HELP that is refused.
        refused: Box<str>,
    },
    /// The same name with another unit.
    Unit {
        /// The unit that is there.
        there: Box<str>,
        /// The unit that is refused.
        refused: Box<str>,
    },
    /// Another name, but series of the one would be called as the other is, or as its series are, in one of the
    /// formats: `x` and `x_total` are one family in OpenMetrics, a histogram `x` has a series `x_count`.
    Series {
        /// The family that is there.
        there: Box<str>,
        /// The name that both would use.
        series: Box<str>,
    },
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind { there, refused } => {
                write!(f, "it is a {} here, and a {} there already", refused.as_str(), there.as_str())
            }
            Self::Help { there, refused } => {
                write!(f, "its help is \"{refused}\" here, and \"{there}\" there already")
            }
            Self::Unit { there, refused } => {
                write!(f, "its unit is \"{refused}\" here, and \"{there}\" there already")
            }
            Self::Series { there, series } => {
                write!(f, "the name `{series}` is already taken by the family `{there}`")
            }
        }
    }
}

impl std::error::Error for Conflict {}

/// The families that are there, each with the number of sources that offer it.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// By name in OpenMetrics, which two families may not share even if their names in text differ.
    families: HashMap<Box<str>, (Arc<Family>, usize)>,
}

impl Names {
    /// Whether a family of this name and description is there; or why it may not come.
    pub(super) fn find(&self, family: &Family) -> Result<bool, Conflict> {
        let name = family.open_metrics_name();
        if let Some((there, _)) = self.families.get(name) {
            return if there.name == family.name {
                same(there, family).map(|()| true)
            } else {
                Err(series(there, name))
            };
        }
        // A name that ends in a suffix of its own stands among the series of a shorter one …
        if let Some((base, suffix)) = name.rfind('_').and_then(|at| name.split_at_checked(at))
            && let Some((there, _)) = self.families.get(base)
            && there.suffixes().contains(&suffix)
        {
            return Err(series(there, name));
        }
        // … or a longer one among its own.
        let mut longer = String::new();
        for suffix in family.suffixes() {
            longer.clear();
            longer.push_str(name);
            longer.push_str(suffix);
            if let Some((there, _)) = self.families.get(longer.as_str()) {
                return Err(series(there, &longer));
            }
        }
        Ok(false)
    }

    /// Adds one source's claim to a family that [`Names::find`] did not refuse.
    pub(super) fn add(&mut self, family: &Arc<Family>) {
        let entry = self.families.entry(family.open_metrics_name().into());
        entry.or_insert_with(|| (Arc::clone(family), 0)).1 += 1;
    }

    /// Takes one source's claim away; the name is free when there is none left.
    pub(super) fn remove(&mut self, family: &Family) {
        let name = family.open_metrics_name();
        if let Some((_, claims)) = self.families.get_mut(name) {
            *claims = claims.saturating_sub(1);
            if *claims == 0 {
                self.families.remove(name);
            }
        }
    }
}

fn same(there: &Family, refused: &Family) -> Result<(), Conflict> {
    if there.kind != refused.kind {
        return Err(Conflict::Kind { there: there.kind, refused: refused.kind });
    }
    if there.unit != refused.unit {
        return Err(Conflict::Unit { there: there.unit.clone(), refused: refused.unit.clone() });
    }
    if there.help != refused.help {
        return Err(Conflict::Help { there: there.help.clone(), refused: refused.help.clone() });
    }
    Ok(())
}

fn series(there: &Family, series: &str) -> Conflict {
    Conflict::Series { there: there.name.clone(), series: series.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family(kind: Kind, name: &str) -> Arc<Family> {
        // Not through `Family::new`: names that it refuses must be caught here as well.
        Arc::new(Family { name: name.into(), help: "Help.".into(), unit: "".into(), kind })
    }

    fn meet(first: (Kind, &str), second: (Kind, &str)) -> Result<bool, Conflict> {
        let mut names = Names::default();
        names.add(&family(first.0, first.1));
        names.find(&family(second.0, second.1))
    }

    #[test]
    fn series_collide_in_either_order() {
        use Kind::{Counter, Gauge, Histogram, Info, StateSet};
        for (a, b, taken) in [
            ((Histogram, "x"), (Gauge, "x_count"), "x_count"),
            ((Histogram, "x"), (Gauge, "x_sum"), "x_sum"),
            ((Histogram, "x"), (Histogram, "x_bucket"), "x_bucket"),
            ((Histogram, "x_y"), (Gauge, "x_y_created"), "x_y_created"),
            ((Counter, "x_total"), (Gauge, "x"), "x"),
            ((Counter, "x_total"), (Histogram, "x"), "x"),
            ((Counter, "x_total"), (Gauge, "x_created"), "x_created"),
            ((Info, "x_info"), (Gauge, "x"), "x"),
            ((Info, "x_info"), (Counter, "x_total"), "x"),
            ((Info, "x_info"), (Gauge, "x_info"), "x_info"),
            ((Info, "x_info"), (StateSet, "x_info"), "x_info"),
        ] {
            for (a, b) in [(a, b), (b, a)] {
                let Err(Conflict::Series { there, series }) = meet(a, b) else { panic!("{a:?} {b:?}") };
                assert_eq!((&*there, &*series), (a.1, taken));
            }
        }
        assert_eq!(meet((Gauge, "x"), (Gauge, "x_count")), Ok(false));
        assert_eq!(meet((Histogram, "x"), (Gauge, "x_counts")), Ok(false));
        assert_eq!(meet((Histogram, "x"), (Gauge, "xx_count")), Ok(false));
        assert_eq!(meet((Gauge, "x"), (Gauge, "x_info")), Ok(false));
        assert_eq!(meet((StateSet, "x"), (StateSet, "x")), Ok(true));
        assert_eq!(meet((Counter, "x_total"), (Counter, "x_total")), Ok(true));
    }

    #[test]
    fn what_differs_is_said() {
        let there = family(Kind::Gauge, "x_bytes");
        let mut names = Names::default();
        names.add(&there);
        let text = |family: Family| names.find(&family).map_err(|e| e.to_string()).unwrap_err();
        let x = || Family::clone(&there);
        assert_eq!(
            text(Family { kind: Kind::Histogram, ..x() }),
            "it is a histogram here, and a gauge there already"
        );
        assert_eq!(
            text(Family { help: "X.".into(), ..x() }),
            "its help is \"X.\" here, and \"Help.\" there already"
        );
        assert_eq!(
            text(Family { unit: "bytes".into(), ..x() }),
            "its unit is \"bytes\" here, and \"\" there already"
        );
    }

    #[test]
    fn a_name_is_free_when_its_last_source_is_gone() {
        let x = family(Kind::Gauge, "x");
        let mut names = Names::default();
        names.add(&x);
        names.add(&x);
        names.remove(&x);
        assert!(names.find(&family(Kind::Histogram, "x")).is_err());
        names.remove(&x);
        assert_eq!(names.find(&family(Kind::Histogram, "x")), Ok(false));
    }
}
