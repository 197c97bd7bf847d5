//! libFuzzer on [`narthex_fuzz::configuration`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| narthex_fuzz::configuration(data));
