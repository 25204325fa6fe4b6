//! Webhooks: each event is signed anew at every attempt and sent until the endpoint answers with success.

mod plan;

pub use plan::{Deliveries, Order, Thin};

use super::objects::{Answer, Event};
use super::signature;
use super::state::{Batch, Shared, State};
use crate::client;
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, header};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use streamly::clock::Clock;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// How long an endpoint may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// The longest gap between two attempts.
const GAP_MAX: Duration = Duration::from_mins(1);

/// Delivers the batches as they come; ends, with every delivery under way, when the stand-in does.
pub(super) async fn run(
    shared: Arc<Shared>,
    mut batches: UnboundedReceiver<Batch>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            batch = batches.recv() => match batch {
                Some(batch) => drop(running.spawn(deliver_batch(Arc::clone(&shared), batch))),
                None => break,
            },
            Some(_) = running.join_next(), if !running.is_empty() => {}
        }
    }
    running.shutdown().await;
}

/// One body to be sent until it is accepted.
#[derive(Clone)]
struct Parcel {
    event: String,
    is_thin: bool,
    delay: Duration,
}

async fn deliver_batch(shared: Arc<Shared>, batch: Batch) {
    // What an endpoint hears of must not be forgotten.
    drop(shared.memory.kept().await);
    let (order, parcels) = {
        let mut state = shared.lock();
        let wanted = batch.events.iter().filter_map(|id| state.events.get(id)).filter(|event| event.wanted);
        let places = wanted.map(|event| (event.place, event.id.clone()));
        let plan = &state.webhooks.deliveries;
        let is_sent = |(place, _): &(usize, String)| batch.resent || !plan.loses(*place);
        let (mut events, lost): (Vec<_>, Vec<_>) = places.partition(is_sent);
        for (_, id) in lost {
            give_up(&mut state, &id);
        }
        let plan = &state.webhooks.deliveries;
        plan.arrange(&mut events);
        (plan.order, events.into_iter().flat_map(|(place, id)| parcels(plan, place, &id)).collect::<Vec<_>>())
    };
    let mut retries = Vec::new();
    if order == Order::Parallel {
        join_all(parcels.into_iter().map(|parcel| deliver(&shared, parcel))).await;
        return;
    }
    for parcel in parcels {
        tokio::time::sleep(parcel.delay).await;
        // A failed first attempt must not hold up the rest: its retries follow beside them.
        if attempt(&shared, &parcel).await == Outcome::Failed {
            retries.push(parcel);
        }
    }
    join_all(retries.into_iter().map(|parcel| retry(&shared, parcel))).await;
}

/// What is sent of one event, copies included.
fn parcels(plan: &Deliveries, place: usize, id: &str) -> Vec<Parcel> {
    let parcel = |is_thin| Parcel { event: id.to_owned(), is_thin, delay: plan.delay(place) };
    let forms: &[bool] = match plan.thin {
        Thin::None => &[false],
        Thin::Beside => &[false, true],
        Thin::Instead => &[true],
    };
    forms.iter().flat_map(|is_thin| (0..plan.copies(place)).map(|_| parcel(*is_thin))).collect()
}

fn deliver(shared: &Arc<Shared>, parcel: Parcel) -> impl Future<Output = ()> {
    let shared = Arc::clone(shared);
    async move {
        tokio::time::sleep(parcel.delay).await;
        if attempt(&shared, &parcel).await == Outcome::Failed {
            retry(&shared, parcel).await;
        }
    }
}

async fn retry(shared: &Arc<Shared>, parcel: Parcel) {
    let mut gap = shared.lock().webhooks.retry_delay;
    loop {
        tokio::time::sleep(gap).await;
        if attempt(shared, &parcel).await != Outcome::Failed {
            return;
        }
        gap = (gap * 2).min(GAP_MAX);
    }
}

/// The event is not sent any more, unless someone asks for it.
fn give_up(state: &mut State, event: &str) {
    if let Some(event) = state.events.get_mut(event) {
        event.given_up = true;
    }
}

#[derive(PartialEq, Eq)]
enum Outcome {
    Delivered,
    Failed,
    /// There is no endpoint, or deliveries are switched off: the event is lost to it.
    Off,
}

async fn attempt(shared: &Shared, parcel: &Parcel) -> Outcome {
    let target = {
        let state = shared.lock();
        let plan = &state.webhooks.deliveries;
        let payload = |event: &Event| {
            if parcel.is_thin {
                event.thin_payload(plan.thin != Thin::Instead)
            } else {
                event.payload(plan.version(event.place))
            }
        };
        let url = state.webhooks.url.clone().filter(|_| plan.on);
        url.zip(state.events.get(&parcel.event).map(payload))
            .map(|(url, payload)| (url, payload, state.webhooks.secret.clone()))
    };
    let Some((url, payload, secret)) = target else {
        give_up(&mut shared.lock(), &parcel.event);
        return Outcome::Off;
    };
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
    let mut state = shared.lock();
    // A thin one beside the snapshot says nothing about the snapshot's delivery.
    let counts = !parcel.is_thin || state.webhooks.deliveries.thin == Thin::Instead;
    if let Some(event) = state.events.get_mut(&parcel.event).filter(|_| counts) {
        event.answers.push(Answer { signed_at, status: status.map(|status| status.as_u16()) });
    }
    drop(state);
    shared.note_answer();
    if status.is_some_and(|status| status.is_success()) { Outcome::Delivered } else { Outcome::Failed }
}
