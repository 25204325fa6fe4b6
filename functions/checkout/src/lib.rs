//! `POST /v1/checkout`: opens a page of Stripe's on which the caller pays for a plan.
//!
//! Promises: one customer a person and one open page, however often and however many at once they ask; nobody who has a
//! subscription is sold a second one; price and trial come from `PLANS`, never from the client; the answer comes within ten
//! seconds whatever Stripe does, and holds nothing of Stripe's own text.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `JWT_ISSUER`, `JWT_AUDIENCE`, `JWT_VERIFY_KEYS`,
//! `AUTH_TOKEN_HEADER`, `PLANS`, `STRIPE_SECRET_KEY`, `STRIPE_API_BASE`, `STRIPE_LIVEMODE`, `CHECKOUT_SUCCESS_URL`,
//! `CHECKOUT_CANCEL_URL` and `CORS_ALLOWED_ORIGINS`.

mod config;
mod subscribe;

use adapters::problems;
use functions_framework::problem::VALIDATION_ERROR;
use functions_framework::{Json, Kind, Limits, Problem, Request, RequestPayloadExt, Routes};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use streamly::billing::stripe::StripeError;
use streamly::db;
use time::OffsetDateTime;

pub use config::{Config, Parts};

/// The caller has a subscription that has not ended; the portal is the way on.
pub const ALREADY_SUBSCRIBED: Kind = Kind {
    slug: "already-subscribed",
    status: StatusCode::CONFLICT,
    title: "There is a subscription already",
};
/// `PLANS` names no such plan.
pub const UNKNOWN_PLAN: Kind =
    Kind { slug: "unknown-plan", status: StatusCode::UNPROCESSABLE_ENTITY, title: "There is no such plan" };

/// The routes.
pub fn routes(parts: Parts) -> Routes<Parts> {
    let origins = parts.origins.clone();
    Routes::new(parts).post("/v1/checkout", check_out).limits(Limits::default()).cors(origins)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    plan: String,
}

#[derive(Debug, Serialize)]
struct Reply {
    checkout_session_id: String,
    url: String,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// Why no page is opened.
#[derive(Debug, thiserror::Error)]
enum CheckoutError {
    #[error("the session is over")]
    SessionRevoked,
    #[error("the idempotency key is not 1 to 255 printable ASCII characters")]
    IdempotencyKey,
    #[error("there is no such plan")]
    UnknownPlan,
    #[error("there is a subscription already")]
    AlreadySubscribed,
    #[error(transparent)]
    Stripe(#[from] StripeError),
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<CheckoutError> for Problem {
    fn from(error: CheckoutError) -> Self {
        match error {
            CheckoutError::SessionRevoked => Self::session_revoked(),
            CheckoutError::IdempotencyKey => Self::new(VALIDATION_ERROR).field(
                "#",
                "invalid",
                "the header Idempotency-Key must be sent once, with 1 to 255 printable ASCII characters",
            ),
            CheckoutError::UnknownPlan => {
                Self::new(UNKNOWN_PLAN).field("#/plan", "invalid", "this is none of the plans on offer")
            }
            CheckoutError::AlreadySubscribed => Self::new(ALREADY_SUBSCRIBED).member("portal", true),
            CheckoutError::Stripe(error) => problems::stripe(&error),
            CheckoutError::Database(cause) => problems::database(cause),
        }
    }
}

async fn check_out(checkout: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<Reply>), Problem> {
    let caller = checkout.callers.of(&request)?;
    let client_key = client_key(request.headers())?;
    let body: Body = request.json()?;
    let opened = checkout.open_page(&caller, &body.plan, client_key, &request).await;
    if let Err(CheckoutError::Stripe(error)) = &opened {
        problems::report_stripe(&request, &caller, error, "no checkout page");
    }
    Ok((StatusCode::OK, Json(opened?)))
}

/// The client's own key for its wish, if it sent one.
fn client_key(headers: &HeaderMap) -> Result<Option<&str>, CheckoutError> {
    let mut lines = headers.get_all("idempotency-key").iter();
    let Some(line) = lines.next() else { return Ok(None) };
    let text = line.to_str().map_err(|_| CheckoutError::IdempotencyKey)?;
    let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if lines.next().is_some() || !printable || !(1..=255).contains(&text.len()) {
        return Err(CheckoutError::IdempotencyKey);
    }
    Ok(Some(text))
}
