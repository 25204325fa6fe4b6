//! Webhooks: each event is signed anew at every attempt and sent until the endpoint answers with success.

use super::objects::Answer;
use super::signature;
use super::state::{Order, Shared};
use crate::client;
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, header};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use streamly::clock::Clock;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

/// How long an endpoint may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// The longest gap between two attempts.
const GAP_MAX: Duration = Duration::from_mins(1);

/// Delivers the batches as they come; ends, with every delivery under way, when its task is aborted.
pub(super) async fn run(shared: Arc<Shared>, mut batches: UnboundedReceiver<Vec<String>>) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            batch = batches.recv() => match batch {
                Some(batch) => drop(running.spawn(deliver_batch(Arc::clone(&shared), batch))),
                None => return,
            },
            Some(_) = running.join_next(), if !running.is_empty() => {}
        }
    }
}

async fn deliver_batch(shared: Arc<Shared>, mut events: Vec<String>) {
    let (order, copies) = {
        let state = shared.lock();
        events.retain(|id| state.events.get(id).is_some_and(|event| event.wanted));
        (state.webhooks.order, state.webhooks.copies)
    };
    if order == Order::Backward {
        events.reverse();
    }
    let mut retries = Vec::new();
    if order == Order::Parallel {
        let copies = events.iter().flat_map(|id| (0..copies).map(move |_| id.clone()));
        join_all(copies.map(|id| deliver(&shared, id))).await;
        return;
    }
    for id in events {
        for _ in 0..copies {
            // A failed first attempt must not hold up the rest: its retries follow beside them.
            if attempt(&shared, &id).await == Outcome::Failed {
                retries.push(id.clone());
            }
        }
    }
    join_all(retries.into_iter().map(|id| retry(&shared, id))).await;
}

fn deliver(shared: &Arc<Shared>, id: String) -> impl Future<Output = ()> {
    let shared = Arc::clone(shared);
    async move {
        if attempt(&shared, &id).await == Outcome::Failed {
            retry(&shared, id).await;
        }
    }
}

async fn retry(shared: &Arc<Shared>, id: String) {
    let mut gap = shared.lock().webhooks.retry_delay;
    loop {
        tokio::time::sleep(gap).await;
        if attempt(shared, &id).await != Outcome::Failed {
            return;
        }
        gap = (gap * 2).min(GAP_MAX);
    }
}

#[derive(PartialEq, Eq)]
enum Outcome {
    Delivered,
    Failed,
    /// There is no endpoint, or deliveries are switched off: the event is lost to it.
    Off,
}

async fn attempt(shared: &Shared, id: &str) -> Outcome {
    let target = {
        let state = shared.lock();
        let event = state.events.get(id);
        let url = state.webhooks.url.clone().filter(|_| state.webhooks.on);
        url.zip(event.map(super::objects::Event::payload))
            .map(|(url, payload)| (url, payload, state.webhooks.secret.clone()))
    };
    let Some((url, payload, secret)) = target else { return Outcome::Off };
    // The signature's time is real even where the stand-in's clock is not: the endpoint checks its age.
    let signed_at = Clock::system().unix_seconds();
    let request = Request::post(url)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::USER_AGENT, "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header(header::ACCEPT, "*/*; q=0.5, application/xml")
        .header(header::CACHE_CONTROL, "no-cache")
        .header("Stripe-Signature", signature::header(&secret, signed_at, &payload))
        .body(Bytes::from(payload));
    let status = match request {
        Ok(request) => tokio::time::timeout(ANSWER_WAIT, client::send(request)).await,
        Err(_) => return Outcome::Off,
    };
    let status = status.ok().and_then(Result::ok).map(|answer| answer.status());
    if let Some(event) = shared.lock().events.get_mut(id) {
        event.answers.push(Answer { signed_at, status: status.map(|status| status.as_u16()) });
    }
    shared.note_answer();
    if status.is_some_and(|status| status.is_success()) { Outcome::Delivered } else { Outcome::Failed }
}
