//! Alarms at every instruction of an operation.

use core::cell::UnsafeCell;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use semihosting::print;

use crate::injector::{Hit, Injector, Place};
use crate::operation::{Operation, Run};
use crate::order::{Orders, Wrong, reset};

/// Interrupts operations, and judges what comes out.
#[derive(Debug)]
pub(crate) struct Sweep {
    injector: Injector,
    orders: &'static mut Orders,
    /// Whether it prints what it does.
    verbose: bool,
}

/// What a sweep has found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) injections: u32,
    pub(crate) bad: u32,
}

/// Too large for a stack of a few kilobytes.
struct Table {
    orders: UnsafeCell<Orders>,
    taken: AtomicBool,
}

// SAFETY: whoever takes the orders, once, has them for itself.
unsafe impl Sync for Table {}

static TABLE: Table = Table { orders: UnsafeCell::new(Orders::new()), taken: AtomicBool::new(false) };

impl Sweep {
    /// The one sweep of a program, made in thread mode.
    pub(crate) fn new(verbose: bool) -> Self {
        assert!(!TABLE.taken.load(Relaxed), "a program makes one sweep");
        TABLE.taken.store(true, Relaxed);
        // SAFETY: nobody has them, nor will anybody else.
        let orders = unsafe { &mut *TABLE.orders.get() };
        Self { injector: Injector::new(), orders, verbose }
    }

    fn say(&self, what: fmt::Arguments<'_>) {
        if self.verbose {
            print!("{what}");
        }
    }

    pub(crate) fn injector(&self) -> &Injector {
        &self.injector
    }

    /// `inner` at one in `every` instructions of `outer`, from `first` on. Prints where it came.
    pub(crate) fn one(&mut self, outer: &Operation, inner: &Operation, first: u32, every: u32) -> Tally {
        let operations = [outer, inner];
        self.orders.fill(&self.injector, &operations);
        let (mut tally, mut at) = (Tally::default(), first);
        self.say(format_args!("one\t{}\t{}\t", outer.name, inner.name));
        while let [Some(hit), _] = self.inject(&operations, &[outer.run, inner.run], &[at]) {
            match hit.place {
                Place::Before => {}
                Place::Inside => {
                    self.say(format_args!("{:x} ", hit.pc));
                    self.judge(&operations, &mut tally);
                }
                Place::After => break,
            }
            at += every * (1 + hit.late / self.injector.step / every);
        }
        self.say(format_args!("\t{}\t{}\n", tally.injections, tally.bad));
        tally
    }

    /// The last of three at every instruction of the second, and that at one in `every` of the first, from `first` on.
    /// Prints where the first was interrupted, and at how many places the second was there.
    pub(crate) fn two(&mut self, operations: [&Operation; 3], first: u32, every: u32) {
        let runs = operations.map(|operation| operation.run);
        let [outer, middle, inner] = operations.map(|operation| operation.name);
        self.orders.fill(&self.injector, &operations);
        let (mut tally, mut at) = (Tally::default(), first);
        self.say(format_args!("two\t{outer}\t{middle}\t{inner}\t"));
        loop {
            let (mut deep, before) = (0, tally.injections);
            let last = loop {
                let [Some(hit), below] = self.inject(&operations, &runs, &[at, deep]) else { break None };
                let Some(below) = below.filter(|_| hit.place == Place::Inside) else { break Some(hit) };
                match below.place {
                    Place::Before => {}
                    Place::Inside => self.judge(&operations, &mut tally),
                    Place::After => break Some(hit),
                }
                deep += 1 + below.late / self.injector.step;
            };
            let Some(hit) = last.filter(|hit| hit.place != Place::After) else { break };
            if hit.place == Place::Inside {
                self.say(format_args!("{:x}:{} ", hit.pc, tally.injections - before));
            }
            at += every * (1 + hit.late / self.injector.step / every);
        }
        self.say(format_args!("\t{}\t{}\n", tally.injections, tally.bad));
    }

    /// Alarms after so many instructions.
    fn inject(&self, operations: &[&Operation], runs: &[Run], instructions: &[u32]) -> [Option<Hit>; 2] {
        reset(operations);
        self.injector.inject(runs, instructions)
    }

    /// Looks at what has come out; marks where it is wrong.
    fn judge(&self, operations: &[&Operation], tally: &mut Tally) {
        tally.injections += 1;
        match self.orders.check(&self.injector, operations) {
            Ok(()) => return,
            Err(Wrong::Lost) => self.say(format_args!("!lost ")),
            Err(Wrong::Torn(level)) => self.say(format_args!("!torn{level} ")),
        }
        tally.bad += 1;
    }
}
