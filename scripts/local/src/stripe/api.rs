//! The API: what every request passes on its way to an endpoint and back.

mod answer;
mod billing_portal;
mod catalog;
mod checkout_sessions;
mod customers;
mod disputes;
mod events;
mod invoices;
mod pauses;
mod payment_intents;
mod payment_methods;
mod payment_pages;
mod refunds;
mod subscriptions;

use super::error::Refusal;
use super::expand::expand;
use super::fault::{Fault, FaultKind};
use super::form::Parameters;
use super::idempotency::{Claim, Fingerprint, Saved};
use super::state::{Received, Shared, State};
use super::{API_VERSION, control, ids, memory, pages, parameters};
use answer::Answer;
use axum::Router;
use axum::body::Body;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, Request, Response, header};
use axum::middleware;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// The longest request body.
const BODY_BYTES_MAX: usize = 1 << 20;
/// How many received requests are remembered.
const RECEIVED_MAX: usize = 10_000;

/// What an endpoint acts on.
pub(super) struct Call {
    ids: Vec<String>,
    pub(super) parameters: Parameters,
}

impl Call {
    /// The id in the path.
    fn id(&self) -> &str {
        self.ids.first().map_or("", String::as_str)
    }
}

/// One operation of the API.
pub(super) struct Endpoint {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) parameters: &'static str,
    act: fn(&mut State, &Call) -> Result<Value, Refusal>,
}

const fn on(
    method: &'static str,
    path: &'static str,
    parameters: &'static str,
    act: fn(&mut State, &Call) -> Result<Value, Refusal>,
) -> Endpoint {
    Endpoint { method, path, parameters, act }
}

