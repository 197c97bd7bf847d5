//! libFuzzer on [`narthex_fuzz::capture`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| narthex_fuzz::capture(data));
