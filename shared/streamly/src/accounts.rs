//! Who a person is, and how they prove it.

mod claims;
mod es256;
pub mod token;
pub mod verify;

pub use claims::{Audience, InvalidName, Issuer, KeyId, Scope};
