//! `POST /v1/portal`: opens the billing portal, Stripe's own pages on which the caller changes the plan, cancels, resumes,
//! pays what is due and sees the invoices.
//!
//! Promises: it opens for the caller's own customer, whatever the request says; no connection is held while Stripe is
//! asked; Stripe is given up well within the twelve seconds of the request; who asks all the time has to wait; and a
//! reply holds nothing of Stripe's own text.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `JWT_ISSUER`, `JWT_AUDIENCE`, `JWT_VERIFY_KEYS`,
//! `AUTH_TOKEN_HEADER`, `STRIPE_SECRET_KEY`, `STRIPE_API_BASE`, `STRIPE_LIVEMODE`, `PORTAL_RETURN_URL` and
//! `CORS_ALLOWED_ORIGINS`.

mod config;

use adapters::problems;
use functions_framework::{Json, Kind, Limits, MediaType, Problem, Request, RequestPayloadExt, Routes};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use streamly::accounts::verify::Caller;
use streamly::billing::stripe::{Deadline, StripeError};
use streamly::db;
use streamly::db::customers::{self, Payer};

pub use config::{Config, Parts};

/// The caller never was at Stripe, or is not there any more; checkout makes a customer.
pub const NO_BILLING_ACCOUNT: Kind = Kind {
    slug: "no-billing-account",
    status: StatusCode::NOT_FOUND,
    title: "There is no billing account yet",
};
/// The longest work for one request, in milliseconds: the time for Stripe, and some for the database before it.
const HANDLER_MS_MAX: u64 = 12_000;
/// The longest time for what is asked of Stripe, in milliseconds: two whole attempts with the wait between them.
const STRIPE_MS_MAX: u64 = 8_700;

/// The routes.
pub fn routes(parts: Parts) -> Routes<Parts> {
    let origins = parts.origins.clone();
    let limits =
        Limits { handler_ms_max: HANDLER_MS_MAX, media_type: MediaType::JsonOrNothing, ..Limits::default() };
    Routes::new(parts).post("/v1/portal", open).limits(limits).cors(origins)
}

/// There is nothing to say; an empty object is what some clients send for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {}

#[derive(Debug, Serialize)]
struct Reply {
    url: String,
}

/// Why the portal stays closed.
#[derive(Debug, thiserror::Error)]
enum PortalError {
    #[error("the session is over")]
    SessionRevoked,
    #[error("there is no customer of Stripe's")]
    NoBillingAccount,
    #[error(transparent)]
    Stripe(#[from] StripeError),
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<PortalError> for Problem {
    fn from(error: PortalError) -> Self {
        match error {
            PortalError::SessionRevoked => Self::session_revoked(),
            PortalError::NoBillingAccount => {
                Self::new(NO_BILLING_ACCOUNT).detail("subscribe to a plan first")
            }
            PortalError::Stripe(error) => problems::stripe(&error),
            PortalError::Database(cause) => problems::database(cause),
        }
    }
}

async fn open(portal: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<Reply>), Problem> {
    let caller = portal.callers.of(&request)?;
    portal.limiter.admit(caller.user_id(), portal.clock.now()).map_err(problems::throttled)?;
    if !request.body().is_empty() {
        let Body {} = request.json()?;
    }
    Ok((StatusCode::OK, Json(portal.open(&caller, &request).await?)))
}

impl Parts {
    /// Opens the portal for the caller's customer.
    async fn open(&self, caller: &Caller, request: &Request) -> Result<Reply, PortalError> {
        let payer = {
            let connection = self.pool.get().await?;
            customers::for_portal(&*connection, caller.user_id(), caller.session_id(), self.livemode).await?
        };
        let Payer { customer } = payer.ok_or(PortalError::SessionRevoked)?;
        let customer = customer.ok_or(PortalError::NoBillingAccount)?;
        let deadline = Deadline::after(Duration::from_millis(STRIPE_MS_MAX));
        let opened = self.stripe.open_portal(&customer, &self.return_url, deadline).await;
        match opened {
            Ok(url) => Ok(Reply { url: url.to_string() }),
            Err(error) => {
                problems::report_stripe(request, caller, &error, "no portal");
                let is_gone = error.is_missing_customer();
                Err(if is_gone { PortalError::NoBillingAccount } else { error.into() })
            }
        }
    }
}
