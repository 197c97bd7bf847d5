//! Several cores whose accesses mix freely.
//!
//! A core is a function. One step of it is made by running it anew: the accesses it has made before give what they gave
//! then, the next one is made, and all behind that are ignored. So nothing is ever suspended, and an access can be
//! undone, which makes the exploration a walk over a tree.

use crate::sync::Word;
use crate::{CORES, EXPLORER, Explorer};

/// What the core that runs has seen, and what memory was before.
pub(crate) struct Machine {
    /// What its accesses gave.
    log: Vec<u64>,
    at: usize,
    /// The word of the new access, and what was there.
    made: Option<(Word, u64)>,
    /// Whether an access was ignored: there is more to come.
    ignored: bool,
}

impl Machine {
    pub(crate) const fn new() -> Self {
        Self { log: Vec::new(), at: 0, made: None, ignored: false }
    }

    pub(crate) fn access(&mut self, word: &Word, change: impl FnOnce(u64) -> u64) -> u64 {
        self.at += 1;
        if let Some(seen) = self.log.get(self.at - 1) {
            return *seen;
        }
        if self.made.is_some() {
            self.ignored = true;
            // What would be stored is what is found: so a compare-and-swap that tries again comes to an end.
            return word.get();
        }
        let old = word.apply(change);
        self.made = Some((word.clone(), old));
        self.log.push(old);
        old
    }
}

/// A core: what it does, and gives at the end.
pub type Core<'a> = &'a dyn Fn() -> u64;

/// What one core has done in one interleaving.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// What it gave.
    pub result: u64,
    /// The number of its first access among all accesses.
    pub first: usize,
    /// The number of its last.
    pub last: usize,
}

#[derive(Default)]
struct Progress {
    log: Vec<u64>,
    done: bool,
    ran: Ran,
}

/// Runs `cores` in every interleaving of their accesses, and `check` after each. Returns how many there were.
///
/// A core must do the same whenever it finds the same. `check` may use what the cores have used.
pub fn explore(cores: &[Core<'_>], check: &mut dyn FnMut(&[Ran])) -> u64 {
    let mut all: Vec<Progress> = cores.iter().map(|_| Progress::default()).collect();
    walk(cores, &mut all, 0, check)
}

fn walk(cores: &[Core<'_>], all: &mut [Progress], step: usize, check: &mut dyn FnMut(&[Ran])) -> u64 {
    let mut leaves = 0;
    for at in 0..cores.len() {
        if all[at].done {
            continue;
        }
        let (word, old) = advance(cores[at], &mut all[at], step);
        leaves += walk(cores, all, step + 1, check);
        if let Some(word) = word {
            word.set(old);
        }
        all[at].log.pop();
        all[at].done = false;
    }
    if all.iter().all(|core| core.done) {
        let ran: Vec<Ran> = all.iter().map(|core| core.ran).collect();
        check(&ran);
        return 1;
    }
    leaves
}

/// Makes the next access of a core. Gives what undoes it.
fn advance(core: Core<'_>, progress: &mut Progress, step: usize) -> (Option<Word>, u64) {
    let log = std::mem::take(&mut progress.log);
    if log.is_empty() {
        progress.ran.first = step;
    }
    CORES.with_borrow_mut(|machine| *machine = Machine { log, ..Machine::new() });
    EXPLORER.set(Explorer::Cores);
    progress.ran.result = core();
    EXPLORER.set(Explorer::None);
    let machine = CORES.with_borrow_mut(|machine| std::mem::replace(machine, Machine::new()));
    progress.log = machine.log;
    progress.done = !machine.ignored;
    progress.ran.last = step;
    machine.made.map_or((None, 0), |(word, old)| (Some(word), old))
}
