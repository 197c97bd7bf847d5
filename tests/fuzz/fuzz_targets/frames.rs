//! libFuzzer on [`narthex_fuzz::frames`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| narthex_fuzz::frames(data));
