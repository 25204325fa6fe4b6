//! The work: refuse, make the customer, open the page, close the one before it. No connection is held while Stripe is
//! asked.

use functions_framework::{Request, RequestExt, Severity};
use std::time::Duration;
use streamly::accounts::verify::Caller;
use streamly::billing::access::is_terminal;
use streamly::billing::stripe::{Deadline, Form, Session, SessionKey, StripeError};
use streamly::billing::{Plan, stripe::NewSession};
use streamly::db::customers::{self, Subscriber};
use streamly::db::subscriptions;
use streamly::ids::UserId;

use crate::{CheckoutError, Parts, Reply};

/// The longest time for everything that is asked of Stripe, in milliseconds: two whole attempts with the wait between them.
/// The whole request has ten seconds.
const STRIPE_MS_MAX: u64 = 8_700;
/// How many pages of one wish may be over before it fails; the deadline comes first where Stripe is slow.
const SESSIONS_MAX: usize = 10;

impl Parts {
    /// Opens a page for the caller.
    pub(crate) async fn open_page(
        &self,
        caller: &Caller,
        plan: &str,
        client_key: Option<&str>,
        request: &Request,
    ) -> Result<Reply, CheckoutError> {
        let deadline = Deadline::after(Duration::from_millis(STRIPE_MS_MAX));
        let plan = self.plans.plan(plan).ok_or(CheckoutError::UnknownPlan)?;
        let user_id = caller.user_id();
        let subscriber = {
            let connection = self.pool.get().await?;
            customers::for_checkout(&*connection, user_id, caller.session_id(), self.livemode).await?
        };
        let subscriber = subscriber.ok_or(CheckoutError::SessionRevoked)?;
        if subscriber.has_subscription {
            return Err(CheckoutError::AlreadySubscribed);
        }
        let wish = Wish { user_id, plan, client_key, deadline };
        let session = self.session_of(&wish, &subscriber).await?;
        self.keep_one_open(user_id, &session, deadline, request).await?;
        match (session.url, session.expires_at) {
            (Some(url), Some(expires_at)) => Ok(Reply { checkout_session_id: session.id, url, expires_at }),
            _ => Err(StripeError::Unreadable.into()),
        }
    }

    /// A session for the person's customer; a customer that Stripe does not know any more is replaced, once.
    async fn session_of(&self, wish: &Wish<'_>, subscriber: &Subscriber) -> Result<Session, CheckoutError> {
        let customer = match &subscriber.customer {
            Some(customer) => customer.clone(),
            None => self.new_customer(wish, subscriber, subscriber.stored_customer.as_deref(), None).await?,
        };
        match self.open_session(wish, subscriber, &customer).await {
            Err(CheckoutError::Stripe(error)) if error.is_missing_customer() => {
                let gone = Some(customer.as_str());
                let customer = self.new_customer(wish, subscriber, gone, gone).await?;
                self.open_session(wish, subscriber, &customer).await
            }
            other => other,
        }
    }

    /// Makes a customer and stores it in place of what was read; where a rival was faster, its customer counts.
    async fn new_customer(
        &self,
        wish: &Wish<'_>,
        subscriber: &Subscriber,
        stored: Option<&str>,
        replaced: Option<&str>,
    ) -> Result<String, CheckoutError> {
        let Wish { user_id, deadline, .. } = *wish;
        let customer = self.stripe.create_customer(&subscriber.email, user_id, replaced, deadline).await?;
        let connection = self.pool.get().await?;
        let kept = customers::replace(&*connection, user_id, stored, &customer, self.livemode).await?;
        Ok(kept.unwrap_or(customer))
    }

    /// An open session of this wish. An answer that was given before shows the past, so that session is looked at, and
    /// where it is over the wish goes on under another key.
    async fn open_session(
        &self,
        wish: &Wish<'_>,
        subscriber: &Subscriber,
        customer: &str,
    ) -> Result<Session, CheckoutError> {
        let form = self.form(wish, subscriber, customer);
        let Wish { user_id, plan, client_key, deadline } = *wish;
        let now = self.clock.unix_seconds();
        let key = SessionKey { user_id, plan: &plan.slug, client_key, now };
        let mut over: Option<String> = None;
        for _ in 0..SESSIONS_MAX {
            let key = form.session_key(&key, over.as_deref());
            let NewSession { session, is_replayed } =
                self.stripe.create_session(&form, &key, deadline).await?;
            if !is_replayed {
                return Ok(session);
            }
            let session = self.stripe.session(&session.id, deadline).await?;
            match session.status.as_str() {
                "open" => return Ok(session),
                "complete" if self.is_living(session.subscription.as_deref()).await? => {
                    return Err(CheckoutError::AlreadySubscribed);
                }
                _ => over = Some(session.id),
            }
        }
        Err(StripeError::Unreadable.into())
    }

