//! What a person may watch, and the signed addresses for it.
//!
//! Tokens are signed here, with the operator's own key of the provider: no provider is asked while a viewer waits. A token
//! names no viewer, since it ends up in addresses, histories and the logs of others; two viewers may get the same one.

pub mod cloudflare;
pub mod geo;
pub mod key;
pub mod lifetime;
pub mod mux;
pub mod playback_id;
pub mod position;
pub mod providers;
pub mod report;
pub mod rights;
pub mod token;

mod cache;
mod url;

pub use url::{BaseUrl, Domain, InvalidUrl};