/// Every operation. `{}` stands for an id.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    on("POST", "/v1/customers", parameters::CUSTOMER_CREATE, customers::create),
    on("GET", "/v1/customers", parameters::CUSTOMER_LIST, customers::list),
    on("GET", "/v1/customers/{}", parameters::NONE, customers::get),
    on("POST", "/v1/customers/{}", parameters::CUSTOMER_UPDATE, customers::update),
    on("DELETE", "/v1/customers/{}", parameters::NONE, customers::delete),
    on("POST", "/v1/products", parameters::PRODUCT_CREATE, catalog::create_product),
    on("GET", "/v1/products", parameters::PRODUCT_LIST, catalog::list_products),
    on("GET", "/v1/products/{}", parameters::NONE, catalog::get_product),
    on("POST", "/v1/products/{}", parameters::PRODUCT_UPDATE, catalog::update_product),
    on("DELETE", "/v1/products/{}", parameters::NONE, catalog::delete_product),
    on("POST", "/v1/prices", parameters::PRICE_CREATE, catalog::create_price),
    on("GET", "/v1/prices", parameters::PRICE_LIST, catalog::list_prices),
    on("GET", "/v1/prices/{}", parameters::NONE, catalog::get_price),
    on("POST", "/v1/prices/{}", parameters::PRICE_UPDATE, catalog::update_price),
    on("POST", "/v1/payment_methods", parameters::PAYMENT_METHOD_CREATE, payment_methods::create),
    on("GET", "/v1/payment_methods", parameters::PAYMENT_METHOD_LIST, payment_methods::list),
    on("POST", "/v1/payment_intents", parameters::PAYMENT_INTENT_CREATE, payment_intents::create),
    on("GET", "/v1/payment_intents", parameters::PAYMENT_INTENT_LIST, payment_intents::list),
    on("GET", "/v1/payment_intents/{}", parameters::NONE, payment_intents::get),
    on("POST", "/v1/payment_intents/{}", parameters::PAYMENT_INTENT_UPDATE, payment_intents::update),
    on(
        "POST",
        "/v1/payment_intents/{}/confirm",
        parameters::PAYMENT_INTENT_CONFIRM,
        payment_intents::confirm,
    ),
    on(
        "POST",
        "/v1/payment_intents/{}/capture",
        parameters::PAYMENT_INTENT_CAPTURE,
        payment_intents::capture,
    ),
    on("POST", "/v1/payment_intents/{}/cancel", parameters::PAYMENT_INTENT_CANCEL, payment_intents::cancel),
    on("GET", "/v1/charges/{}", parameters::NONE, payment_intents::charge),
    on("POST", "/v1/refunds", parameters::REFUND_CREATE, refunds::create),
    on("GET", "/v1/refunds", parameters::REFUND_LIST, refunds::list),
    on("GET", "/v1/refunds/{}", parameters::NONE, refunds::get),
    on("POST", "/v1/refunds/{}", parameters::REFUND_UPDATE, refunds::update),
    on("GET", "/v1/disputes", parameters::DISPUTE_LIST, disputes::list),
    on("GET", "/v1/disputes/{}", parameters::NONE, disputes::get),
    on("POST", "/v1/disputes/{}", parameters::DISPUTE_UPDATE, disputes::update),
    on("POST", "/v1/disputes/{}/close", parameters::NONE, disputes::close),
    on("GET", "/v1/payment_pages/{}", parameters::NONE, payment_pages::get),
    on("POST", "/v1/payment_pages/{}/confirm", parameters::PAYMENT_PAGE_CONFIRM, payment_pages::confirm),
    on("GET", "/v1/payment_methods/{}", parameters::NONE, payment_methods::get),
    on("POST", "/v1/payment_methods/{}", parameters::PAYMENT_METHOD_UPDATE, payment_methods::update),
    on("POST", "/v1/payment_methods/{}/detach", parameters::NONE, payment_methods::detach),
    on("POST", "/v1/payment_methods/{}/attach", parameters::PAYMENT_METHOD_ATTACH, payment_methods::attach),
    on("POST", "/v1/checkout/sessions", parameters::SESSION_CREATE, checkout_sessions::create),
    on("GET", "/v1/checkout/sessions", parameters::SESSION_LIST, checkout_sessions::list),
    on("GET", "/v1/checkout/sessions/{}", parameters::NONE, checkout_sessions::get),
    on("POST", "/v1/checkout/sessions/{}/expire", parameters::NONE, checkout_sessions::expire),
    on("GET", "/v1/checkout/sessions/{}/line_items", parameters::PAGE, checkout_sessions::line_items),
    on("POST", "/v1/subscriptions", parameters::SUBSCRIPTION_CREATE, subscriptions::create),
    on("GET", "/v1/subscriptions", parameters::SUBSCRIPTION_LIST, subscriptions::list),
    on("GET", "/v1/subscriptions/{}", parameters::NONE, subscriptions::get),
    on("POST", "/v1/subscriptions/{}", parameters::SUBSCRIPTION_UPDATE, subscriptions::update),
    on("DELETE", "/v1/subscriptions/{}", parameters::SUBSCRIPTION_CANCEL, subscriptions::cancel),
    on("POST", "/v1/subscriptions/{}/pause", parameters::SUBSCRIPTION_PAUSE, pauses::pause),
    on("POST", "/v1/subscriptions/{}/resume", parameters::SUBSCRIPTION_RESUME, pauses::resume),
    on("POST", "/v1/billing_portal/sessions", parameters::PORTAL_CREATE, billing_portal::create),
    on("GET", "/v1/invoices", parameters::INVOICE_LIST, invoices::list),
    on("POST", "/v1/invoices", parameters::INVOICE_CREATE, invoices::create),
    on("POST", "/v1/invoices/{}/finalize", parameters::INVOICE_FINALIZE, invoices::finalize),
    on("POST", "/v1/invoices/{}/pay", parameters::INVOICE_PAY, invoices::pay),
    on("POST", "/v1/invoices/{}/void", parameters::NONE, invoices::void),
    on("POST", "/v1/invoices/{}/mark_uncollectible", parameters::NONE, invoices::mark_uncollectible),
    on("POST", "/v1/invoices/{}/send", parameters::NONE, invoices::send),
    on("POST", "/v1/invoiceitems", parameters::INVOICE_ITEM_CREATE, invoices::create_item),
    on("DELETE", "/v1/invoiceitems/{}", parameters::NONE, invoices::delete_item),
    on("GET", "/v1/invoices/{}", parameters::NONE, invoices::get),
    on("POST", "/v1/invoices/{}", parameters::INVOICE_UPDATE, invoices::update),
    on("DELETE", "/v1/invoices/{}", parameters::NONE, invoices::delete),
    on("GET", "/v1/events", parameters::EVENT_LIST, events::list),
    on("GET", "/v1/events/{}", parameters::NONE, events::get),
];

