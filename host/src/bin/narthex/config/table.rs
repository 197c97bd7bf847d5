//! One table of a configuration file: its keys are taken one by one, and every mistake is kept with its line.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a file, each with where it is.
#[derive(Debug, Default)]
pub(super) struct Mistakes(RefCell<Vec<(usize, String)>>);

impl Mistakes {
    /// Adds one that stands at this byte of the file.
    pub(super) fn add(&self, at: usize, what: String) {
        self.0.borrow_mut().push((at, what));
    }

    /// One line for each, `FILE:LINE: what`, in the order of the file.
    pub(super) fn lines(self, file: &str, text: &str) -> Vec<String> {
        let mut all = self.0.into_inner();
        all.sort_by_key(|(at, _)| *at);
        let (mut line, mut from) = (1, 0);
        let lines = all.into_iter().map(|(at, what)| {
            let passed = text.as_bytes().get(from..at).unwrap_or_default();
            line += passed.split(|byte| *byte == b'\n').count().saturating_sub(1);
            from = from.max(at);
            // What a file holds may be quoted in what is wrong with it.
            let what: String = what.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
            format!("{file}:{line}: {what}")
        });
        lines.collect()
    }
}

/// A table whose keys are being taken.
pub(super) struct Table<'a, 'text> {
    /// Its name and a dot; nothing for the file itself.
    path: String,
    /// Where it begins.
    pub(super) at: usize,
    entries: DeTable<'text>,
    mistakes: &'a Mistakes,
    /// The keys that were asked for.
    known: BTreeSet<&'static str>,
}

impl<'a, 'text> Table<'a, 'text> {
    pub(super) fn new(path: &str, table: (usize, DeTable<'text>), mistakes: &'a Mistakes) -> Self {
        let path = if path.is_empty() { String::new() } else { format!("{path}.") };
        Self { path, at: table.0, entries: table.1, mistakes, known: BTreeSet::new() }
    }

    /// Takes a key, if it is there; what `read` refuses is a mistake.
    pub(super) fn take<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&DeValue<'text>) -> Result<T, String>,
    ) -> Option<T> {
        let (at, value) = self.raw(key)?;
        read(&value).map_err(|why| self.refuse(at, key, &why)).ok()
    }

    /// Takes a key whose value is a list.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'text>) -> Result<T, String>,
    ) -> Vec<T> {
        let Some((at, value)) = self.raw(key) else { return Vec::new() };
        let DeValue::Array(items) = value else {
            self.refuse(at, key, &wanted("a list", &value));
            return Vec::new();
        };
        if items.is_empty() {
            self.refuse(at, key, "the list is empty; leave the key out to allow all");
        }
        let read = |item: &Spanned<DeValue<'text>>| {
            read(item.get_ref()).map_err(|why| self.refuse(item.span().start, key, &why)).ok()
        };
        items.iter().filter_map(read).collect()
    }

    /// Takes the table of this name.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Table<'a, 'text>> {
        let (at, value) = self.raw(key)?;
        self.inner(key, at, value, "a table")
    }

    /// Takes the tables of this name, in their order.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Table<'a, 'text>> {
        let Some((at, value)) = self.raw(key) else { return Vec::new() };
        let DeValue::Array(items) = value else {
            self.refuse(at, key, &wanted(&format!("tables, each beginning with [[{key}]]"), &value));
            return Vec::new();
        };
        let table =
            |item: Spanned<DeValue<'text>>| self.inner(key, item.span().start, item.into_inner(), "a table");
        items.iter().cloned().filter_map(table).collect()
    }

    /// Takes all that is left: names and texts, with where each stands.
    pub(super) fn texts(mut self) -> Vec<(usize, String, String)> {
        let mut texts = Vec::new();
        for (key, value) in std::mem::take(&mut self.entries) {
            let Range { start, .. } = key.span();
            match text(value.get_ref()) {
                Ok(value) => texts.push((start, key.get_ref().to_string(), value)),
                Err(why) => self.refuse(start, key.get_ref(), &why),
            }
        }
        texts
    }

    /// A mistake in the value of a key.
    pub(super) fn refuse(&self, at: usize, key: &str, why: &str) {
        self.mistakes.add(at, format!("key `{}{key}`: {why}", self.path));
    }

    /// A mistake in the table as a whole.
    pub(super) fn refuse_all(&self, why: &str) {
        self.mistakes.add(self.at, format!("key `{}`: {why}", self.path.trim_end_matches('.')));
    }

    /// Where a key stands that has not been taken yet.
    pub(super) fn place(&self, key: &str) -> Option<usize> {
        self.entries.get_key_value(key).map(|(key, _)| key.span().start)
    }

    /// What has not been taken by now is not known.
    pub(super) fn end(self) {
        let known: Vec<_> = self.known.iter().copied().collect();
        for key in self.entries.keys() {
            let why = format!("no such key; there are {}", known.join(", "));
            self.refuse(key.span().start, key.get_ref(), &why);
        }
    }

    fn raw(&mut self, key: &'static str) -> Option<(usize, DeValue<'text>)> {
        self.known.insert(key);
        let value = self.entries.remove(key)?;
        Some((value.span().start, value.into_inner()))
    }

    fn inner(&self, key: &str, at: usize, value: DeValue<'text>, what: &str) -> Option<Table<'a, 'text>> {
        match value {
            DeValue::Table(table) => {
                Some(Table::new(&format!("{}{key}", self.path), (at, table), self.mistakes))
            }
            other => {
                self.refuse(at, key, &wanted(what, &other));
                None
            }
        }
    }
}

fn wanted(what: &str, found: &DeValue<'_>) -> String {
    let found = match found {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    format!("wanted {what}, found {found}")
}

/// A text in quotes.
pub(super) fn text(value: &DeValue<'_>) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| wanted("a text in quotes", value))
}

/// A text of which `read` makes something; a refusal tells the text.
pub(super) fn read<T>(
    read: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&DeValue<'_>) -> Result<T, String> {
    move |value| {
        let text = text(value)?;
        read(&text).map_err(|why| format!("`{text}`: {why}"))
    }
}

/// Yes or no.
pub(super) fn yes(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| wanted("true or false", value))
}

/// A whole number above 0.
pub(super) fn count<T: TryFrom<u64>>(value: &DeValue<'_>) -> Result<T, String> {
    let DeValue::Integer(number) = value else {
        return Err(wanted("a whole number above 0", value));
    };
    u64::from_str_radix(number.as_str(), number.radix())
        .ok()
        .filter(|number| *number > 0)
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| format!("`{}`: wanted a whole number above 0, not too large", number.as_str()))
}
