//! The job against a real database, under its own role, and a scripted Stripe.

mod answers;
mod erase;
mod failures;
mod missed;
mod overdue;
mod program;
mod provider;
mod rehearsal;
mod replay;
mod rows;
mod variables;
mod world;
