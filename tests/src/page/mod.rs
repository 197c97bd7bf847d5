//! A page of metrics read by the letter: Prometheus text 0.0.4 and OpenMetrics 1.0.
//!
//! Written from the specifications, knowing nothing of narthex, and slower and stricter than any scraper: what
//! servers forgive (interleaved families, duplicate series, buckets that do not add up, labels out of order) is
//! refused. Every name must be a classic one, every family must have a TYPE.

mod line;
mod rules;

use line::Line;
use std::collections::BTreeSet;

/// The two text formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `text/plain; version=0.0.4`
    Text,
    /// `application/openmetrics-text; version=1.0.0`
    OpenMetrics,
}

/// A page, as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// In the order of the page.
    pub families: Vec<Family>,
}

/// All that stands under one HELP and TYPE.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// As TYPE has it: without `_total` for an OpenMetrics counter.
    pub name: String,
    /// `counter`, `gauge`, `histogram`, …
    pub kind: String,
    /// Unescaped.
    pub help: Option<String>,
    /// OpenMetrics only.
    pub unit: Option<String>,
    /// In the order of the page.
    pub samples: Vec<Sample>,
}

/// One line with a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// With its suffix.
    pub name: String,
    /// Unescaped, in the order of the page.
    pub labels: Vec<(String, String)>,
    /// As written.
    pub value: String,
    /// As written.
    pub timestamp: Option<String>,
    /// Labels, value and time, as written.
    pub exemplar: Option<Exemplar>,
}

/// What follows ` # ` behind an OpenMetrics sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// Unescaped.
    pub labels: Vec<(String, String)>,
    /// As written.
    pub value: String,
    /// As written.
    pub timestamp: Option<String>,
}

impl Sample {
    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }

    /// The labels without `name`.
    fn labels_but(&self, name: &str) -> Vec<(String, String)> {
        self.labels.iter().filter(|(label, _)| label != name).cloned().collect()
    }

    /// The value as a number.
    pub fn number(&self) -> f64 {
        self.value.parse().expect("checked when it was read")
    }
}

impl Page {
    /// Reads a whole page.
    ///
    /// # Errors
    /// The first line, or the family, that breaks a rule, and which rule.
    pub fn read(text: &str, format: Format) -> Result<Self, String> {
        let mut reader = Reader { format, families: Vec::new(), series: BTreeSet::new(), ended: false };
        let body = text.strip_suffix('\n').ok_or("the last line does not end")?;
        for (at, line) in body.split('\n').enumerate() {
            reader.take(line).map_err(|why| format!("line {}: {why}: {line}", at + 1))?;
        }
        if format == Format::OpenMetrics && !reader.ended {
            return Err("no # EOF".into());
        }
        rules::names_apart(&reader.families, format)?;
        for family in &reader.families {
            rules::family(family, format).map_err(|why| format!("family {}: {why}", family.name))?;
        }
        Ok(Self { families: reader.families })
    }

    /// The family of this name.
    pub fn family(&self, name: &str) -> Option<&Family> {
        self.families.iter().find(|family| family.name == name)
    }

    /// The sample with this name and exactly these labels, in any order.
    pub fn sample(&self, name: &str, labels: &[(&str, &str)]) -> Option<&Sample> {
        self.samples().find(|sample| {
            sample.name == name
                && sample.labels.len() == labels.len()
                && labels.iter().all(|(label, value)| sample.label(label) == Some(value))
        })
    }

    /// All samples, in the order of the page.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.families.iter().flat_map(|family| &family.samples)
    }
}

struct Reader {
    format: Format,
    families: Vec<Family>,
    series: BTreeSet<(String, Vec<(String, String)>)>,
    ended: bool,
}

impl Reader {
    fn take(&mut self, line: &str) -> Result<(), String> {
        if self.ended {
            return Err("something follows # EOF".into());
        }
        match line::read(line, self.format)? {
            Line::Help(name, help) => once(&mut self.open(name)?.help, help),
            Line::Unit(name, unit) => once(&mut self.open(name)?.unit, unit),
            Line::Type(name, kind) => {
                let family = self.open(name)?;
                if !family.kind.is_empty() {
                    return Err("said twice".into());
                }
                family.kind = kind;
                Ok(())
            }
            Line::End => {
                self.ended = true;
                Ok(())
            }
            Line::Sample(sample) => {
                let family = self.families.last_mut().ok_or("a sample before any TYPE")?;
                if family.kind.is_empty() {
                    return Err("a sample before the TYPE of its family".into());
                }
                if !rules::suffixes(&family.kind, self.format)
                    .iter()
                    .any(|suffix| sample.name.strip_suffix(suffix) == Some(&family.name))
                {
                    return Err(format!("no sample of the {} {}", family.kind, family.name));
                }
                let mut labels = sample.labels.clone();
                labels.sort();
                if !self.series.insert((sample.name.clone(), labels)) {
                    return Err("a duplicate series".into());
                }
                family.samples.push(sample);
                Ok(())
            }
        }
    }

