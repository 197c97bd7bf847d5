//! Whether the stack has stayed where it belongs: on a machine with little RAM it would grow into what is tested.

unsafe extern "C" {
    static mut __sheap: u32;
}

const PAINT: u32 = 0x5aa5_c33c;
/// Words that must stay unused.
const RED: usize = 16;

/// Paints what the stack has not used yet.
#[inline(never)]
pub fn paint() {
    let mut at = &raw mut __sheap;
    let here = (&raw const at).cast::<u32>();
    // What is painted stays well below this function's own frame.
    while at.cast_const() < here.wrapping_sub(64) {
        // SAFETY: between the end of the statics and the end of the stack; there is no heap.
        unsafe { at.write_volatile(PAINT) };
        at = at.wrapping_add(1);
    }
}

/// How many bytes were never used.
///
/// # Panics
/// If it was too close.
pub fn unused() -> usize {
    let mut at = &raw const __sheap;
    let mut words = 0;
    // SAFETY: as above; it ends where the stack is in use, at the latest.
    while unsafe { at.read_volatile() } == PAINT {
        words += 1;
        at = at.wrapping_add(1);
    }
    assert!(words >= RED, "the stack was too small");
    words * size_of::<u32>()
}
