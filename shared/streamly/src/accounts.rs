//! Who a person is, and how they prove it.

mod claims;
mod es256;
mod verification;

pub mod address;
pub mod client;
pub mod hash;
pub mod mailed_token;
pub mod one_time;
pub mod outbox;
pub mod policy;
pub mod reauthentication;
pub mod refresh;
pub mod session;
pub mod throttle;
pub mod token;
pub mod verify;

pub use claims::{Audience, InvalidName, InvalidScope, Issuer, KeyId, Scope};
pub use verification::{EmailVerification, InvalidEmailVerification};