/// Everything that the stand-in serves.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let api = Router::new().fallback(serve).with_state(Arc::clone(&shared));
    Router::new()
        .merge(pages::routes(Arc::clone(&shared)))
        .merge(control::routes(Arc::clone(&shared)))
        .fallback_service(api)
        .layer(middleware::from_fn_with_state(shared, memory::keep))
}

async fn serve(Extract(shared): Extract<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let request_id = ids::new("req_");
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
        let now = shared.lock().now();
        return Answer::refusal(&request_id, &Refusal::too_large()).finish(None, API_VERSION, now);
    };
    let call = Incoming {
        request_id,
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
    };
    let fault = {
        let mut state = shared.lock();
        if state.received.len() == RECEIVED_MAX {
            state.received.pop_front();
        }
        state.received.push_back(call.received());
        state.faults.take(&call.method, &call.path)
    };
    let answer = call.answer(&shared, fault.as_ref()).await;
    let now = shared.lock().now();
    let version = call.header("stripe-version").unwrap_or(API_VERSION);
    answer.finish(fault.as_ref().map(|fault| &fault.fault), version, now)
}

/// A request to the API as it came.
struct Incoming {
    request_id: String,
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Incoming {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn received(&self) -> Received {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let header = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
            (name.as_str().to_owned(), Value::String(text(value.as_bytes())))
        };
        Received {
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.iter().map(header).collect::<Map<_, _>>(),
            body: text(&self.body),
        }
    }

    /// The answer, with the faults that come before or in place of the work.
    async fn answer(&self, shared: &Arc<Shared>, fault: Option<&Fault>) -> Answer {
        match self.act(shared, fault).await {
            Ok(answer) => answer,
            Err(refusal) => Answer::refusal(&self.request_id, &refusal),
        }
    }

    async fn act(&self, shared: &Arc<Shared>, fault: Option<&Fault>) -> Result<Answer, Refusal> {
        self.authenticate(&shared.lock().secret_key)?;
        self.check_version()?;
        let (endpoint, ids) = self.endpoint()?;
        let parameters = Parameters::read(self.query.as_bytes())?.and(self.form()?);
        let version = self.header("stripe-version").unwrap_or(API_VERSION);
        parameters::check(endpoint.parameters, &parameters, version)?;
        let claim = match self.header("idempotency-key").filter(|_| self.method == "POST") {
            None => None,
            Some(key) => match Claim::new(shared, key, &self.fingerprint(&parameters))? {
                Ok(claim) => Some(claim),
                Err(saved) => return Ok(Answer::replayed(&self.request_id, saved)),
            },
        };
        let (early, late) = (fault.filter(|fault| !fault.after), fault.filter(|fault| fault.after));
        if let Some(answer) = self.befall(early, shared, claim.as_ref()).await {
            return Ok(answer);
        }
        if early.is_some_and(|fault| !matches!(fault.fault, FaultKind::Slow { .. })) {
            // What is cut, closed or a page of HTML has no need of an answer.
            return Ok(Answer::success(&self.request_id, Value::Object(Map::new())));
        }
        let outcome = shared.act(|state| {
            state.request = Some((self.request_id.clone(), claim.as_ref().map(|claim| claim.key.clone())));
            let call = Call { ids, parameters };
            let mut shown = (endpoint.act)(state, &call)?;
            expand(state, &mut shown, &call.parameters.texts("expand"))?;
            Ok(shown)
        });
        let (answer, kept) = match outcome {
            Ok(body) => (Answer::success(&self.request_id, body), true),
            Err(refusal) => (Answer::refusal(&self.request_id, &refusal), refusal.kept),
        };
        if kept {
            self.save(shared, claim.as_ref(), &answer);
        }
        Ok(self.befall(late, shared, claim.as_ref()).await.unwrap_or(answer))
    }

