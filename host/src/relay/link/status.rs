//! The counts of one link.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::relay::status::{LinkReport, Refused};

/// What goes on and on is said again after this time, lest it fills the log or is forgotten.
const AGAIN: Duration = Duration::from_secs(60);

/// Why something that came was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It came from a network that is not allowed.
    Network,
    /// It came faster than its source may send.
    Rate,
    /// It came when there was no place left.
    Full,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Network => "it is in none of the allowed networks",
            Self::Rate => "it sends more bytes a second than it may",
            Self::Full => "the limit of connections is reached",
        })
    }
}

/// How often something happened, and when it was last worth a line in the log.
#[derive(Debug, Default)]
struct Tally {
    count: AtomicU64,
    said: Mutex<Option<Instant>>,
}

impl Tally {
    /// Counts. Returns whether to say so.
    fn add(&self) -> bool {
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let say = said.is_none_or(|said| now.saturating_duration_since(said) >= AGAIN);
        if say {
            *said = Some(now);
        }
        say
    }

    fn get(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// What one link has done so far, updated by the link and read by whoever shows it.
///
/// The counts are independent of each other, so `Relaxed` is enough.
#[derive(Debug)]
pub struct LinkStatus {
    name: Arc<str>,
    up: AtomicBool,
    connections: AtomicU64,
    connections_total: AtomicU64,
    received_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    unsent_bytes: AtomicU64,
    pauses: AtomicU64,
    network: Tally,
    rate: Tally,
    full: Tally,
    deaf: Tally,
    errors: AtomicU64,
    trouble: Mutex<String>,
}

impl LinkStatus {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            up: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            connections_total: AtomicU64::new(0),
            received_bytes: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
            unsent_bytes: AtomicU64::new(0),
            pauses: AtomicU64::new(0),
            network: Tally::default(),
            rate: Tally::default(),
            full: Tally::default(),
            deaf: Tally::default(),
            errors: AtomicU64::new(0),
            trouble: Mutex::new(String::new()),
        }
    }

    /// The name of the link.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Everything, as of now.
    pub fn report(&self) -> LinkReport {
        LinkReport {
            link: self.name.to_string(),
            up: self.up.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
            connections_total: self.connections_total.load(Ordering::Relaxed),
            received_bytes: self.received_bytes.load(Ordering::Relaxed),
            sent_bytes: self.sent_bytes.load(Ordering::Relaxed),
            unsent_bytes: self.unsent_bytes.load(Ordering::Relaxed),
            pauses: self.pauses.load(Ordering::Relaxed),
            refused: Refused { network: self.network.get(), rate: self.rate.get(), full: self.full.get() },
            errors: self.errors.load(Ordering::Relaxed),
            trouble: self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// It works: there is no trouble any more.
    pub(super) fn up(&self) {
        self.up.store(true, Ordering::Relaxed);
        self.say(String::new());
    }

    /// It has ended, without an error.
    pub(super) fn down(&self, why: &str) {
        self.up.store(false, Ordering::Relaxed);
        self.say(why.to_owned());
    }

    /// Something failed that the link can live with. Returns whether this is news, and so worth a line in the log:
    /// what fails again and again for the same reason is said once.
    pub(super) fn trouble(&self, what: &str) -> bool {
        self.errors.fetch_add(1, Ordering::Relaxed);
        self.say(what.to_owned())
    }

    /// Something failed, and the link is down until it is opened again. Returns whether this is news.
    pub(super) fn fail(&self, what: &str) -> bool {
        self.up.store(false, Ordering::Relaxed);
        self.trouble(what)
    }

    pub(super) fn opened(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.connections_total.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn closed(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.received_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes went back, of so many that should.
    pub(super) fn sent(&self, bytes: usize, of: usize) {
        self.sent_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.unsent_bytes.fetch_add(of.saturating_sub(bytes) as u64, Ordering::Relaxed);
    }

    /// A stream is not read for a while, because its source sends too fast.
    pub(super) fn paused(&self) {
        self.pauses.fetch_add(1, Ordering::Relaxed);
    }

    /// Something that came was not taken. Returns whether to say so.
    pub(super) fn refused(&self, why: Refusal) -> bool {
        match why {
            Refusal::Network => self.network.add(),
            Refusal::Rate => self.rate.add(),
            Refusal::Full => {
                self.say(why.to_string());
                self.full.add()
            }
        }
    }

    /// Nothing can come in for now. Returns whether to say so: it may come and go many times a second.
    pub(super) fn deaf(&self, why: &str) -> bool {
        self.trouble(why) && self.deaf.add()
    }

    /// Something failed that says nothing about the link as a whole: one connection among many was lost.
    pub(super) fn error(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes taken so far.
    pub(super) fn bytes(&self) -> u64 {
        self.received_bytes.load(Ordering::Relaxed)
    }

    fn say(&self, what: String) -> bool {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let news = *trouble != what;
        *trouble = what;
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_is_news_once() {
        let status = LinkStatus::new("serial /dev/a".into());
        assert!(status.fail("no such file"));
        assert!(!status.fail("no such file"));
        assert!(status.fail("permission denied"));
        status.up();
        assert!(status.fail("permission denied"));
        let report = status.report();
        assert_eq!((report.up, report.errors, &*report.trouble), (false, 4, "permission denied"));
    }

    #[test]
    fn refusals_are_counted_by_cause_and_each_cause_is_said_once_a_minute() {
        let status = LinkStatus::new("udp 127.0.0.1:1".into());
        assert!(status.refused(Refusal::Full) && !status.refused(Refusal::Full));
        assert!(status.refused(Refusal::Rate) && !status.refused(Refusal::Full));
        assert_eq!(status.report().refused, Refused { network: 0, rate: 1, full: 3 });
    }
}
