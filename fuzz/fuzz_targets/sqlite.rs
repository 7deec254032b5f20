//! Runs `ctxpack_fuzz::sqlite` on what libFuzzer thinks up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ctxpack_fuzz::sqlite(data));
