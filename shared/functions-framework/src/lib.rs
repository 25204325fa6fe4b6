//! Serves one function as a Cloud Run service. The rest of this page is the package's README.
//!
#![doc = include_str!("../README.md")]

pub mod cors;
pub mod env;
pub mod problem;

mod call;
mod json;
mod log;
mod paced;
mod request;
mod response;
mod routes;
mod run;
mod serve;
mod trace;

#[cfg(test)]
mod readme;

pub use call::call;
pub use log::{Severity, log};
pub use problem::{Kind, Problem};
pub use request::{Bearer, RequestExt, RequestPayloadExt};
pub use response::{Body, IntoResponse, Json};
pub use routes::{Function, Limits, MediaType, Routes, ServiceFn, service_fn};
pub use run::{main, run};
pub use trace::TraceContext;

/// A request whose body has arrived whole, within the route's limit, byte for byte as it was sent.
pub type Request<B = Body> = http::Request<B>;

/// A reply.
pub type Response<B = Body> = http::Response<B>;

/// The error of programs and of moved handlers.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
