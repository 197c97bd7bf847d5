//! What a device has shown, and whether what a gateway shows of it may be: an older state of each series, or nothing;
//! never a wrong value, and never one older than before.

use crate::children::Page;
use crate::host::PEER;
use std::collections::BTreeMap;

/// A child, by family and labels.
type Child = (String, String);

/// What a device showed at one time.
#[derive(Debug)]
struct State {
    comments: BTreeMap<String, String>,
    children: BTreeMap<Child, String>,
}

impl State {
    fn of(page: &Page) -> Self {
        let child = |((family, labels), lines): ((&str, &str), &str)| {
            ((family.to_owned(), labels.to_owned()), lines.to_owned())
        };
        Self {
            comments: page.comments().map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
            children: page.children().map(child).collect(),
        }
    }
}

/// All states of a device, boot by boot.
#[derive(Debug)]
pub struct History {
    name: String,
    boots: Vec<Vec<State>>,
    /// Under its own name; and under its peer's, as it may be called until it has said its own.
    views: [View; 2],
}

/// What a gateway shows under one name.
#[derive(Debug)]
struct View {
    label: String,
    /// The boot that was shown last, and of each child the oldest state that it can have been.
    boot: usize,
    shown: BTreeMap<Child, usize>,
}

impl History {
    /// Nothing yet, of the device of this name.
    pub fn new(name: &str) -> Self {
        let view = |name: &str| {
            let label = format!("device=\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
            View { label, boot: 0, shown: BTreeMap::new() }
        };
        Self { name: name.to_owned(), boots: vec![Vec::new()], views: [name, PEER].map(view) }
    }

    /// The device boots.
    pub fn boots(&mut self) {
        self.boots.push(Vec::new());
    }

    /// The device sends a snapshot of what it shows on its own page.
    pub fn records(&mut self, page: &str) {
        if let Some(states) = self.boots.last_mut() {
            states.push(State::of(&Page::of_device(page, &self.name)));
        }
    }

    /// Checks what a gateway shows of the device: all of one boot, each child as it was in a state of that boot and no
    /// older than when it was shown before.
    ///
    /// # Errors
    /// What is wrong.
    pub fn allows(&mut self, page: &str) -> Result<(), String> {
        let [own, peer] = &mut self.views;
        let named = |line: &&str| line.starts_with('#') || !line.contains(&peer.label);
        own.allows(&page.split_inclusive('\n').filter(named).collect::<String>(), &self.boots)?;
        let nameless = |line: &&str| line.starts_with('#') || line.contains(&peer.label);
        let nameless: String = page.split_inclusive('\n').filter(nameless).collect();
        peer.allows(&nameless.replace(&peer.label, &own.label), &self.boots)
    }
}

impl View {
    fn allows(&mut self, page: &str, boots: &[Vec<State>]) -> Result<(), String> {
        let page = State::of(&Page::of_host(page));
        let mut why = Vec::new();
        for (boot, states) in boots.iter().enumerate().skip(self.boot) {
            let since = if boot == self.boot { self.shown.clone() } else { BTreeMap::new() };
            match allow(&page, states, since) {
                Ok(shown) => {
                    (self.boot, self.shown) = (boot, shown);
                    return Ok(());
                }
                Err(wrong) => why.push(format!("of boot {boot}: {wrong}")),
            }
        }
        Err(why.join("\n"))
    }
}

/// What was `shown`, moved on by a page.
fn allow(
    page: &State,
    states: &[State],
    mut shown: BTreeMap<Child, usize>,
) -> Result<BTreeMap<Child, usize>, String> {
    for (family, text) in &page.comments {
        if !states.iter().any(|state| state.comments.get(family) == Some(text)) {
            return Err(format!("not what the device says: {text}"));
        }
    }
    for (child, lines) in &page.children {
        let same = |state: &State| state.children.get(child) == Some(lines);
        let since = shown.get(child).copied().unwrap_or_default();
        // Of states that look alike the oldest counts: which of them it was cannot be known.
        let Some(later) = states[since..].iter().position(same) else {
            let what = states.iter().rposition(same).map_or_else(
                || "never so".to_owned(),
                |at| {
                    format!(
                        "as {} states ago, which is {} older than before",
                        states.len() - 1 - at,
                        since - at
                    )
                },
            );
            return Err(format!("{what}: {lines}"));
        };
        shown.insert(child.clone(), since + later);
    }
    Ok(shown)
}
