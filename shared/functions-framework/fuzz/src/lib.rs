//! What the readers of hostile bytes must hold, as plain functions: a fuzz target calls one with what the fuzzer makes up,
//! and an ordinary test with every stored input.
//!
//! Each takes any bytes, panics where a claim fails, and says whether the reader took the input.

pub mod bearer;
pub mod json_body;

/// A target: its name, and what it holds of an input.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// Every target by the name of its program and of the folder with its stored inputs.
pub const TARGETS: &[Target] = &[("bearer", bearer::check), ("json_body", json_body::check)];
