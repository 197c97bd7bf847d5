//! The grammar of one line.

use super::{Exemplar, Format, Sample};

/// One line, taken apart and unescaped.
pub(super) enum Line {
    Help(String, String),
    Type(String, String),
    Unit(String, String),
    End,
    Sample(Sample),
}

type Labels = Vec<(String, String)>;

pub(super) fn read(line: &str, format: Format) -> Result<Line, String> {
    let open = format == Format::OpenMetrics;
    if line.is_empty() {
        return Err("an empty line".into());
    }
    if line == "# EOF" && open {
        return Ok(Line::End);
    }
    let Some(comment) = line.strip_prefix('#') else { return sample(line, format).map(Line::Sample) };
    let mut parts = comment.strip_prefix(' ').ok_or("a comment")?.splitn(3, ' ');
    let (Some(word), Some(name), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("a comment that says nothing".into());
    };
    let name = metric_name(name)?.to_owned();
    match word {
        "HELP" => Ok(Line::Help(name, unescape(rest, if open { "\"" } else { "" })?)),
        "TYPE" if types(format).contains(&rest) => Ok(Line::Type(name, rest.to_owned())),
        "TYPE" => Err("no such type".into()),
        "UNIT" if open => Ok(Line::Unit(name, rest.to_owned())),
        _ => Err("a comment".into()),
    }
}

fn types(format: Format) -> &'static [&'static str] {
    match format {
        Format::Text => &["counter", "gauge", "histogram", "summary", "untyped"],
        Format::OpenMetrics => {
            &["counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset", "unknown"]
        }
    }
}

fn metric_name(name: &str) -> Result<&str, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(good) {
        return Err(format!("no metric name: {name:?}"));
    }
    Ok(name)
}

fn sample(line: &str, format: Format) -> Result<Sample, String> {
    let end = line.find(['{', ' ']).ok_or("no value")?;
    let name = metric_name(&line[..end])?.to_owned();
    let (labels, rest) = braces(&line[end..])?;
    if labels.is_empty() && line[end..].starts_with('{') {
        return Err("empty braces".into());
    }
    in_order(&name, &labels)?;
    let (rest, exemplar) = match rest.split_once(" # ") {
        Some((rest, exemplar)) if format == Format::OpenMetrics => (rest, Some(exemplar)),
        _ => (rest, None),
    };
    let (value, timestamp) = numbers(rest, format)?;
    let exemplar = exemplar.map(|exemplar| {
        let (labels, rest) = braces(exemplar)?;
        let (value, timestamp) = numbers(rest, format)?;
        if labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum::<usize>()
            > 128
        {
            return Err("an exemplar of more than 128 characters".into());
        }
        Ok::<_, String>(Exemplar { labels, value, timestamp })
    });
    Ok(Sample { name, labels, value, timestamp, exemplar: exemplar.transpose()? })
}

/// `{a="b",c="d"}` and what follows; no labels if there are no braces.
fn braces(text: &str) -> Result<(Labels, &str), String> {
    let mut labels = Vec::new();
    let Some(mut rest) = text.strip_prefix('{') else { return Ok((labels, text)) };
    if let Some(rest) = rest.strip_prefix('}') {
        return Ok((labels, rest));
    }
    loop {
        let (name, after) = rest.split_once("=\"").ok_or("no label")?;
        let end = closing_quote(after).ok_or("a label value without end")?;
        labels.push((label_name(name)?.to_owned(), unescape(&after[..end], "\"")?));
        rest = &after[end + 1..];
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((labels, after));
        }
        rest = rest.strip_prefix(',').ok_or("neither comma nor brace after a label")?;
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

fn label_name(name: &str) -> Result<&str, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(good) {
        return Err(format!("no label name: {name:?}"));
    }
    if name.starts_with("__") {
        return Err(format!("a reserved label: {name:?}"));
    }
    Ok(name)
}

/// By name, with `le`, `quantile` and the label of a state last.
fn in_order(metric: &str, labels: &Labels) -> Result<(), String> {
    let place = |name: &str| (["le", "quantile", metric].contains(&name), name.to_owned());
    if labels.windows(2).any(|pair| place(&pair[0].0) >= place(&pair[1].0)) {
        return Err("labels out of order".into());
    }
    Ok(())
}

/// ` value` or ` value timestamp`.
fn numbers(text: &str, format: Format) -> Result<(String, Option<String>), String> {
    let text = text.strip_prefix(' ').ok_or("no space before the value")?;
    let (value, timestamp) = match text.split_once(' ') {
        Some((value, timestamp)) => (value, Some(timestamp)),
        None => (text, None),
    };
    if !is_number(value) {
        return Err(format!("not a number: {value:?}"));
    }
    let good = |timestamp: &str| match format {
        Format::Text => timestamp.parse::<i64>().is_ok(),
        Format::OpenMetrics => is_number(timestamp) && timestamp.parse::<f64>().is_ok_and(f64::is_finite),
    };
    if !timestamp.is_none_or(good) {
        return Err("no timestamp".into());
    }
    Ok((value.to_owned(), timestamp.map(str::to_owned)))
}

/// Decimal, with an exponent perhaps, or one of the three that are not finite.
pub(super) fn is_number(text: &str) -> bool {
    ["NaN", "+Inf", "-Inf"].contains(&text)
        || (text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.e".contains(&byte))
            && text.parse::<f64>().is_ok())
}

/// Undoes `\\`, `\n` and, where `also` has it, `\"`, which then must not stand bare.
fn unescape(text: &str, also: &str) -> Result<String, String> {
    let mut whole = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        whole.push(match c {
            '\\' => match rest.next() {
                Some('\\') => '\\',
                Some('n') => '\n',
                Some(c) if also.contains(c) => c,
                _ => return Err("no such escape".into()),
            },
            c if also.contains(c) => return Err("a quote that needs an escape".into()),
            c => c,
        });
    }
    Ok(whole)
}
