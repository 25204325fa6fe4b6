//! What is asked of Stripe: the few calls that make a customer, sell a subscription and open the billing portal, and those
//! that tell how things stand, in one pinned API version.
//!
//! Every POST carries an idempotency key, so that it may be sent again. It is made of the parameters, so that one key never
//! stands for two things, or random where each wish is one of its own. Answers are bounded in size and time, redirects are not followed, and neither the key nor a text
//! of Stripe's reaches an error.

mod attempts;
mod error;
mod form;
mod objects;
mod page;
mod settings;

use serde_json::Value;
use std::fmt;
use time::OffsetDateTime;

use crate::ids::UserId;
use crate::json::Json;

pub use attempts::Deadline;
pub use error::StripeError;
pub use form::{Form, IdempotencyKey, SessionKey};
pub use objects::{Fetched, Page, Price};
pub use page::{InvalidPageUrl, PageUrl};
pub use settings::{ApiBase, InvalidApiBase, InvalidSecretKey, ModeFault, SecretKey};

/// The API version of every request; the webhook's endpoint has the same.
pub const API_VERSION: &str = "2026-09-30.endive";

/// Stripe, as one account sees it.
#[derive(Clone)]
pub struct Stripe {
    http: reqwest::Client,
    base: ApiBase,
    key: SecretKey,
}

impl fmt::Debug for Stripe {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Stripe").field("base", &self.base).finish_non_exhaustive()
    }
}

/// A Checkout session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// `open`, `complete` or `expired`.
    pub status: String,
    /// The page to pay on; none once it is over.
    pub url: Option<String>,
    /// When it ends unused.
    pub expires_at: Option<OffsetDateTime>,
    /// The subscription that it sold.
    pub subscription: Option<String>,
}

/// A session that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// The session, as it was when it was made.
    pub session: Session,
    /// Whether the answer is one that the key had before: it shows the past.
    pub is_replayed: bool,
}

impl Stripe {
    /// A client for this account at this address.
    pub fn new(base: ApiBase, key: SecretKey) -> Self {
        Self { http: attempts::client(), base, key }
    }

    /// Makes a customer of this person; `replaced` is the one that Stripe does not know any more.
    pub async fn create_customer(
        &self,
        email: &str,
        user_id: UserId,
        replaced: Option<&str>,
        deadline: Deadline,
    ) -> Result<String, StripeError> {
        let mut form = Form::default();
        form.add("email", email).add("metadata[user_id]", user_id);
        let key = form.customer_key(user_id, replaced);
        let answer = self.post("/v1/customers", &form, &key, deadline).await?;
        Json::from(&answer.value).at(&["id"]).string().ok_or(StripeError::Unreadable)
    }

    /// Opens a Checkout session with these parameters.
    pub async fn create_session(
        &self,
        form: &Form,
        key: &IdempotencyKey,
        deadline: Deadline,
    ) -> Result<NewSession, StripeError> {
        let answer = self.post("/v1/checkout/sessions", form, key, deadline).await?;
        Ok(NewSession { session: session(&answer.value)?, is_replayed: answer.is_replayed })
    }

    /// A session as it is now.
    pub async fn session(&self, id: &str, deadline: Deadline) -> Result<Session, StripeError> {
        let answer = self.get(&format!("/v1/checkout/sessions/{id}"), deadline).await?;
        session(&answer.value)
    }

    /// Ends an open session.
    pub async fn expire_session(&self, id: &str, deadline: Deadline) -> Result<(), StripeError> {
        let path = format!("/v1/checkout/sessions/{id}/expire");
        self.post(&path, &Form::default(), &IdempotencyKey::of_expiry(id), deadline).await?;
        Ok(())
    }

    /// Opens the billing portal for a customer, and leads back to `return_url`: its address. It is good for a few minutes
    /// and for whoever holds it, so each call opens another one.
    pub async fn open_portal(
        &self,
        customer: &str,
        return_url: &PageUrl,
        deadline: Deadline,
    ) -> Result<PageUrl, StripeError> {
        let mut form = Form::default();
        form.add("customer", customer).add("return_url", return_url);
        let key = IdempotencyKey::random()?;
        let answer = self.post("/v1/billing_portal/sessions", &form, &key, deadline).await?;
        let url = Json::from(&answer.value).at(&["url"]).value().and_then(Value::as_str);
        url.and_then(|url| url.parse().ok()).ok_or(StripeError::Unreadable)
    }
}

/// The longest id of a session, in characters: Stripe's have 66, and one becomes part of a key of 255.
const SESSION_ID_CHARACTERS_MAX: usize = 100;

fn session(value: &Value) -> Result<Session, StripeError> {
    let root = Json::from(value);
    // It becomes part of a path.
    let is_usable = |id: &String| id.len() <= SESSION_ID_CHARACTERS_MAX && is_plain(id);
    Ok(Session {
        id: root.at(&["id"]).string().filter(is_usable).ok_or(StripeError::Unreadable)?,
        status: root.at(&["status"]).string().ok_or(StripeError::Unreadable)?,
        // An address of Stripe's page may be longer than what is stored.
        url: root.at(&["url"]).value().and_then(Value::as_str).map(str::to_owned),
        expires_at: root.at(&["expires_at"]).time(),
        subscription: root.at(&["subscription"]).id(),
    })
}

/// Whether an id can be part of a path.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
