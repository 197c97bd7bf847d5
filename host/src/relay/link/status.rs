//! The counts of one link.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::relay::status::LinkReport;

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
}
