//! Asks the parts of the local stack from outside, over loopback.

mod gateway;
