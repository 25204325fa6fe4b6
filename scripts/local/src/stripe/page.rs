//! The hosted checkout page at a session's `url`: one HTML form that needs no script. It is served and answered at the
//! same address, so that a person, a browser test and a terminal all pay in the same way.

mod html;

use super::control::refused;
use super::error::Refusal;
use super::life::Means;
use super::objects::{Card, Session, SessionStatus};
use super::state::Shared;
use axum::extract::{Form, Path, State as Extract};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new().route("/c/pay/{id}", get(show).post(submit)).with_state(shared)
}

/// What the form sends.
#[derive(Deserialize)]
struct Submitted {
    /// `pay`, `decline`, `delayed` or `leave`: the button.
    action: String,
    #[serde(default)]
    card_number: String,
    email: Option<String>,
}

/// What a payer may do.
enum Action {
    Pay(Means),
    Leave,
}

impl Submitted {
    fn action(&self) -> Result<Action, &'static str> {
        match self.action.as_str() {
            "pay" => match Card::by_number(&self.card_number) {
                Some(card) => Ok(Action::Pay(Means::Card(card))),
                None => Err("Your card number is invalid: use one of the test cards below."),
            },
            "decline" => Ok(Action::Pay(Means::Card(Card::Declined))),
            "delayed" => Ok(Action::Pay(Means::Delayed)),
            "leave" => Ok(Action::Leave),
            _ => Err("Choose one of the buttons."),
        }
    }
}

async fn show(Extract(shared): Extract<Arc<Shared>>, Path(id): Path<String>) -> Response {
    page(&shared, &id, None)
}

async fn submit(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
    Form(submitted): Form<Submitted>,
) -> Response {
    match submitted.action() {
        Err(message) => page(&shared, &id, Some(message)),
        Ok(Action::Leave) => leave(&shared, &id),
        Ok(Action::Pay(means)) => match pay(&shared, &id, means, submitted.email.as_deref()).await {
            Ok(address) => Redirect::to(&address).into_response(),
            Err(refusal) => page(&shared, &id, Some(refusal.message())),
        },
    }
}

/// Pays, waits for the webhook endpoint as Checkout does, and gives the address to go on to.
async fn pay(shared: &Arc<Shared>, id: &str, means: Means, email: Option<&str>) -> Result<String, Refusal> {
    // A payer who closes the page has paid all the same: the wait alone ends with the connection.
    let completed = shared.act(|state| state.pay_session(id, means, email))?;
    shared.first_answer(&completed).await;
    Ok(shared.lock().sessions.find(id)?.return_address())
}

fn leave(shared: &Shared, id: &str) -> Response {
    let address = match shared.lock().sessions.find(id) {
        Ok(session) => session.cancel_url.clone(),
        Err(refusal) => return refused(&refusal),
    };
    match address {
        Some(address) => Redirect::to(&address).into_response(),
        None => page(shared, id, Some("This session has no address to go back to; you can close the page.")),
    }
}

fn page(shared: &Shared, id: &str, message: Option<&str>) -> Response {
    let (status, html) = shared.act(|state| match state.sessions.find(id) {
        Ok(session) => (status_of(session, message), html::page(session, message)),
        Err(_) => {
            (StatusCode::NOT_FOUND, html::notice("There is no such page", "The link is wrong or incomplete."))
        }
    });
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers, Html(html)).into_response()
}

fn status_of(session: &Session, message: Option<&str>) -> StatusCode {
    match session.status {
        SessionStatus::Open if message.is_some() => StatusCode::PAYMENT_REQUIRED,
        SessionStatus::Open => StatusCode::OK,
        SessionStatus::Complete | SessionStatus::Expired => StatusCode::GONE,
    }
}

/// The same payment for those who have no form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paying {
    #[serde(default = "paying_card")]
    card_number: String,
    #[serde(default)]
    delayed: bool,
    email: Option<String>,
}

fn paying_card() -> String {
    "4242424242424242".to_owned()
}

/// Where the payer goes on.
#[derive(Serialize)]
struct Paid {
    redirect: String,
}

pub(super) async fn pay_by_json(
    Extract(shared): Extract<Arc<Shared>>,
    Path(id): Path<String>,
    Json(paying): Json<Paying>,
) -> Response {
    let means = match (paying.delayed, Card::by_number(&paying.card_number)) {
        (true, _) => Means::Delayed,
        (false, Some(card)) => Means::Card(card),
        (false, None) => return refused(&Refusal::invalid("Your card number is invalid.")),
    };
    match pay(&shared, &id, means, paying.email.as_deref()).await {
        Ok(redirect) => Json(Paid { redirect }).into_response(),
        Err(refusal) => refused(&refusal),
    }
}
