//! A gate that writes down what comes through it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Gate, Intake};

/// What came through, by number of the connection.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) peers: Vec<String>,
    pub(crate) names: Vec<Option<String>>,
    pub(crate) fed: BTreeMap<usize, Vec<u8>>,
    pub(crate) closed: Vec<usize>,
}

impl Log {
    /// Bytes fed over all connections.
    pub(crate) fn total(&self) -> usize {
        self.fed.values().map(Vec::len).sum()
    }
}

/// A gate that writes down what comes through it.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    log: Arc<Mutex<Log>>,
    answer: Vec<u8>,
    quiet: bool,
}

impl Witness {
    /// One that answers this to all that it is fed.
    pub(crate) fn answering(answer: &[u8]) -> Self {
        Self { answer: answer.into(), ..Self::default() }
    }

    /// One that writes nothing down.
    pub(crate) fn quiet() -> Self {
        Self { quiet: true, ..Self::default() }
    }

    /// Looks at the log.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&Log) -> T) -> T {
        look(&self.log.lock().unwrap())
    }

    /// Waits until the log is as wished, for 10 s at most.
    pub(crate) async fn until(&self, wished: impl Fn(&Log) -> bool) {
        for _ in 0..2000 {
            if self.with(&wished) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.with(|log| panic!("not as wished after 10 s: {log:?}"));
    }
}

impl Gate for Witness {
    fn open(&self, _link: &Arc<str>, name: Option<&Arc<str>>, peer: &str) -> Box<dyn Intake> {
        if self.quiet {
            return Box::new(Quiet);
        }
        let mut log = self.log.lock().unwrap();
        log.peers.push(peer.to_owned());
        log.names.push(name.map(ToString::to_string));
        Box::new(Seen {
            number: log.peers.len() - 1,
            log: Arc::clone(&self.log),
            answer: self.answer.clone(),
        })
    }
}

struct Seen {
    number: usize,
    log: Arc<Mutex<Log>>,
    answer: Vec<u8>,
}

impl Intake for Seen {
    fn feed(&mut self, bytes: &[u8], reply: &mut Vec<u8>) {
        self.log.lock().unwrap().fed.entry(self.number).or_default().extend_from_slice(bytes);
        reply.extend_from_slice(&self.answer);
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.log.lock().unwrap().closed.push(self.number);
    }
}

struct Quiet;

impl Intake for Quiet {
    fn feed(&mut self, _bytes: &[u8], _reply: &mut Vec<u8>) {}
}
