//! The pages on which a person pays and looks after a subscription. Each is one address with one or more HTML forms that
//! need no script: a person, a browser test and a terminal all act in the same way.

pub(super) mod checkout;
mod desk;
mod html;
mod portal;

pub(super) use desk::PATH as DESK;

use super::state::Shared;
use axum::Router;
use std::sync::Arc;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    let desk = desk::routes(Arc::clone(&shared));
    checkout::routes(Arc::clone(&shared)).merge(portal::routes(shared)).merge(desk)
}
