//! Fuzzes the reader of e-mail addresses.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    streamly_fuzz::address::check(data);
});
