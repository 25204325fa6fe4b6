//! Fuzzes the reader of refresh tokens.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    streamly_fuzz::refresh_token::check(data);
});
