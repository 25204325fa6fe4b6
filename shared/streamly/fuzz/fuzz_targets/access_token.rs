//! Fuzzes the check of access tokens.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    streamly_fuzz::access_token::check(data);
});
