//! Pages taken apart: families, and the lines of each child.

use std::collections::BTreeMap;

/// A page by family name.
#[derive(Debug, Default, PartialEq)]
pub struct Page {
    families: BTreeMap<String, Family>,
    end: String,
}

#[derive(Debug, Default, PartialEq)]
struct Family {
    /// HELP, TYPE, UNIT.
    comments: String,
    /// The labels of each child, without that of a bucket or a state, and its lines; in the order of the page.
    children: Vec<(String, String)>,
}

impl Page {
    /// Reads the page of a device, and writes all as the host has it: with the label `device`, labels in order.
    pub fn of_device(page: &str, device: &str) -> Self {
        let device = device.replace('\\', "\\\\").replace('"', "\\\"");
        Self::read(page, Some(&format!("device=\"{device}\"")))
    }

    /// Reads a page of the host as it stands.
    pub fn of_host(page: &str) -> Self {
        Self::read(page, None)
    }

    fn read(page: &str, device: Option<&str>) -> Self {
        let (mut read, mut name, mut family) = (Self::default(), "", Family::default());
        for line in page.split_inclusive('\n') {
            if let Some(comment) = line.strip_prefix("# HELP ") {
                read.put(name, family);
                name = comment.split(' ').next().unwrap_or_default();
                family = Family { comments: line.into(), children: Vec::new() };
            } else if line == "# EOF\n" {
                read.end = line.into();
            } else if line.starts_with("# ") {
                family.comments.push_str(line);
            } else {
                let (labels, line) = sample(line, device);
                match family.children.last_mut() {
                    Some((last, lines)) if *last == labels => lines.push_str(&line),
                    _ => family.children.push((labels, line)),
                }
            }
        }
        read.put(name, family);
        read
    }

    fn put(&mut self, name: &str, family: Family) {
        // Families stand in the order of their names in text 0.0.4, in both formats.
        let total =
            if family.comments.contains(" counter\n") && !name.ends_with("_total") { "_total" } else { "" };
        if !name.is_empty() {
            assert!(
                self.families.insert(format!("{name}{total}"), family).is_none(),
                "{name} is there twice"
            );
        }
    }

    /// All of it as text: families by name, children as they stand in `other`.
    pub fn in_order_of(&self, other: &Self) -> String {
        let mut text = String::new();
        for (name, Family { comments, children }) in &self.families {
            text.push_str(comments);
            let mut children: Vec<_> = children.iter().collect();
            let theirs = other.families.get(name).map(|family| &family.children);
            let theirs = theirs.into_iter().flatten().enumerate();
            let places: BTreeMap<_, _> = theirs.map(|(place, (labels, _))| (labels, place)).collect();
            children.sort_by_key(|(labels, _)| places.get(labels));
            text.extend(children.into_iter().map(|(_, lines)| lines.as_str()));
        }
        text + &self.end
    }

    /// Whether children that have labels of the same names stand in the order of their label texts.
    pub fn is_in_order(&self) -> bool {
        let names = |labels: &str| -> Vec<String> {
            let closed = format!("{labels}}}");
            let (pairs, _) = pairs(&closed);
            pairs.iter().map(|pair| pair.split('=').next().unwrap_or_default().to_owned()).collect()
        };
        let in_order =
            |pair: &[(String, String)]| pair[0].0 < pair[1].0 || names(&pair[0].0) != names(&pair[1].0);
        self.families.values().all(|family| family.children.windows(2).all(in_order))
    }

    /// Every child with its lines, by family and labels.
    pub fn children(&self) -> impl Iterator<Item = ((&str, &str), &str)> {
        self.families.iter().flat_map(|(name, family)| {
            family
                .children
                .iter()
                .map(move |(labels, lines)| ((name.as_str(), labels.as_str()), lines.as_str()))
        })
    }

    /// The comment lines of every family.
    pub fn comments(&self) -> impl Iterator<Item = (&str, &str)> {
        self.families.iter().map(|(name, family)| (name.as_str(), family.comments.as_str()))
    }
}

/// A page of the host without what the gateway says of itself.
pub fn of_devices(page: &str) -> String {
    let own = |line: &&str| {
        let name = line.strip_prefix("# ").and_then(|comment| comment.split(' ').nth(1)).unwrap_or(line);
        !name.starts_with("narthex_")
    };
    page.split_inclusive('\n').filter(own).collect()
}

/// The labels of a line, in order, with one more, without that of a bucket, a quantile or a state; and the line with its labels so.
fn sample(line: &str, more: Option<&str>) -> (String, String) {
    let (name, labels, value) = match line.find(['{', ' ']) {
        Some(at) if line[at..].starts_with('{') => {
            let (labels, rest) = pairs(&line[at + 1..]);
            (&line[..at], labels, rest)
        }
        Some(at) => (&line[..at], Vec::new(), &line[at..]),
        None => panic!("no sample: {line:?}"),
    };
    // Of a histogram's bucket, of a quantile, and of a state.
    let own =
        |label: &&str| label.split('=').next().is_some_and(|label| ["le", "quantile", name].contains(&label));
    let (bound, mut labels): (Vec<&str>, Vec<&str>) = labels.into_iter().partition(own);
    labels.extend(more);
    if more.is_some() {
        labels.sort_by_key(|label| label.split('=').next());
    }
    let child = labels.join(",");
    labels.extend(bound);
    let all = labels.join(",");
    let line = if all.is_empty() { format!("{name}{value}") } else { format!("{name}{{{all}}}{value}") };
    (child, line)
}

/// The labels up to the brace that closes them, as they stand; and what is behind.
fn pairs(text: &str) -> (Vec<&str>, &str) {
    let (mut pairs, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' | '}' if !quoted => {
                pairs.push(&text[start..at]);
                start = at + 1;
                if char == '}' {
                    return (pairs, &text[start..]);
                }
            }
            _ => {}
        }
    }
    panic!("labels without an end: {text:?}");
}
