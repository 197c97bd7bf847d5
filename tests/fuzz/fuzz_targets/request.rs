//! libFuzzer on [`narthex_fuzz::request`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| narthex_fuzz::request(data));
