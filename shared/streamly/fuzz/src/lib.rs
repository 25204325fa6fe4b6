//! What the readers of hostile bytes must hold, as plain functions: a fuzz target calls one with what the fuzzer makes up,
//! and an ordinary test with every stored input.
//!
//! Each takes any bytes, panics where a claim fails, and says whether the reader took the input. A claim is more than "no
//! panic": the verdict is compared with a rule that is written here a second time, and what was taken is written again and
//! read back.

pub mod access_token;
pub mod address;
pub mod event;
pub mod refresh_token;
pub mod signature;

/// A target: its name, and what it holds of an input.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// Every target by the name of its program and of the folder with its stored inputs.
pub const TARGETS: &[Target] = &[
    ("access_token", access_token::check),
    ("address", address::check),
    ("event", event::check),
    ("refresh_token", refresh_token::check),
    ("signature", signature::check),
];
