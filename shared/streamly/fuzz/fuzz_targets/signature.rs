//! Fuzzes the check of Stripe's signature.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    streamly_fuzz::signature::check(data);
});
