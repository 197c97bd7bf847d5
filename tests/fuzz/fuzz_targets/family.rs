//! libFuzzer on [`narthex_fuzz::family`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| narthex_fuzz::family(data));
