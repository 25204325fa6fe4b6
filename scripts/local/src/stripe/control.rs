//! `/_fake/`: what was received, and what shall go wrong. Stripe has nothing like it. Bodies are JSON.
//!
//! | Request | Effect |
//! |---|---|
//! | `GET /_fake/desk` | a page for people, with buttons for what they need most |
//! | `GET`, `DELETE /_fake/requests` | the API requests received, newest last; forgets them |
//! | `POST`, `DELETE /_fake/faults` | `{path, method, times, after, fault: {kind, …}}`: a [`Fault`]; clears all |
//! | `POST /_fake/webhooks` | any of `{url, secret}` and the members of [`Deliveries`](super::Deliveries); the answer shows them |
//! | `POST /_fake/events/take` | the pending events as `[{id, type, body, signature}]`, for one to deliver on one's own |
//! | `GET /_fake/events` | every event with the answers to its deliveries |
//! | `POST /_fake/events/{id}/resend`, `/_fake/events/resend` | sends one again, or all that no endpoint has accepted |
//! | `POST /_fake/sessions/{id}/pay` | any of `{card_number, delayed, authenticated, email}`: pays without the form |
//! | `POST /_fake/sessions/{id}/settle`, `/fail` | ends a delayed payment |
//! | `GET /_fake/clock` | `{now, held}`: the time, and whether it stands still |
//! | `POST /_fake/clock` | any of `{advance_seconds, held}`: moves the clock ahead, with all that is due; holds it |
//! | `POST /_fake/retries` | `{days, then}`: when failed renewals are tried again, then `cancel`, `unpaid`, `past-due` |
//! | `GET /_fake/parameters` | the parameters that each endpoint takes |

use super::api::ENDPOINTS;
use super::error::Refusal;
use super::fault::Fault;
use super::life::Retries;
use super::objects::Event;
use super::pages::checkout;
use super::parameters;
use super::pending::PendingEvent;
use super::signature;
use super::state::{Batch, Received, Shared};
use super::store::Object;
use super::version::ApiVersion;
use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use streamly::clock::Clock;

type Stand = Extract<Arc<Shared>>;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_fake/requests", get(requests).delete(forget_requests))
        .route("/_fake/parameters", get(known_parameters))
        .route("/_fake/faults", post(inject).delete(clear))
        .route("/_fake/webhooks", post(set_webhooks))
        .route("/_fake/clock", get(clock).post(set_clock))
        .route("/_fake/retries", post(set_retries))
        .route("/_fake/events", get(events))
        .route("/_fake/events/resend", post(resend_undelivered))
        .route("/_fake/events/take", post(take))
        .route("/_fake/events/{id}/resend", post(resend))
        .route("/_fake/sessions/{id}/pay", post(checkout::pay_by_json))
        .route("/_fake/sessions/{id}/settle", post(settle))
        .route("/_fake/sessions/{id}/fail", post(fail))
        .with_state(shared)
}

async fn requests(Extract(shared): Stand) -> Json<VecDeque<Received>> {
    Json(shared.lock().received.clone())
}

async fn forget_requests(Extract(shared): Stand) -> StatusCode {
    shared.lock().received.clear();
    StatusCode::NO_CONTENT
}

/// The parameters of each endpoint, so that they can be compared with what Stripe's own libraries know.
async fn known_parameters() -> Json<Value> {
    let endpoint = |endpoint: &super::api::Endpoint| {
        let names: Vec<&str> = parameters::names(endpoint.parameters).collect();
        json!({ "method": endpoint.method, "path": endpoint.path, "parameters": names })
    };
    Json(ENDPOINTS.iter().map(endpoint).collect())
}

async fn inject(Extract(shared): Stand, Json(fault): Json<Fault>) -> StatusCode {
    shared.lock().faults.add(fault);
    StatusCode::NO_CONTENT
}

async fn clear(Extract(shared): Stand) -> StatusCode {
    shared.lock().faults.clear();
    StatusCode::NO_CONTENT
}

