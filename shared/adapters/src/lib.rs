//! Where the product and the shim meet, for what several functions do alike: the variables that they read, the callers that
//! they know, and the answers that they give to the product's own errors.
//!
//! Neither side may know the other, and without this every function would write the same lines in between. Only what two
//! functions say in the same words stands here; a route, a body and an endpoint's own errors never do.

pub mod callers;
pub mod problems;
pub mod variables;
pub mod videos;
pub mod watching;
