//! The desk at `/_fake/desk`, behind the pages that payers see: a person switches webhooks off and on there, moves the
//! clock ahead so that periods end, and sees which events were taken. It does by buttons what `control` does by JSON.

use super::html::{document, escape, respond};
use crate::stripe::calendar;
use crate::stripe::objects::Event;
use crate::stripe::state::{Shared, State};
use axum::Router;
use axum::extract::{Form, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use std::sync::Arc;

/// Where it is.
pub(in crate::stripe) const PATH: &str = "/_fake/desk";
const DAY_S: i64 = 86_400;
/// Longer than every month, so that a monthly period ends on the way and the hour after which its invoice is charged
/// has passed.
const MONTH_DAYS: i64 = 32;
/// How many events are shown.
const EVENTS_MAX: usize = 30;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new().route(PATH, get(show).post(submit)).with_state(shared)
}

/// The button that was pressed.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    WebhooksOff,
    WebhooksOn,
    SendAgain,
    AdvanceDay,
    AdvanceMonth,
}

#[derive(Deserialize)]
struct Submitted {
    action: Action,
}

async fn show(Extract(shared): Extract<Arc<Shared>>) -> Response {
    let page = shared.act(|state| html_of(state));
    respond(StatusCode::OK, page)
}

async fn submit(Extract(shared): Extract<Arc<Shared>>, Form(submitted): Form<Submitted>) -> Response {
    match submitted.action {
        Action::WebhooksOff => shared.lock().webhooks.deliveries.on = false,
        Action::WebhooksOn => shared.lock().webhooks.deliveries.on = true,
        Action::SendAgain => drop(shared.send_undelivered()),
        Action::AdvanceDay => shared.act(|state| state.advance(DAY_S)),
        Action::AdvanceMonth => shared.act(|state| state.advance(MONTH_DAYS * DAY_S)),
    }
    // The page again, so that a reload asks for it rather than repeats the change.
    Redirect::to(PATH).into_response()
}

fn html_of(state: &State) -> String {
    let webhooks = &state.webhooks;
    let is_on = webhooks.deliveries.on;
    let (word, said, action, button) = if is_on {
        ("on", "Each event is sent to the webhook at once.", "webhooks-off", "Switch webhooks off")
    } else {
        (
            "off",
            "Events happen and are not sent. The reconcile job finds them.",
            "webhooks-on",
            "Switch webhooks on",
        )
    };
    let waiting = state.events.iter().filter(|event| event.wanted && !event.is_delivered()).count();
    let send_again = if is_on && waiting > 0 {
        press("send-again", "Send what was not taken again")
    } else {
        String::new()
    };
    let events: String =
        state.events.iter().rev().filter(|event| event.wanted).take(EVENTS_MAX).map(row).collect();
    let events = if events.is_empty() { "<li>Nothing has happened yet.</li>".to_owned() } else { events };
    let body = format!(
        "<span class=\"badge\">stand-in, no real money</span><h1>Behind Stripe</h1>\
         <section><h2>Webhooks are <span id=\"webhooks\">{word}</span></h2><p class=\"hint\">{said}</p>\
         <form method=\"post\">{}{send_again}</form></section>\
         <section><h2>The clock</h2><p class=\"hint\"><time id=\"now\">{}</time>. Moved ahead, it lets periods end, \
         renewals be charged and failed ones be tried again.</p>\
         <form method=\"post\">{}{}</form></section>\
         <h2>Events, newest first</h2><p class=\"hint\"><span id=\"waiting\">{waiting}</span> not taken by the webhook</p>\
         <ul id=\"events\">{events}</ul>",
        press(action, button),
        calendar::http_date(state.now()),
        press("advance-day", "A day ahead"),
        press("advance-month", "A month ahead"),
    );
    document("Behind Stripe", &body)
}

fn press(action: &str, text: &str) -> String {
    format!("<button name=\"action\" value=\"{action}\">{text}</button>")
}

fn row(event: &Event) -> String {
    let answer = match event.answers.last().map(|answer| answer.status) {
        None => "not sent".to_owned(),
        Some(None) => "no answer".to_owned(),
        Some(Some(status)) => status.to_string(),
    };
    format!("<li><span><code>{}</code></span><span>{answer}</span></li>", escape(&event.kind))
}
