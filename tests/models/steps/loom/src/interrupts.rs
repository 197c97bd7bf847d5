//! One core and its interrupts.

use std::mem;

use crate::{EXPLORER, Explorer, INTERRUPTS};

/// Boxed for the model of one execution.
type Handler = Box<dyn FnOnce()>;

/// The path of the execution under way, and what may still come.
pub(crate) struct Machine {
    /// At each boundary: what was chosen, and how many choices there were.
    path: Vec<(usize, usize)>,
    /// How much of the path this execution has gone.
    at: usize,
    /// Priority and handler; each comes once.
    pending: Vec<(u8, Handler)>,
    /// Of what runs.
    priority: u8,
    /// How many critical sections it is in.
    masked: u32,
    /// How many handlers have begun before what runs was over.
    preemptions: u64,
}

impl Machine {
    pub(crate) const fn new() -> Self {
        Self { path: Vec::new(), at: 0, pending: Vec::new(), priority: 0, masked: 0, preemptions: 0 }
    }

    fn choose(&mut self, choices: usize) -> usize {
        if self.at == self.path.len() {
            self.path.push((0, choices));
        }
        let (choice, of) = self.path[self.at];
        assert_eq!(of, choices, "the model is not the same each time");
        self.at += 1;
        choice
    }

    /// Goes to the next path. `false` after the last.
    fn advance(&mut self) -> bool {
        while let Some((choice, choices)) = self.path.pop() {
            if choice + 1 < choices {
                self.path.push((choice + 1, choices));
                return true;
            }
        }
        false
    }
}

/// What an exploration has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    /// Executions, each different.
    pub executions: u64,
    /// Times that a handler preempted something.
    pub preemptions: u64,
}

/// Runs `model` once for each way in which its interrupts can come. It enables them by [`enable`], and is the code of
/// priority 0 itself; what has not come by its end comes then, by [`rest`].
///
/// # Panics
/// If the model does.
pub fn explore(model: impl Fn()) -> Explored {
    let mut explored = Explored::default();
    INTERRUPTS.with_borrow_mut(|machine| *machine = Machine::new());
    loop {
        INTERRUPTS.with_borrow_mut(|machine| (machine.at, machine.priority) = (0, 0));
        model();
        EXPLORER.set(Explorer::None);
        explored.executions += 1;
        let more = INTERRUPTS.with_borrow_mut(|machine| {
            assert!(machine.pending.is_empty() && machine.at == machine.path.len() && machine.masked == 0);
            explored.preemptions += mem::take(&mut machine.preemptions);
            machine.advance()
        });
        if !more {
            return explored;
        }
    }
}

/// From now on `handler` may come, once, and preempt what has a lower priority.
pub fn enable(priority: u8, handler: impl FnOnce() + 'static) {
    INTERRUPTS.with_borrow_mut(|machine| machine.pending.push((priority, Box::new(handler))));
    EXPLORER.set(Explorer::Interrupts);
}

/// Runs the handlers that have not come, in every order and nesting.
pub fn rest() {
    while let Some(handler) = INTERRUPTS.with_borrow_mut(|machine| {
        let choices = machine.pending.len();
        (choices > 0).then(|| {
            let choice = machine.choose(choices);
            machine.pending.remove(choice)
        })
    }) {
        run(handler);
    }
    EXPLORER.set(Explorer::None);
}

/// Masks interrupts, until [`unmask`] as often. What is shared under the mask is not seen as accesses, so this is a
/// boundary: they may come just before.
pub fn mask() {
    if EXPLORER.get() == Explorer::Interrupts {
        boundary();
    }
    INTERRUPTS.with_borrow_mut(|machine| machine.masked += 1);
}

/// Undoes one [`mask`].
pub fn unmask() {
    INTERRUPTS.with_borrow_mut(|machine| machine.masked -= 1);
}

/// Between two accesses: any number of handlers come, one after the other.
pub(crate) fn boundary() {
    while let Some(handler) = INTERRUPTS.with_borrow_mut(|machine| {
        let may = |machine: &Machine, at: usize| machine.pending[at].0 > machine.priority;
        let all: Vec<usize> = (0..machine.pending.len()).filter(|at| may(machine, *at)).collect();
        if machine.masked > 0 || all.is_empty() {
            return None;
        }
        let choice = machine.choose(all.len() + 1).checked_sub(1)?;
        machine.preemptions += 1;
        Some(machine.pending.remove(all[choice]))
    }) {
        run(handler);
    }
}

fn run((priority, handler): (u8, Handler)) {
    let set = |priority| INTERRUPTS.with_borrow_mut(|machine| mem::replace(&mut machine.priority, priority));
    let preempted = set(priority);
    handler();
    set(preempted);
}
