//! libFuzzer on [`narthex_fuzz::command_line`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| narthex_fuzz::command_line(data));