    /// What a fault makes of the answer's time, or the answer that comes in its place.
    async fn befall(&self, fault: Option<&Fault>, shared: &Shared, claim: Option<&Claim>) -> Option<Answer> {
        match fault?.fault {
            FaultKind::Status { status, should_retry, kept } => {
                let refusal =
                    if status == 429 { Refusal::rate_limited() } else { Refusal::own_fault(status) };
                let answer = Answer::refusal(&self.request_id, &refusal).should_retry(should_retry);
                if kept {
                    self.save(shared, claim, &answer);
                }
                Some(answer)
            }
            FaultKind::Hang => std::future::pending().await,
            FaultKind::Slow { milliseconds } => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                None
            }
            FaultKind::Cut | FaultKind::Close | FaultKind::Html => None,
        }
    }

    fn save(&self, shared: &Shared, claim: Option<&Claim>, answer: &Answer) {
        if let Some(claim) = claim {
            let saved = Saved {
                status: answer.status,
                body: answer.body.clone(),
                request_id: self.request_id.clone(),
            };
            shared.lock().idempotency.save(&claim.key, saved);
        }
    }

    fn fingerprint(&self, parameters: &Parameters) -> Fingerprint {
        let mut parameters = parameters.leaves();
        parameters.sort();
        Fingerprint { endpoint: format!("{} {}", self.method, self.path), parameters }
    }

    /// Bearer, or Basic with the key as the user's name.
    fn authenticate(&self, secret_key: &str) -> Result<(), Refusal> {
        let sent = self.header("authorization").unwrap_or_default();
        let (scheme, credentials) = sent.split_once(' ').unwrap_or((sent, ""));
        let key = if scheme.eq_ignore_ascii_case("bearer") {
            credentials.trim().to_owned()
        } else if scheme.eq_ignore_ascii_case("basic") {
            let decoded = STANDARD.decode(credentials.trim()).unwrap_or_default();
            let decoded = String::from_utf8(decoded).unwrap_or_default();
            decoded.split_once(':').map_or(decoded.clone(), |(user, _)| user.to_owned())
        } else {
            String::new()
        };
        if key.is_empty() {
            let message = "You did not provide an API key: it belongs in the Authorization header.";
            return Err(Refusal::unauthenticated(message));
        }
        if key != secret_key {
            let end = key.char_indices().rev().nth(3).map_or("", |(start, _)| &key[start..]);
            return Err(Refusal::unauthenticated(&format!("Invalid API Key provided: ****{end}")));
        }
        Ok(())
    }

    /// A version is a date, with or without its name.
    fn check_version(&self) -> Result<(), Refusal> {
        let Some(version) = self.header("stripe-version") else { return Ok(()) };
        let date = version.split('.').next().unwrap_or_default();
        let is_date = date.len() == 10
            && date
                .bytes()
                .enumerate()
                .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
        if is_date { Ok(()) } else { Err(Refusal::invalid(format!("Invalid Stripe API version: {version}"))) }
    }

    fn endpoint(&self) -> Result<(&'static Endpoint, Vec<String>), Refusal> {
        let found = ENDPOINTS.iter().filter(|endpoint| endpoint.method == self.method);
        let mut found = found.filter_map(|endpoint| Some((endpoint, ids_in(&self.path, endpoint.path)?)));
        found.next().ok_or_else(|| Refusal::unknown_route(&self.method, &self.path))
    }

    fn form(&self) -> Result<Parameters, Refusal> {
        let kind = self.header("content-type").unwrap_or("application/x-www-form-urlencoded");
        if !self.body.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(Refusal::invalid(format!(
                "Invalid request: a body of type {kind} is not read here."
            )));
        }
        Parameters::read(&self.body)
    }
}

/// The ids of a path that has this form.
fn ids_in(path: &str, form: &str) -> Option<Vec<String>> {
    let mut ids = Vec::new();
    let (mut parts, mut forms) = (path.split('/'), form.split('/'));
    loop {
        match (parts.next(), forms.next()) {
            (None, None) => return Some(ids),
            (Some(part), Some("{}")) if !part.is_empty() => ids.push(part.to_owned()),
            (Some(part), Some(form)) if part == form => {}
            _ => return None,
        }
    }
}
