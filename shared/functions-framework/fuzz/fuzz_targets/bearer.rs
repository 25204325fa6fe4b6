//! Fuzzes the reader of bearer tokens.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    functions_framework_fuzz::bearer::check(data);
});
