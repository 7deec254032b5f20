//! Runs `ctxpack_fuzz::tokens` on what libFuzzer thinks up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ctxpack_fuzz::tokens(data));
