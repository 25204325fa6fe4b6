//! Fuzzes the reader of JSON bodies.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    functions_framework_fuzz::json_body::check(data);
});
