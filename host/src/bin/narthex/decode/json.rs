//! Series as JSON, one object a line. `narthex decode --help` promises what is here.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::ops::ControlFlow;

use narthex::model::{Scale, Value};
use narthex::text::{Format, Out, number};
use narthex_host::model::{Child, Family, Point};
use narthex_host::registry::{Indexed, Resume};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Writes all series of a source.
///
/// # Errors
/// Those of `out`.
pub(super) fn write(source: &dyn Indexed, device_label: &str, out: &mut dyn Write) -> io::Result<()> {
    for family in source.families() {
        let mut end = Ok(());
        let mut visit = |child: &Child<'_>| {
            end = series(&family, child, device_label, out);
            if end.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        source.visit(&family.name, &mut Resume::default(), &mut visit);
        end?;
    }
    out.flush()
}

fn series(family: &Family, child: &Child<'_>, device_label: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut text = String::new();
    child.join_labels(&mut text);
    let mut line = |labels: &str, value: &str| {
        let all = pairs(labels);
        let device = all.iter().find(|(name, _)| *name == device_label).map_or("", |(_, value)| value);
        let labels = Labels(&all, device_label);
        let (device, labels) = (serde_json::to_string(device)?, serde_json::to_string(&labels)?);
        let (name, kind) = (&family.name, family.kind.as_str());
        // Names are made of letters, digits, underscores and colons.
        writeln!(
            out,
            r#"{{"device":{device},"name":"{name}","type":"{kind}","labels":{labels},"value":{value}}}"#
        )
    };
    match child.point {
        Point::Value { value, scale } => line(&text, &json(value, scale)),
        Point::Histogram { bounds, buckets, sum, scale } => {
            let mut count = 0u64;
            let mut list = String::new();
            let bounds = bounds.iter().map(|bound| bound.in_format(Format::Text)).chain(["\"+Inf\""]);
            for (bound, bucket) in bounds.zip(buckets) {
                count = count.saturating_add(*bucket);
                let comma = if list.is_empty() { "" } else { "," };
                let _ = write!(list, r#"{comma}{{"le":{bound},"count":{count}}}"#);
            }
            line(&text, &format!(r#"{{"count":{count},"sum":{},"buckets":[{list}]}}"#, json(sum, scale)))
        }
        Point::Native(native) => {
            let mut list = String::new();
            for (upper, count) in native.cumulative() {
                let mut buf = [0; 64];
                let mut bound = Out::new(&mut buf);
                upper.write(&mut bound, Format::Text, native.scale());
                let bound = String::from_utf8_lossy(bound.written());
                let _ = write!(list, r#"{{"le":{bound},"count":{count}}},"#);
            }
            let (count, sum, schema) = (native.count(), json(native.sum(), native.scale()), native.schema());
            let _ = write!(list, r#"{{"le":"+Inf","count":{count}}}"#);
            line(&text, &format!(r#"{{"count":{count},"sum":{sum},"schema":{schema},"buckets":[{list}]}}"#))
        }
        Point::Summary { quantiles, values, sum, count, scale } => {
            let mut list = String::new();
            for (quantile, value) in quantiles.iter().zip(values) {
                let comma = if list.is_empty() { "" } else { "," };
                let quantile = json(Value::Unsigned(u64::from(*quantile)), Scale::new(-6));
                let value =
                    value.checked_sub(1).map_or("null".to_owned(), |n| json(Value::Unsigned(n), scale));
                let _ = write!(list, r#"{comma}{{"quantile":{quantile},"value":{value}}}"#);
            }
            line(&text, &format!(r#"{{"count":{count},"sum":{},"quantiles":[{list}]}}"#, json(sum, scale)))
        }
        Point::States { states, state } => {
            for (index, label) in states.iter().enumerate() {
                let comma = if text.is_empty() { "" } else { "," };
                line(&format!("{text}{comma}{label}"), if index == state { "1" } else { "0" })?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A number as the page has it, which is one of JSON, too; what is none is a string.
fn json(value: Value, scale: Scale) -> String {
    let mut buf = [0; 64];
    let mut out = Out::new(&mut buf);
    number::value(&mut out, Format::Text, value, scale);
    let text = String::from_utf8_lossy(out.written()).into_owned();
    match &*text {
        "NaN" | "+Inf" | "-Inf" => format!("\"{text}\""),
        _ => text,
    }
}

/// Label text taken apart again: `a="1",b="\""`.
pub(super) fn pairs(mut text: &str) -> Vec<(&str, String)> {
    let mut pairs = Vec::new();
    while let Some((name, rest)) = text.split_once("=\"") {
        let (mut value, mut chars) = (String::new(), rest.chars());
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => match chars.next() {
                    Some('n') => value.push('\n'),
                    Some(c) => value.push(c),
                    None => {}
                },
                c => value.push(c),
            }
        }
        pairs.push((name, value));
        let rest = chars.as_str();
        text = rest.strip_prefix(',').unwrap_or(rest);
    }
    pairs
}

/// Labels without the one that names the device.
struct Labels<'a>(&'a [(&'a str, String)], &'a str);

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.0.iter().filter(|(name, _)| *name != self.1) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use narthex_host::model::LabelText;

    fn line(labels: &[(&str, &str)], family: &Family, point: Point<'_>) -> String {
        let labels = LabelText::new(labels).unwrap();
        let mut out = Vec::new();
        let child = Child { labels: &[labels.as_str()], point, created: None };
        series(family, &child, "device", &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_value_is_json() {
        let gauge = Family::gauge("a", "A.").unwrap();
        for (value, scale, json) in [
            (Value::Unsigned(u64::MAX), Scale::ONE, "18446744073709551615"),
            (Value::Signed(-1500), Scale::new(-3), "-1.5"),
            (Value::F64(f64::NAN), Scale::ONE, "\"NaN\""),
            (Value::F64(f64::INFINITY), Scale::ONE, "\"+Inf\""),
            (Value::F64(f64::NEG_INFINITY), Scale::ONE, "\"-Inf\""),
            (Value::F64(1e300), Scale::ONE, "1e+300"),
            (Value::F32(36.6), Scale::ONE, "36.6"),
            (Value::F64(-0.25), Scale::ONE, "-0.25"),
        ] {
            let line = line(&[("device", "p")], &gauge, Point::Value { value, scale });
            assert_eq!(
                line,
                format!(
                    "{{\"device\":\"p\",\"name\":\"a\",\"type\":\"gauge\",\"labels\":{{}},\"value\":{json}}}\n"
                )
            );
            serde_json::from_str::<serde_json::Value>(&line).unwrap();
        }
    }

    #[test]
    fn labels_come_as_they_were() {
        let gauge = Family::gauge("a", "A.").unwrap();
        let point = Point::Value { value: Value::Unsigned(1), scale: Scale::ONE };
        let odd = "a\\n\"b\n=\",{}é\u{7}";
        let line = line(&[("device", odd), ("x", odd), ("y", "")], &gauge, point);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((value["device"].as_str(), value["labels"]["x"].as_str()), (Some(odd), Some(odd)));
        assert_eq!(value["labels"].as_object().unwrap().len(), 2);
    }

    #[test]
    fn each_state_is_an_object() {
        let family = Family::new(narthex::model::Kind::StateSet, "mode", "M.").unwrap();
        let states = ["idle", "busy"].map(|state| LabelText::new(&[("mode", state)]).unwrap());
        let lines = line(&[("device", "p")], &family, Point::States { states: &states, state: 1 });
        assert!(lines.contains(r#""type":"stateset","labels":{"mode":"idle"},"value":0}"#), "{lines}");
        assert!(lines.contains(r#""type":"stateset","labels":{"mode":"busy"},"value":1}"#), "{lines}");
    }

    #[test]
    fn a_histogram_is_one_object() {
        let family = Family::histogram("a", "A.").unwrap();
        let bounds = [narthex_host::model::Bound::new(0.5), narthex_host::model::Bound::new(1.0)];
        let point = Point::Histogram {
            bounds: &bounds,
            buckets: &[1, 2, 3],
            sum: Value::Unsigned(25),
            scale: Scale::new(-1),
        };
        let line = line(&[("device", "p")], &family, point);
        assert!(line.ends_with(
            r#""value":{"count":6,"sum":2.5,"buckets":[{"le":0.5,"count":1},{"le":1,"count":3},{"le":"+Inf","count":6}]}}
"#
        ));
    }
}
