//! Fuzzes the reader of Stripe's events.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    streamly_fuzz::event::check(data);
});
