//! libFuzzer on [`narthex_fuzz::session`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| narthex_fuzz::session(data));
