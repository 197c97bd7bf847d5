//! How many instructions a call takes, in an emulator in which time is the number of executed instructions (`-icount`).
//!
//! A stretch of a thousand `nop`s is the measure, so no clock frequency is assumed. The call itself, and the prologue
//! of a function, are taken off: what is counted is what an operation adds to the function it is written in. That is
//! exact as long as an instruction takes two ticks or more (`-icount shift=10` on all machines), and up to a million
//! instructions on Cortex-M, whose timer has 24 bits.

#[cfg_attr(target_arch = "arm", path = "arm.rs")]
#[cfg_attr(target_arch = "riscv32", path = "riscv.rs")]
mod ticks;

unsafe extern "C" {
    /// Ticks from just before a call until just after it.
    fn ticks(operation: *const (), argument: u32) -> u32;
    safe fn nops0(argument: u32);
    safe fn nops1000(argument: u32);
}

/// A ruler: how many ticks a thousand instructions take, and an empty function.
#[derive(Clone, Copy, Debug)]
pub struct Ruler {
    thousand: u32,
    empty: u32,
}

impl Ruler {
    /// Starts the timer, and measures what is known.
    #[allow(clippy::new_without_default, reason = "it takes the timer")]
    pub fn new() -> Self {
        ticks::start();
        // SAFETY: all three take one word, and leave nothing on the stack.
        let measure = |operation: *const ()| unsafe { ticks(operation, 0) };
        let mut ruler =
            Self { thousand: measure(nops1000 as *const ()) - measure(nops0 as *const ()), empty: 0 };
        ruler.empty = ruler.instructions(measure(empty as extern "C" fn(u32) as *const ()));
        ruler
    }

    /// Ticks as instructions, rounded.
    fn instructions(&self, ticks: u32) -> u32 {
        ((u64::from(ticks) * 1_000 + u64::from(self.thousand) / 2) / u64::from(self.thousand)) as u32
    }

    /// How many instructions one operation takes beyond an empty function.
    ///
    /// # Safety
    /// `operation` is an `extern "C" fn` that takes at most one word, for which `argument` will do.
    pub unsafe fn count(&self, operation: *const (), argument: u32) -> u32 {
        // SAFETY: the calling convention puts the word where `ticks` does, and the function leaves nothing on the stack.
        self.instructions(unsafe { ticks(operation, argument) }) - self.empty
    }
}

extern "C" fn empty(_: u32) {}
