//! The product: who a person is, what they pay for, what they may watch, and the SQL behind it. It knows nothing of
//! serving. The order of the modules is the order of the layers: each may use those above it.

pub mod clock;
pub mod ids;
pub mod limiter;
pub mod loopback;
pub mod money;
pub mod signature;

mod json;

pub mod db;

pub mod accounts;
pub mod billing;
pub mod video;
