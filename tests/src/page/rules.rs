//! What must hold in a family, and between families.

use super::line::is_number;
use super::{Family, Format, Sample};
use std::collections::BTreeSet;

/// What follows the name of a family in the names of its samples.
pub(super) fn suffixes(kind: &str, format: Format) -> &'static [&'static str] {
    let open = format == Format::OpenMetrics;
    match kind {
        "counter" if open => &["_total", "_created"],
        "histogram" if open => &["_bucket", "_sum", "_count", "_created"],
        "histogram" => &["_bucket", "_sum", "_count"],
        "gaugehistogram" => &["_bucket", "_gsum", "_gcount"],
        "summary" if open => &["", "_sum", "_count", "_created"],
        "summary" => &["", "_sum", "_count"],
        "info" => &["_info"],
        _ => &[""],
    }
}

/// No name may stand for samples, or families, of two families.
pub(super) fn names_apart(families: &[Family], format: Format) -> Result<(), String> {
    let mut taken = BTreeSet::new();
    for family in families {
        let names: BTreeSet<String> =
            suffixes(&family.kind, format).iter().map(|suffix| format!("{}{suffix}", family.name)).collect();
        for name in names.iter().chain((!names.contains(&family.name)).then_some(&family.name)) {
            if !taken.insert(name.clone()) {
                return Err(format!("names clash: {name}"));
            }
        }
    }
    Ok(())
}

pub(super) fn family(family: &Family, format: Format) -> Result<(), String> {
    if let Some(unit) = &family.unit
        && !family.name.ends_with(&format!("_{unit}"))
    {
        return Err(format!("the name does not end in its unit {unit}"));
    }
    for sample in &family.samples {
        self::sample(family, sample, format)?;
    }
    match family.kind.as_str() {
        "counter" if format == Format::Text && !family.name.ends_with("_total") => {
            Err("a counter without _total".into())
        }
        "histogram" => histograms(family, format),
        _ => Ok(()),
    }
}

fn sample(family: &Family, sample: &Sample, format: Format) -> Result<(), String> {
    let says = |suffix| sample.name.strip_suffix(suffix) == Some(&family.name);
    if sample.exemplar.is_some() && !says("_bucket") && !says("_total") {
        return Err(format!("an exemplar on {}", sample.name));
    }
    let value = sample.number();
    match family.kind.as_str() {
        // NaN is refused too.
        "counter" if value.partial_cmp(&0.0).is_none_or(std::cmp::Ordering::is_lt) => {
            Err(format!("a counter at {}", sample.value))
        }
        "histogram" | "summary"
            if (says("_bucket") || says("_count")) && !is_whole(&sample.value, format) =>
        {
            Err(format!("{} is not a whole number: {}", sample.name, sample.value))
        }
        "summary" if says("") && sample.label("quantile").is_none_or(|quantile| !is_number(quantile)) => {
            Err("a sample without quantile".into())
        }
        "info" if sample.value != "1" => Err(format!("an info of {}", sample.value)),
        "stateset"
            if sample.label(&family.name).is_none() || !["0", "1"].contains(&sample.value.as_str()) =>
        {
            Err("no state of the set".into())
        }
        _ => Ok(()),
    }
}

/// Digits only; the text format may print large ones with an exponent.
fn is_whole(value: &str, format: Format) -> bool {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    digits
        || (format == Format::Text
            && value.contains('e')
            && value.parse::<f64>().is_ok_and(|value| value >= 0.0 && value.fract() == 0.0))
}

/// Buckets, `_sum` and `_count` of each set of labels, which must stand together.
fn histograms(family: &Family, format: Format) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for group in family.samples.chunk_by(|a, b| a.labels_but("le") == b.labels_but("le")) {
        if !seen.insert(group[0].labels_but("le")) {
            return Err("a histogram in two places".into());
        }
        let with = |suffix: &str| {
            let name = format!("{}{suffix}", family.name);
            group.iter().filter(move |sample| sample.name == name)
        };
        let mut below = (f64::NEG_INFINITY, 0.0);
        for bucket in with("_bucket") {
            let text =
                bucket.label("le").filter(|le| is_number(le)).ok_or("a bucket without a number as le")?;
            let bound: f64 = text.parse().map_err(|_| "le is not a number")?;
            if bound <= below.0 || bound.is_nan() {
                return Err(format!("the bounds do not rise at {text}"));
            }
            if format == Format::OpenMetrics && !is_canonical(text, bound) {
                return Err(format!("le is not canonical: {text}"));
            }
            if bucket.number() < below.1 {
                return Err(format!("the buckets are not cumulative at {text}"));
            }
            below = (bound, bucket.number());
        }
        if below.0.is_finite() {
            return Err("a histogram without +Inf".into());
        }
        let count = with("_count").next().ok_or("a histogram without _count")?;
        if (count.number() - below.1).abs() > 0.0 {
            return Err(format!("_count is {}, the +Inf bucket {}", count.value, below.1));
        }
        with("_sum").next().ok_or("a histogram without _sum")?;
    }
    Ok(())
}

/// Whether a bound is written as OpenMetrics wants it: `0.5`, `1.0`, `1e-05`, `1e+06`, `+Inf`.
fn is_canonical(text: &str, bound: f64) -> bool {
    if bound.is_infinite() || bound == 0.0 {
        return text == "+Inf" || text == "0.0";
    }
    let scientific = format!("{bound:e}");
    let exponent: i32 =
        scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return text == format!("{bound:?}");
    }
    let (digits, _) = scientific.split_once('e').unwrap_or((&scientific, ""));
    let sign = if exponent < 0 { '-' } else { '+' };
    text == format!("{digits}e{sign}{:02}", exponent.abs())
}
