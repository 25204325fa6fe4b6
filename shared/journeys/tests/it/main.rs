//! What no single function can claim: every statement, the schema, the roles, the house itself, and the ways through
//! several functions.

mod bearers;
mod bodies;
mod checkout;
mod contract;
pub mod corpus;
mod deployment;
mod house;
mod lives;
mod mailing;
mod operations;
mod roles;
mod rotation;
mod schema;
mod security;
mod standing;
mod statements;
mod subscribing;
mod tidy;
mod watching;