/// What shall be different about deliveries; what is absent stays.
#[derive(Deserialize)]
struct Webhooks {
    url: Option<String>,
    secret: Option<String>,
    #[serde(flatten)]
    deliveries: Map<String, Value>,
}

async fn set_webhooks(Extract(shared): Stand, Json(wanted): Json<Webhooks>) -> Response {
    let mut state = shared.lock();
    let webhooks = &mut state.webhooks;
    let mut deliveries = json!(webhooks.deliveries);
    if let Some(members) = deliveries.as_object_mut() {
        members.extend(wanted.deliveries);
    }
    match serde_json::from_value(deliveries.clone()) {
        Ok(changed) => webhooks.deliveries = changed,
        Err(error) => return (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()).into_response(),
    }
    webhooks.url = wanted.url.or(webhooks.url.take());
    if let Some(secret) = wanted.secret {
        webhooks.secret = secret;
    }
    deliveries["url"] = json!(webhooks.url);
    Json(deliveries).into_response()
}

/// How the clock shall go on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    #[serde(default)]
    advance_seconds: u32,
    held: Option<bool>,
}

async fn clock(Extract(shared): Stand) -> Json<Value> {
    let state = shared.lock();
    Json(json!({ "now": state.now(), "held": state.time.is_held() }))
}

async fn set_clock(stand: Stand, Json(wanted): Json<Advance>) -> Json<Value> {
    stand.act(|state| {
        if let Some(held) = wanted.held {
            state.time.hold(held);
        }
        state.advance(i64::from(wanted.advance_seconds));
    });
    clock(stand).await
}

async fn set_retries(Extract(shared): Stand, Json(retries): Json<Retries>) -> StatusCode {
    shared.lock().retries = retries;
    StatusCode::NO_CONTENT
}

fn delivery_of(event: &Event) -> Value {
    let answers = event.answers.iter();
    let answers: Vec<Value> =
        answers.map(|answer| json!({ "signed_at": answer.signed_at, "status": answer.status })).collect();
    json!({
        "id": event.id, "type": event.kind, "created": event.created, "wanted": event.wanted,
        "delivered": event.is_delivered(), "answers": answers, "object_id": event.object["id"],
    })
}

/// Every event with the answers to its deliveries, newest last.
async fn events(Extract(shared): Stand) -> Json<Vec<Value>> {
    Json(shared.act(|state| state.events.iter().map(delivery_of).collect()))
}

/// The pending events with what a delivery of each would hold now.
async fn take(Extract(shared): Stand) -> Json<Vec<Value>> {
    let mut state = shared.lock();
    let taken = state.take_pending();
    let shown = |event: &PendingEvent| {
        let body = event.body(ApiVersion::Endive);
        let signature = signature::header(&state.webhooks.secret, Clock::system().unix_seconds(), &body);
        let body = String::from_utf8_lossy(&body);
        json!({ "id": event.id(), "type": event.kind(), "body": body, "signature": signature })
    };
    Json(taken.iter().map(shown).collect())
}

async fn resend(Extract(shared): Stand, Path(id): Path<String>) -> Response {
    if let Err(refusal) = shared.lock().events.find(&id).map(Event::id) {
        return refused(&refusal);
    }
    shared.send(Batch { events: vec![id], resent: true });
    StatusCode::ACCEPTED.into_response()
}

/// Sends once more what no endpoint has accepted.
async fn resend_undelivered(Extract(shared): Stand) -> Json<Value> {
    Json(json!({ "resent": shared.send_undelivered() }))
}

async fn settle(Extract(shared): Stand, Path(id): Path<String>) -> Response {
    finish(&shared, &id, true)
}

async fn fail(Extract(shared): Stand, Path(id): Path<String>) -> Response {
    finish(&shared, &id, false)
}

fn finish(shared: &Shared, session_id: &str, paid: bool) -> Response {
    match shared.act(|state| state.finish_payment(session_id, paid)) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => refused(&refusal),
    }
}

/// A refusal in Stripe's form.
pub(super) fn refused(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Json(refusal.body("req_fake"))).into_response()
}
