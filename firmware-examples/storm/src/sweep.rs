//! Alarms at every instruction of an operation.

use semihosting::{print, println};

use crate::injector::{Hit, Injector, Place};
use crate::operation::{Operation, Run};
use crate::order::{Orders, Wrong, reset};

/// Interrupts operations, and judges what comes out.
#[derive(Debug)]
pub(crate) struct Sweep<'a> {
    injector: Injector,
    orders: &'a mut Orders,
}

/// What a sweep has found.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    injections: u32,
    bad: u32,
}

impl<'a> Sweep<'a> {
    pub(crate) fn new(orders: &'a mut Orders) -> Self {
        Self { injector: Injector::new(), orders }
    }

    pub(crate) fn injector(&self) -> &Injector {
        &self.injector
    }

    /// `inner` at one in `every` instructions of `outer`, from `first` on. Prints where it came.
    pub(crate) fn one(&mut self, outer: &Operation, inner: &Operation, first: u32, every: u32) {
        let operations = [outer, inner];
        self.orders.fill(&self.injector, &operations);
        let (mut tally, mut at) = (Tally::default(), first);
        print!("one\t{}\t{}\t", outer.name, inner.name);
        while let [Some(hit), _] = self.inject(&operations, &[outer.run, inner.run], &[at]) {
            match hit.place {
                Place::Before => {}
                Place::Inside => {
                    print!("{:x} ", hit.pc);
                    self.judge(&operations, &mut tally);
                }
                Place::After => break,
            }
            at += every * (1 + hit.late / self.injector.step / every);
        }
        println!("\t{}\t{}", tally.injections, tally.bad);
    }

    /// The last of three at every instruction of the second, and that at one in `every` of the first, from `first` on.
    /// Prints where the first was interrupted, and at how many places the second was there.
    pub(crate) fn two(&mut self, operations: [&Operation; 3], first: u32, every: u32) {
        let runs = operations.map(|operation| operation.run);
        let [outer, middle, inner] = operations.map(|operation| operation.name);
        self.orders.fill(&self.injector, &operations);
        let (mut tally, mut at) = (Tally::default(), first);
        print!("two\t{outer}\t{middle}\t{inner}\t");
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
                print!("{:x}:{} ", hit.pc, tally.injections - before);
            }
            at += every * (1 + hit.late / self.injector.step / every);
        }
        println!("\t{}\t{}", tally.injections, tally.bad);
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
            Err(Wrong::Lost) => print!("!lost "),
            Err(Wrong::Torn(level)) => print!("!torn{level} "),
        }
        tally.bad += 1;
    }
}
