//! Ready-made groups for what every firmware has: a boot, stacks, a heap, idle time.
//!
//! They are groups like those that firmware writes itself; a registry has those that are listed in it, and the rest
//! cost nothing. Nothing here reads a clock or asks an allocator: firmware sets what it knows, when it knows it, and
//! what was never set is not exposed.
//!
//! ```
//! use core::time::Duration;
//! use narthex::runtime::{Heap, Idle, ResetReason, Runtime, Stack};
//! use narthex::text::{Encoder, Format};
//! use narthex::{Registry, registry};
//!
//! static RUNTIME: Runtime = Runtime::new();
//! static MAIN: Stack = Stack::new();
//! static UPLOAD: Stack = Stack::new();
//! static HEAP: Heap = Heap::new();
//! static IDLE: Idle = Idle::new();
//! static REGISTRY: Registry =
//!     registry![RUNTIME, MAIN { thread: "main" }, UPLOAD { thread: "upload" }, HEAP, IDLE];
//!
//! // At boot, from the reset controller and from memory that outlives a reset:
//! RUNTIME.reset_reason.set(ResetReason::Watchdog);
//! RUNTIME.boots.set(17);
//! // Before a page or a snapshot:
//! RUNTIME.set_uptime(Duration::from_millis(90_500));
//! MAIN.max_used_bytes.set_max(1_536);
//! HEAP.set_free(20_480);
//! // In the idle task, each time it is left:
//! IDLE.idle_seconds_total.add(750);
//!
//! let mut page = [0; 4096];
//! let n = Encoder::new(Format::Text).fill(&REGISTRY, &mut page)?;
//! let page = core::str::from_utf8(&page[..n]).unwrap();
//! assert!(page.contains("\nmcu_uptime_seconds 90\n"));
//! assert!(page.contains("\nmcu_reset_reason{mcu_reset_reason=\"watchdog\"} 1\n"));
//! assert!(page.contains("\nmcu_stack_max_used_bytes{thread=\"main\"} 1536\n"));
//! assert!(page.contains("\nmcu_heap_min_free_bytes 20480\n"));
//! assert!(page.contains("\nmcu_idle_seconds_total 0.00075\n"));
//! assert!(!page.contains("upload") && !page.contains("block"), "never set");
//! # Ok::<(), narthex::text::Error>(())
//! ```
//!
//! Where there is a function that knows a value at any time, a group with a [`GaugeFn`](crate::GaugeFn) of one's own
//! asks it when it is needed.

#[cfg(feature = "http")]
mod http;

use core::time::Duration;

#[cfg(feature = "http")]
pub use http::{HttpCode, HttpServer};

use crate::{Counter, LabelSet, Metrics, OptionalGauge, StateSet};

/// Why the device was reset. Reset controllers know more or less of these; what they do not tell is `Unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelSet)]
#[non_exhaustive]
pub enum ResetReason {
    /// Nobody has said yet, or can say.
    Unknown,
    /// Power came.
    PowerOn,
    /// The voltage of the supply was too low.
    Brownout,
    /// The reset pin.
    Pin,
    /// Firmware asked for it, to start an update for instance.
    Software,
    /// A watchdog was not fed.
    Watchdog,
    /// A fault, a lockup or a panic.
    Fault,
    /// The end of a sleep that memory does not outlive.
    Wakeup,
    /// A debugger.
    Debugger,
}

/// The life of the device since its last reset.
///
/// 12 bytes; see the [module](self) for an example.
#[derive(Debug, Metrics)]
#[metrics(prefix = "mcu")]
pub struct Runtime {
    /// Time since boot.
    #[metric(unit = "seconds")]
    pub uptime_seconds: OptionalGauge,
    // A gauge, as a counter could not be unset.
    /// Boots so far, this one included, as counted in memory that outlives a reset.
    pub boots: OptionalGauge,
    /// Cause of the last reset.
    pub reset_reason: StateSet<ResetReason>,
}

impl Runtime {
    /// Sets the uptime, in whole seconds.
    ///
    /// ```
    /// use core::time::Duration;
    /// use narthex::runtime::Runtime;
    /// static RUNTIME: Runtime = Runtime::new();
    /// RUNTIME.set_uptime(Duration::from_millis(1_999));
    /// assert_eq!(RUNTIME.uptime_seconds.get(), Some(1));
    /// ```
    pub fn set_uptime(&self, uptime: Duration) {
        self.uptime_seconds.set(i32::try_from(uptime.as_secs()).unwrap_or(i32::MAX));
    }
}

