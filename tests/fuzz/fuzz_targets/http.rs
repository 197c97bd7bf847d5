//! libFuzzer on [`narthex_fuzz::http`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| narthex_fuzz::http(data));
