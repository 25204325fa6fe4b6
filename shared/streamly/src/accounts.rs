//! Who a person is, and how they prove it.

pub mod address;
mod claims;
mod es256;
pub mod hash;
pub mod policy;
pub mod token;
pub mod verify;

pub use claims::{Audience, InvalidName, Issuer, KeyId, Scope};
