//! The program `narthex`.
fn main() {}