/// One stack; several are told apart by a label in the registry, such as `thread`.
///
/// 8 bytes. The high-water mark is found by who paints the stack, or by the RTOS.
///
/// ```
/// use narthex::runtime::Stack;
/// static MAIN: Stack = Stack::new();
/// MAIN.size_bytes.set(4_096);
/// for used in [300, 900, 200] {
///     MAIN.max_used_bytes.set_max(used);
/// }
/// assert_eq!(MAIN.max_used_bytes.get(), Some(900));
/// ```
#[derive(Debug, Metrics)]
#[metrics(prefix = "mcu_stack")]
pub struct Stack {
    /// Size of the stack.
    #[metric(unit = "bytes")]
    pub size_bytes: OptionalGauge,
    /// Most of the stack that was ever in use since boot.
    #[metric(unit = "bytes")]
    pub max_used_bytes: OptionalGauge,
}

/// A heap.
///
/// 16 bytes. An allocator that keeps a minimum itself knows it better than [`set_free`](Heap::set_free), which sees
/// only what it is given.
#[derive(Debug, Metrics)]
#[metrics(prefix = "mcu_heap")]
pub struct Heap {
    /// Size of the heap.
    #[metric(unit = "bytes")]
    pub size_bytes: OptionalGauge,
    /// Bytes of the heap that are free.
    #[metric(unit = "bytes")]
    pub free_bytes: OptionalGauge,
    /// Fewest bytes of the heap that were ever free since boot.
    #[metric(unit = "bytes")]
    pub min_free_bytes: OptionalGauge,
    /// Largest block that can be allocated.
    #[metric(unit = "bytes")]
    pub largest_free_block_bytes: OptionalGauge,
}

impl Heap {
    /// Sets what is free, and lowers the minimum to it.
    ///
    /// ```
    /// use narthex::runtime::Heap;
    /// static HEAP: Heap = Heap::new();
    /// HEAP.set_free(20_480);
    /// HEAP.set_free(8_192);
    /// HEAP.set_free(12_288);
    /// assert_eq!((HEAP.free_bytes.get(), HEAP.min_free_bytes.get()), (Some(12_288), Some(8_192)));
    /// ```
    pub fn set_free(&self, bytes: usize) {
        let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
        self.free_bytes.set(bytes);
        self.min_free_bytes.set_min(bytes);
    }
}

/// Time without work; what is missing to one second a second is the load.
///
/// 8 bytes. It is a group of its own because a counter that nobody moves would say that the device never rests.
///
/// ```
/// use narthex::runtime::Idle;
/// static IDLE: Idle = Idle::new();
/// # fn micros() -> u32 { 0 }
/// fn idle() {
///     let start = micros();
///     // wait for an interrupt
///     IDLE.idle_seconds_total.add(micros().wrapping_sub(start));
/// }
/// # idle();
/// ```
#[derive(Debug, Metrics)]
#[metrics(prefix = "mcu")]
pub struct Idle {
    /// Time without work.
    #[metric(unit = "seconds", scale = -6)] // counted in microseconds
    pub idle_seconds_total: Counter,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Group as _;

    #[test]
    fn they_are_as_small_as_they_say() {
        let sizes = [size_of::<Runtime>(), size_of::<Stack>(), size_of::<Heap>(), size_of::<Idle>()];
        assert_eq!(sizes, [12, 8, 16, 8]);
    }

    #[test]
    fn unset_is_not_zero() {
        let (runtime, heap) = (Runtime::new(), Heap::new());
        assert_eq!(runtime.reset_reason.get(), ResetReason::Unknown);
        assert!((0..2).all(|metric| runtime.metric(metric).unwrap().read(0, 0).is_none()));
        assert!((0..4).all(|metric| heap.metric(metric).unwrap().read(0, 0).is_none()));
    }

    #[test]
    fn too_much_is_the_most_that_can_be_said() {
        let (runtime, heap) = (Runtime::new(), Heap::new());
        runtime.set_uptime(Duration::MAX);
        assert_eq!(runtime.uptime_seconds.get(), Some(i32::MAX));
        heap.set_free(usize::MAX);
        assert_eq!(heap.free_bytes.get(), Some(i32::MAX));
    }
}