    /// Whether what a paid session sold has not ended; as long as no event told of it, it has not.
    async fn is_living(&self, subscription: Option<&str>) -> Result<bool, CheckoutError> {
        let Some(id) = subscription else { return Ok(true) };
        let connection = self.pool.get().await?;
        let status = subscriptions::status_by_id(&*connection, id).await?;
        Ok(!status.is_some_and(|status| is_terminal(&status)))
    }

    /// The parameters of the session. Nothing that moves with the time is among them: they make the key.
    fn form(&self, wish: &Wish<'_>, subscriber: &Subscriber, customer: &str) -> Form {
        let Wish { user_id, plan, .. } = *wish;
        let mut form = Form::default();
        form.add("mode", "subscription")
            .add("customer", customer)
            .add("client_reference_id", user_id)
            .add("metadata[user_id]", user_id)
            .add("subscription_data[metadata][user_id]", user_id)
            .add("line_items[0][price]", &plan.price_id)
            .add("line_items[0][quantity]", 1)
            .add("success_url", &self.pages.success)
            .add("cancel_url", &self.pages.cancel);
        if plan.trial_days > 0 && !subscriber.had_subscription {
            form.add("subscription_data[trial_period_days]", plan.trial_days);
        }
        if plan.allow_promotion_codes {
            form.add("allow_promotion_codes", true);
        }
        if plan.automatic_tax {
            form.add("automatic_tax[enabled]", true);
        }
        form
    }

    /// Notes the session as the one that is open, and ends the one before it. Where that one was paid meanwhile and no
    /// event told of it yet, it is the new one that ends: it would sell a second subscription.
    async fn keep_one_open(
        &self,
        user_id: UserId,
        session: &Session,
        deadline: Deadline,
        request: &Request,
    ) -> Result<(), CheckoutError> {
        let Some(earlier) = self.note_open(user_id, &session.id).await? else { return Ok(()) };
        let Err(error) = self.stripe.expire_session(&earlier, deadline).await else { return Ok(()) };
        if self.was_paid(&earlier, &error, deadline).await? {
            self.note_open(user_id, &earlier).await?;
            if let Err(error) = self.stripe.expire_session(&session.id, deadline).await {
                note_unclosed(request, user_id, &error);
            }
            return Err(CheckoutError::AlreadySubscribed);
        }
        note_unclosed(request, user_id, &error);
        Ok(())
    }

    /// Notes the session that is open; returns another one that was.
    async fn note_open(&self, user_id: UserId, session: &str) -> Result<Option<String>, CheckoutError> {
        let connection = self.pool.get().await?;
        Ok(customers::open_session(&*connection, user_id, session).await?)
    }

    /// Whether a session that Stripe refused to end has sold a subscription that lives.
    async fn was_paid(
        &self,
        session: &str,
        refusal: &StripeError,
        deadline: Deadline,
    ) -> Result<bool, CheckoutError> {
        if !matches!(refusal, StripeError::Refused { status: 400..=499, .. }) {
            return Ok(false);
        }
        match self.stripe.session(session, deadline).await {
            Ok(session) if session.status == "complete" => {
                self.is_living(session.subscription.as_deref()).await
            }
            _ => Ok(false),
        }
    }
}

/// A page that could not be closed ends by itself within a day, so that is only noted.
fn note_unclosed(request: &Request, user_id: UserId, error: &StripeError) {
    let fields = [("user.id", user_id.to_string().into()), ("cause", error.to_string().into())];
    request.log(Severity::Warning, "an earlier checkout page could not be closed", &fields);
}

/// Who wishes for what.
#[derive(Clone, Copy)]
struct Wish<'a> {
    user_id: UserId,
    plan: &'a Plan,
    client_key: Option<&'a str>,
    deadline: Deadline,
}