    /// The family that a line of metadata is about: the last one, or a new one.
    fn open(&mut self, name: String) -> Result<&mut Family, String> {
        let same = self.families.last().is_some_and(|last| last.name == name);
        if same {
            if self.families.last().is_some_and(|last| !last.samples.is_empty()) {
                return Err("said after the samples".into());
            }
        } else {
            if self.families.iter().any(|family| family.name == name) {
                return Err("a family in two places".into());
            }
            self.families.push(Family {
                name,
                kind: String::new(),
                help: None,
                unit: None,
                samples: Vec::new(),
            });
        }
        self.families.last_mut().ok_or_else(|| "no family".into())
    }
}

fn once(place: &mut Option<String>, text: String) -> Result<(), String> {
    if place.is_some() {
        return Err("said twice".into());
    }
    *place = Some(text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP a_total A \\\\ b.\n# TYPE a_total counter\na_total{x=\"1\\n\"} 2\na_total{x=\"2\"} 3\n\
        # TYPE h_seconds histogram\nh_seconds_bucket{le=\"0.5\"} 1\nh_seconds_bucket{le=\"+Inf\"} 3\n\
        h_seconds_sum 4.5\nh_seconds_count 3\n# TYPE t gauge\nt -36.6 1700000000000\n";

    const OPEN: &str = "# HELP a A \\\"b\\\".\n# TYPE a counter\na_total{x=\"1\"} 2 # {trace=\"q\"} 1.5 12.5\n\
        a_created{x=\"1\"} 1.7e+09\n# TYPE h_seconds histogram\n# UNIT h_seconds seconds\n\
        h_seconds_bucket{le=\"0.5\"} 1\nh_seconds_bucket{le=\"+Inf\"} 3\nh_seconds_sum 4.5\nh_seconds_count 3\n\
        # TYPE b info\nb_info{v=\"1\"} 1\n# TYPE s stateset\ns{s=\"on\"} 1\ns{s=\"off\"} 0\n# EOF\n";

    #[test]
    fn reads_a_text_page() {
        let page = Page::read(TEXT, Format::Text).unwrap();
        assert_eq!(page.families.len(), 3);
        assert_eq!(page.family("a_total").unwrap().help.as_deref(), Some("A \\ b."));
        assert_eq!(page.sample("a_total", &[("x", "1\n")]).unwrap().value, "2");
        assert!((page.sample("t", &[]).unwrap().number() + 36.6).abs() < 1e-9);
        assert_eq!(page.samples().count(), 7);
    }

    #[test]
    fn reads_an_openmetrics_page() {
        let page = Page::read(OPEN, Format::OpenMetrics).unwrap();
        assert_eq!(page.family("a").unwrap().help.as_deref(), Some("A \"b\"."));
        assert_eq!(page.family("h_seconds").unwrap().unit.as_deref(), Some("seconds"));
        let exemplar = page.sample("a_total", &[("x", "1")]).unwrap().exemplar.clone().unwrap();
        assert_eq!((exemplar.value.as_str(), exemplar.timestamp.as_deref()), ("1.5", Some("12.5")));
    }

    /// Each is the good page with one thing spoilt, and what must be said of it.
    fn refuses(format: Format, good: &str, cases: &[(&str, &str, &str)]) {
        for (from, to, why) in cases {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from:?} is not in the page");
            match Page::read(&bad, format) {
                Ok(_) => panic!("passed with {to:?} in place of {from:?}"),
                Err(said) => assert!(said.contains(why), "{to:?}: said {said:?}, not {why:?}"),
            }
        }
    }

    #[test]
    fn refuses_bad_text() {
        refuses(
            Format::Text,
            TEXT,
            &[
                ("00000\n", "00000", "does not end"),
                ("3\n", "3\n\n", "empty"),
                ("3\n", "3\r\n", "not a number"),
                ("# TYPE a_total counter\n", "", "before the TYPE"),
                ("# TYPE a_total counter", "# TYPE a_total counter\n# TYPE a_total counter", "said twice"),
                ("# HELP a_total A \\\\ b.", "# HELP a_total x\n# HELP a_total x", "said twice"),
                ("a_total{x=\"2\"} 3\n", "a_total{x=\"2\"} 3\n# HELP a_total x\n", "after the samples"),
                ("# TYPE t gauge\n", "# TYPE t gauge\nt 1\n# TYPE a_total counter\n", "two places"),
                ("counter\n", "count\n", "no such type"),
                ("\\\\ b", "\\\" b", "escape"),
                ("x=\"1\\n\"", "x=\"1\\t\"", "escape"),
                ("{x=\"2\"}", "{x=\"1\\n\"}", "duplicate"),
                ("{x=\"2\"}", "{x=\"2\",x=\"3\"}", "order"),
                ("{x=\"2\"}", "{y=\"2\",x=\"3\"}", "order"),
                ("{x=\"2\"}", "{x=\"2\",}", "label"),
                ("{x=\"2\"}", "{x=2}", "label"),
                ("{x=\"2\"}", "{x-y=\"2\"}", "label"),
                ("{x=\"2\"}", "{__x=\"2\"}", "reserved"),
                ("{x=\"2\"}", "{}", "empty braces"),
                ("a_total{x=\"2\"} 3", "a_total{x=\"2\"}  3", "not a number"),
                ("a_total{x=\"2\"} 3", "a_total{x=\"2\"} 0x3", "not a number"),
                ("a_total{x=\"2\"} 3", "a_total{x=\"2\"} -3", "counter"),
                ("a_total{x=\"2\"} 3", "a_total{x=\"2\"} 3 4.5", "timestamp"),
                ("a_total{x=\"2\"}", "b_total{x=\"2\"}", "no sample of"),
                ("TYPE t gauge", "TYPE u gauge", "no sample of"),
                ("TYPE t gauge\nt ", "TYPE h_seconds_sum gauge\nh_seconds_sum{x=\"1\"} ", "clash"),
                ("# TYPE t gauge", "# UNIT t volts\n# TYPE t gauge", "comment"),
                ("# TYPE t gauge", "# EOF\n# TYPE t gauge", "comment"),
                ("h_seconds_bucket{le=\"0.5\"} 1", "h_seconds_bucket{le=\"0.5\"} 4", "cumulative"),
                ("h_seconds_bucket{le=\"0.5\"} 1", "h_seconds_bucket{le=\"0.5\"} 1.5", "whole"),
                ("le=\"0.5\"", "le=\"half\"", "le"),
                ("le=\"+Inf\"} 3", "le=\"0.25\"} 3", "rise"),
                ("h_seconds_bucket{le=\"+Inf\"} 3\n", "", "+Inf"),
                ("h_seconds_count 3", "h_seconds_count 4", "_count"),
                ("h_seconds_count 3\n", "", "_count"),
                ("h_seconds_sum 4.5\n", "", "_sum"),
                ("h_seconds_sum 4.5", "h_seconds_sum{x=\"1\"} 4.5", "histogram"),
            ],
        );
        let bare = TEXT.replace("a_total", "a");
        assert!(Page::read(&bare, Format::Text).unwrap_err().contains("_total"));
    }

    #[test]
    fn refuses_bad_openmetrics() {
        refuses(
            Format::OpenMetrics,
            OPEN,
            &[
                ("# EOF\n", "", "no # EOF"),
                ("# EOF\n", "# EOF\n# EOF\n", "follows"),
                ("# EOF\n", "# TYPE z gauge\n# EOF\nz 1\n", "follows"),
                ("\\\"b", "\"b", "escape"),
                ("a_total{x=\"1\"} 2", "a{x=\"1\"} 2", "no sample of"),
                ("a_total{x=\"1\"} 2", "a_total{x=\"1\"} NaN", "counter"),
                ("UNIT h_seconds seconds", "UNIT h_seconds volts", "unit"),
                ("h_seconds_sum 4.5", "h_seconds_sum 4.5 # {a=\"b\"} 1", "exemplar"),
                ("le=\"0.5\"", "le=\"5e-1\"", "canonical"),
                ("le=\"0.5\"", "le=\"1\"", "canonical"),
                ("b_info{v=\"1\"} 1", "b_info{v=\"1\"} 2", "info"),
                ("s{s=\"off\"} 0", "s{s=\"off\"} 3", "state"),
                ("s{s=\"off\"} 0", "s{x=\"off\"} 0", "state"),
                ("# TYPE s stateset", "# TYPE s untyped", "no such type"),
            ],
        );
    }
}
