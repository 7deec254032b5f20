//! Runs `ctxpack_fuzz::read` on what libFuzzer thinks up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ctxpack_fuzz::read(data));
