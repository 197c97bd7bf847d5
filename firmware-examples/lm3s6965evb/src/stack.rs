//! How much of the stack was ever used: the runtime paints it before `main`, and what is used loses its paint.

unsafe extern "C" {
    /// The lowest word of the stack, as the linker script has it.
    static _stack_end: u32;
    /// The first word above it.
    static _stack_start: u32;
}

/// Bytes of RAM that are left to the stack.
pub fn size() -> usize {
    (&raw const _stack_start).addr() - (&raw const _stack_end).addr()
}

/// Bytes of it that were used since boot, by interrupts too. It reads what was not used: some microseconds for each KiB.
pub fn max_used() -> usize {
    let mut word = &raw const _stack_end;
    let start = &raw const _stack_start;
    // SAFETY: the words between the two are there and are no variables. Volatile, as interrupts may change them.
    while word < start && unsafe { word.read_volatile() } == cortex_m_rt::STACK_PAINT_VALUE {
        word = word.wrapping_add(1);
    }
    start.addr() - word.addr()
}
