//! The bank's question at a payment's `next_action`: whether the owner of the card is the one who pays. Its form is also
//! what the hosted checkout shows for a card that asks.

use super::html::{document, notice, respond};
use crate::stripe::objects::PaymentState;
use crate::stripe::state::Shared;
use axum::Router;
use axum::extract::{Form, Path, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new().route("/c/authenticate/{id}", get(show).post(submit)).with_state(shared)
}

/// The button that was pressed.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    Authenticate,
    Refuse,
}

#[derive(Deserialize)]
struct Submitted {
    action: Action,
}

async fn show(Extract(shared): Extract<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let state = shared.act(|state| state.payment_intents.get(&id).map(|intent| intent.state));
    match state {
        Some(PaymentState::AwaitsAction) => respond(StatusCode::OK, question("")),
        Some(_) => {
            respond(StatusCode::GONE, notice("There is nothing to answer", "This payment asks no more."))
        }
        None => respond(
            StatusCode::NOT_FOUND,
            notice("There is no such page", "The link is wrong or incomplete."),
        ),
    }
}

async fn submit(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
    Form(submitted): Form<Submitted>,
) -> Response {
    let says_yes = matches!(submitted.action, Action::Authenticate);
    let return_url = shared.act(|state| {
        state.answer_for(&id, says_yes)?;
        state.payment_intents.find(&id).map(|intent| intent.return_url.clone())
    });
    match return_url {
        Ok(Some(url)) => {
            let sign = if url.contains('?') { '&' } else { '?' };
            let status = if says_yes { "succeeded" } else { "failed" };
            Redirect::to(&format!("{url}{sign}payment_intent={id}&redirect_status={status}")).into_response()
        }
        Ok(None) => respond(StatusCode::OK, notice("Thank you", "You can close this page.")),
        Err(_) => {
            respond(StatusCode::GONE, notice("There is nothing to answer", "This payment asks no more."))
        }
    }
}

/// The page with the question; the form sends these fields along.
pub(super) fn question(fields: &str) -> String {
    let body = format!(
        "<span class=\"badge\">stand-in, no real bank</span><h1>Is it you?</h1>\
         <p>Your bank asks whether you want to pay with this card.</p>\
         <form method=\"post\">{fields}\
         <button class=\"go\" name=\"action\" value=\"authenticate\">Complete authentication</button>\
         <button name=\"action\" value=\"refuse\">Fail authentication</button></form>"
    );
    document("Authentication", &body)
}
