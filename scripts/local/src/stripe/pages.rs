//! The pages on which a person pays and looks after a subscription. Each is one address with one or more HTML forms that
//! need no script: a person, a browser test and a terminal all act in the same way.

mod authentication;
pub(super) mod checkout;
mod desk;
mod html;
mod portal;

pub(super) use desk::PATH as DESK;

use super::state::Shared;
use axum::Router;
use std::sync::Arc;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    checkout::routes(Arc::clone(&shared))
        .merge(authentication::routes(Arc::clone(&shared)))
        .merge(desk::routes(Arc::clone(&shared)))
        .merge(portal::routes(shared))
}
