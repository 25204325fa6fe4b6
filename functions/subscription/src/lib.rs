//! `GET /v1/plans` and `GET /v1/subscription`: what is on offer, and how the caller's subscription stands.
//!
//! Promises: whether somebody has access, and why not, is said by the rule by which playback decides; the answer comes from
//! one question to the database and never from Stripe, so a page may poll it after a payment; who asks all the time has to
//! wait; no id of Stripe's is told.
//! The plans are those of `PLANS`, for everyone and without the database.
//!
//! The status asks for a token that holds and not for its session, so it answers until the token's own end after a logout.
//!
//! Variables: `DATABASE_URL`, `DATABASE_CA_FILE`, `DATABASE_POOL_SIZE`, `JWT_ISSUER`, `JWT_AUDIENCE`, `JWT_VERIFY_KEYS`,
//! `AUTH_TOKEN_HEADER`, `PLANS`, `STRIPE_LIVEMODE`, `PAST_DUE_GRACE_DAYS`, `RENEWAL_LEEWAY_HOURS` and
//! `CORS_ALLOWED_ORIGINS`.

mod config;

use adapters::problems;
use functions_framework::{Json, Problem, Request, RequestExt, Routes};
use http::StatusCode;
use serde::Serialize;
use std::cmp::Reverse;
use std::sync::Arc;
use streamly::accounts::verify::Caller;
use streamly::billing::access::Denial;
use streamly::billing::{Plan, Plans};
use streamly::db;
use streamly::db::entitlements::{self, Question, Standing};
use time::OffsetDateTime;

pub use config::{Config, Parts};

/// The routes.
pub fn routes(parts: Parts) -> Routes<Parts> {
    let origins = parts.origins.clone();
    Routes::new(parts).get("/v1/plans", offer).get("/v1/subscription", tell).cors(origins)
}

#[derive(Debug, Serialize)]
struct Offer {
    plans: Vec<Offered>,
}

/// A plan as a client sees it; what it is called at Stripe is nobody's business.
#[derive(Debug, Serialize)]
struct Offered {
    slug: String,
    name: String,
    tier: String,
    price: Price,
    trial_days: u16,
}

#[derive(Debug, Serialize)]
struct Price {
    amount_minor: i64,
    currency: String,
    interval: &'static str,
}

impl From<&Plan> for Offered {
    fn from(plan: &Plan) -> Self {
        Self {
            slug: plan.slug.clone(),
            name: plan.name.clone(),
            tier: plan.tier.clone(),
            price: Price {
                amount_minor: plan.price.amount_minor,
                currency: plan.price.currency.to_string(),
                interval: plan.interval.as_str(),
            },
            trial_days: plan.trial_days,
        }
    }
}

/// How the caller stands; all but the first two are null for who never subscribed.
#[derive(Debug, Serialize)]
struct Reply {
    has_access: bool,
    /// With access `active`, `trialing` or `grace`; without it the word by which playback refuses.
    reason: &'static str,
    plan: Option<String>,
    tier: Option<String>,
    status: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    current_period_end: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    cancel_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    entitled_until: Option<OffsetDateTime>,
}

async fn offer(subscription: Arc<Parts>, _: Request) -> Result<(StatusCode, Json<Offer>), Problem> {
    let plans = subscription.plans.iter().map(Offered::from).collect();
    Ok((StatusCode::OK, Json(Offer { plans })))
}

async fn tell(subscription: Arc<Parts>, request: Request) -> Result<(StatusCode, Json<Reply>), Problem> {
    let caller = subscription.callers.of(&request)?;
    subscription.limiter.admit(caller.user_id(), subscription.clock.now()).map_err(problems::throttled)?;
    let reply = subscription.status(&caller).await.map_err(problems::database)?;
    request.log_field("decision", reply.reason);
    Ok((StatusCode::OK, Json(reply)))
}

impl Parts {
    /// How the caller stands.
    async fn status(&self, caller: &Caller) -> Result<Reply, db::Error> {
        let plans = self.plans.slugs_by_tier_ascending();
        let question = Question {
            user: caller.user_id(),
            livemode: self.livemode,
            renewal_leeway_hours: self.leeway.renewal_leeway_hours,
            past_due_grace_days: self.leeway.past_due_grace_days,
            plans: &plans,
        };
        let connection = self.pool.get().await?;
        let standings = entitlements::by_user(&*connection, question).await?;
        Ok(Reply::of(standings, &self.plans))
    }
}

impl Reply {
    /// The answer from the best of all, where the one that opens most comes first. If none opens anything, the best is the
    /// one that leaves most to do: a payment to make before a subscription to renew.
    fn of(standings: Vec<Standing>, plans: &Plans) -> Self {
        let best =
            standings.into_iter().min_by_key(|standing| Reverse((standing.has_access, denial(standing))));
        let Some(best) = best else {
            return Self {
                has_access: false,
                reason: Denial::SubscriptionRequired.as_str(),
                plan: None,
                tier: None,
                status: None,
                current_period_end: None,
                cancel_at: None,
                entitled_until: None,
            };
        };
        let tier = best.plan.as_deref().and_then(|slug| plans.plan(slug)).map(|plan| plan.tier.clone());
        Self {
            has_access: best.has_access,
            reason: reason(&best),
            plan: best.plan,
            tier,
            status: Some(best.status),
            current_period_end: best.current_period_end,
            cancel_at: best.cancel_at,
            entitled_until: best.entitled_until,
        }
    }
}

/// Why this one opens nothing, if it does not.
fn denial(standing: &Standing) -> Option<Denial> {
    (!standing.has_access).then(|| Denial::of(&standing.status, standing.collection_is_paused))
}

/// The word for what this one gives, or for why it gives nothing.
fn reason(standing: &Standing) -> &'static str {
    match denial(standing) {
        Some(denial) => denial.as_str(),
        None if standing.is_late => "grace",
        None if standing.status == "trialing" => "trialing",
        None => "active",
    }
}
