//! Where connections come from, and what they may do.

use std::sync::Arc;

/// Where a connection comes from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The link: `tcp 127.0.0.1:9101`, `serial /dev/ttyUSB0`.
    pub link: Arc<str>,
    /// What the user calls the device at the other end.
    pub name: Option<Arc<str>>,
    /// The other end: an address, or the port.
    pub peer: String,
    /// By what new names and schemas are limited: the address of the other end without its port. Where it is empty,
    /// the link.
    pub source: String,
    /// What the link lets its devices do.
    pub access: Arc<Access>,
}

impl Origin {
    /// By what this connection is limited, together with others.
    pub(super) fn source(&self) -> &str {
        if self.source.is_empty() { &self.link } else { &self.source }
    }

    /// Whether the other end is the same host on the same link.
    pub(super) fn is_near(&self, other: &Self) -> bool {
        // Ports differ from connection to connection.
        let host = |peer: &str| peer.rsplit_once(':').map_or(peer.len(), |(host, _)| host.len());
        self.link == other.link && self.peer.get(..host(&self.peer)) == other.peer.get(..host(&other.peer))
    }
}

/// What a link lets its devices do; by default, everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Which names devices may have; empty: any.
    pub devices: Vec<Pattern>,
    /// Labels, name and value, that are added to all series of every device of the link.
    pub labels: Vec<(String, String)>,
}

impl Access {
    /// Whether a device may have this name.
    pub fn allows(&self, device: &str) -> bool {
        self.devices.is_empty() || self.devices.iter().any(|pattern| pattern.matches(device))
    }
}

/// A pattern of names, in which `*` stands for any text, none included.
///
/// ```
/// use narthex_host::relay::fleet::Pattern;
/// let pumps = Pattern::new("pump-*-b");
/// assert!(pumps.matches("pump-17-b") && pumps.matches("pump--b"));
/// assert!(!pumps.matches("pump-b") && !pumps.matches("a-pump-1-b"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Box<str>);

impl Pattern {
    /// The pattern that is written so.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Whether a name is one of these.
    pub fn matches(&self, name: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return *self.0 == *name };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        let inner = name.strip_prefix(first).and_then(|name| name.strip_suffix(last));
        let Some(mut inner) = inner else { return false };
        // Each part as early as it can be leaves most to those behind it.
        for part in middle.split('*') {
            let Some((_, behind)) = inner.split_once(part) else { return false };
            inner = behind;
        }
        true
    }
}

/// Takes what comes between frames: log lines, mostly.
pub trait Listener: Send + Sync {
    /// Some bytes have come from a device; its name is empty as long as it has none. They are as the device sent
    /// them, control characters included.
    fn text(&self, origin: &Origin, device: &str, bytes: &[u8]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, yes, no) in [
            ("*", &["", "a", "*"][..], &[][..]),
            ("", &[""], &["a"]),
            ("pump", &["pump"], &["pumps", "pum", ""]),
            ("p*p", &["pp", "pump", "p*p"], &["p", "pumps"]),
            ("*a*b*", &["ab", "xaxbx", "aab"], &["ba", "a", "b"]),
            ("a**b", &["ab", "axb"], &["a", "b"]),
            ("*ab*ab", &["abab", "xab-ab"], &["ab", "aab"]),
            ("é*", &["é", "éa"], &["e"]),
        ] {
            let pattern = Pattern::new(pattern);
            assert!(yes.iter().all(|name| pattern.matches(name)), "{pattern:?} {yes:?}");
            assert!(!no.iter().any(|name| pattern.matches(name)), "{pattern:?} {no:?}");
        }
    }
}
