//! The framework from outside: compiled programs on real sockets, and a moved handler beside its original.

mod conformance;
mod moved;
mod original;
mod ported;
mod program;
mod programs;
