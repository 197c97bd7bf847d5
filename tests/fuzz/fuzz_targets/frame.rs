//! libFuzzer on [`narthex_fuzz::frame`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| narthex_fuzz::frame(data));
