//! Runs `ctxpack_fuzz::settings` on what libFuzzer thinks up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ctxpack_fuzz::settings(data));
