//! libFuzzer on [`narthex_fuzz::accept`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| narthex_fuzz::accept(data));
