//! What happens to customers, sessions and subscriptions, each step with the events that Stripe would send.

use super::error::Refusal;
use super::objects::{
    BillingReason, Card, Customer, Invoice, InvoiceStatus, Item, Metadata, PaymentMethod, PaymentStatus,
    Price, SessionStatus, Subscription,
};
use super::state::State;
use super::store::Object;
use super::{calendar, ids};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// How the first payment of a subscription goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Payment {
    Paid,
    /// A delayed method: known only later.
    Processing,
    Failed,
}

/// A subscription to be made.
pub(super) struct NewSubscription {
    pub(super) customer: String,
    pub(super) prices: Vec<(Price, i64)>,
    pub(super) metadata: Metadata,
    pub(super) description: Option<String>,
    pub(super) trial_days: Option<i64>,
    pub(super) payment_method: Option<String>,
    pub(super) automatic_tax: bool,
}

/// How a payer pays on the hosted page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    Card(Card),
    Delayed,
}

impl State {
    /// A new customer.
    pub(super) fn add_customer(&mut self, email: Option<String>, metadata: Metadata) -> String {
        let customer = Customer {
            id: ids::new("cus_"),
            created: self.now(),
            email,
            name: None,
            description: None,
            phone: None,
            metadata,
            default_payment_method: None,
            deleted: false,
        };
        let id = customer.id.clone();
        self.customers.insert(customer);
        id
    }

    /// Closes the sessions whose time is over.
    pub(super) fn expire_sessions(&mut self) {
        let now = self.now();
        let overdue = self.sessions.iter().filter(|session| session.status == SessionStatus::Open);
        let overdue: Vec<_> =
            overdue.filter(|session| session.expires_at <= now).map(|session| session.id.clone()).collect();
        for id in overdue {
            self.expire_session(&id);
        }
    }

    /// Closes an open session.
    pub(super) fn expire_session(&mut self, id: &str) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.status = SessionStatus::Expired;
        let shown = session.render();
        self.emit("checkout.session.expired", shown);
    }

    /// A person pays an open session. Returns the id of `checkout.session.completed`.
    pub(super) fn pay_session(
        &mut self,
        id: &str,
        means: Means,
        email: Option<&str>,
    ) -> Result<String, Refusal> {
        let session = self.sessions.find(id)?;
        if session.status != SessionStatus::Open {
            return Err(Refusal::wrong_state("This Checkout Session is no longer active."));
        }
        let trial = session.trial_days.is_some();
        match means {
            // A card that fails only when it is charged is good enough to begin a trial.
            Means::Card(Card::Declined) => return Err(Refusal::declined()),
            Means::Card(Card::DeclinedWhenCharged) if !trial => return Err(Refusal::declined()),
            Means::Card(_) | Means::Delayed => {}
        }
        let wanted = NewSubscription {
            customer: session.customer.clone().unwrap_or_default(),
            prices: session.line_items.iter().map(|item| (item.price.clone(), item.quantity)).collect(),
            metadata: session.subscription_metadata.clone(),
            description: None,
            trial_days: session.trial_days,
            payment_method: None,
            automatic_tax: session.automatic_tax,
        };
        let email = session.payer_email.clone().or_else(|| email.map(str::to_owned));
        let customer = match session.customer.clone() {
            Some(customer) => customer,
            None => self.add_payer(email.clone()),
        };
        let card = match means {
            Means::Card(card) => Some(card),
            Means::Delayed => None,
        };
        let method = self.add_payment_method(&customer, email.clone(), card);
        let payment = if means == Means::Delayed && !trial { Payment::Processing } else { Payment::Paid };
        let wanted = NewSubscription { customer: customer.clone(), payment_method: Some(method), ..wanted };
        let subscription = self.subscribe(wanted, payment);
        let invoice = self.subscriptions.get(&subscription).and_then(|made| made.latest_invoice.clone());
        let session = self.sessions.find_mut(id)?;
        session.status = SessionStatus::Complete;
        session.payment_status = match payment {
            _ if trial => PaymentStatus::NoPaymentRequired,
            Payment::Paid => PaymentStatus::Paid,
            Payment::Processing | Payment::Failed => PaymentStatus::Unpaid,
        };
        session.customer = Some(customer);
        session.payer_email = email;
        session.subscription = Some(subscription);
        session.invoice = invoice;
        let shown = session.render();
        Ok(self.emit("checkout.session.completed", shown))
    }

    fn add_payer(&mut self, email: Option<String>) -> String {
        let id = self.add_customer(email, Metadata::new());
        if let Some(shown) = self.customers.get(&id).map(Object::render) {
            self.emit("customer.created", shown);
        }
        id
    }

    /// A payment method of this customer; without a card it is a bank debit.
    pub(super) fn add_payment_method(
        &mut self,
        customer: &str,
        email: Option<String>,
        card: Option<Card>,
    ) -> String {
        let method = PaymentMethod {
            id: ids::new("pm_"),
            created: self.now(),
            customer: Some(customer.to_owned()),
            email,
            card,
            metadata: Metadata::new(),
        };
        let (id, shown) = (method.id.clone(), method.render());
        self.payment_methods.insert(method);
        self.emit("payment_method.attached", shown);
        id
    }

    /// The delayed payment of a session is settled or fails.
    pub(super) fn finish_payment(&mut self, session_id: &str, paid: bool) -> Result<(), Refusal> {
        let session = self.sessions.find(session_id)?;
        let waits =
            session.status == SessionStatus::Complete && session.payment_status == PaymentStatus::Unpaid;
        let invoice = session.invoice.as_ref().and_then(|id| self.invoices.get(id));
        let (Some(subscription), Some(invoice)) = (session.subscription.clone(), invoice) else {
            return Err(Refusal::wrong_state("This Checkout Session has no payment under way."));
        };
        if !waits || invoice.status != InvoiceStatus::Open {
            return Err(Refusal::wrong_state("This Checkout Session has no payment under way."));
        }
        let invoice = invoice.id.clone();
        if paid {
            self.pay_invoice(&invoice);
            self.change_subscription(&subscription, |subscription| {
                "active".clone_into(&mut subscription.status);
            });
        } else {
            self.fail_invoice(&invoice);
            self.void_invoice(&invoice);
            let now = self.now();
            self.change_subscription(&subscription, |subscription| {
                "incomplete_expired".clone_into(&mut subscription.status);
                subscription.ended_at = Some(now);
            });
        }
        let session = self.sessions.find_mut(session_id)?;
        if paid {
            session.payment_status = PaymentStatus::Paid;
        }
        let shown = session.render();
        let kind = if paid { "async_payment_succeeded" } else { "async_payment_failed" };
        self.emit(&format!("checkout.session.{kind}"), shown);
        Ok(())
    }

    /// Makes a subscription with its first invoice, whose payment goes as told.
    pub(super) fn subscribe(&mut self, wanted: NewSubscription, payment: Payment) -> String {
        let now = self.now();
        let trial_end = wanted.trial_days.map(|days| now + days * DAY_SECONDS);
        let item = |(price, quantity): (Price, i64)| {
            let recurring = price.recurring.as_ref();
            let (interval, count) =
                recurring.map_or(("month", 1), |every| (every.interval.as_str(), every.count));
            let period_end = trial_end.unwrap_or_else(|| calendar::after(now, interval, count));
            Item { id: ids::new("si_"), created: now, price, quantity, period_start: now, period_end }
        };
        let free = trial_end.is_some();
        let status = match payment {
            _ if free => "trialing",
            Payment::Paid => "active",
            Payment::Processing | Payment::Failed => "incomplete",
        };
        let invoice = ids::new("in_");
        let subscription = Subscription {
            id: ids::new("sub_"),
            created: now,
            status: status.to_owned(),
            customer: wanted.customer,
            default_payment_method: wanted.payment_method,
            description: wanted.description,
            items: wanted.prices.into_iter().map(item).collect(),
            metadata: wanted.metadata,
            automatic_tax: wanted.automatic_tax,
            latest_invoice: Some(invoice.clone()),
            trial_start: trial_end.map(|_| now),
            trial_end,
            cancel_at: None,
            cancel_at_period_end: false,
            canceled_at: None,
            cancellation_reason: None,
            ended_at: None,
            pause_collection: None,
        };
        let (id, shown) = (subscription.id.clone(), subscription.render());
        self.subscriptions.insert(subscription.clone());
        self.emit("customer.subscription.created", shown);
        self.add_invoice(invoice.clone(), &subscription);
        match payment {
            _ if free => self.pay_invoice(&invoice),
            Payment::Paid => self.pay_invoice(&invoice),
            Payment::Failed => self.fail_invoice(&invoice),
            Payment::Processing => {}
        }
        id
    }

    fn add_invoice(&mut self, id: String, subscription: &Subscription) {
        let customer = self.customers.get(&subscription.customer);
        let prefix = subscription.customer.get(4..12).unwrap_or_default().to_uppercase();
        let number =
            self.invoices.iter().filter(|invoice| invoice.customer == subscription.customer).count() + 1;
        let trial = subscription.trial_end.is_some();
        let invoice = Invoice {
            id,
            created: self.now(),
            number: format!("{prefix}-{number:04}"),
            status: InvoiceStatus::Open,
            reason: BillingReason::SubscriptionCreate,
            customer: subscription.customer.clone(),
            customer_email: customer.and_then(|customer| customer.email.clone()),
            subscription: subscription.id.clone(),
            subscription_metadata: subscription.metadata.clone(),
            items: subscription.items.clone(),
            trial,
            attempts: 0,
            paid_at: None,
            voided_at: None,
            payment_intent: (!trial).then(|| ids::new("pi_")),
            payment_id: ids::new("inpay_"),
        };
        let shown = invoice.render();
        self.invoices.insert(invoice);
        self.emit("invoice.created", shown.clone());
        self.emit("invoice.finalized", shown);
    }

    /// The invoice is paid.
    pub(super) fn pay_invoice(&mut self, id: &str) {
        let now = self.now();
        let Some(invoice) = self.invoices.get_mut(id) else { return };
        invoice.status = InvoiceStatus::Paid;
        invoice.paid_at = Some(now);
        invoice.attempts += i64::from(invoice.total() > 0);
        let (shown, payment) =
            (invoice.render(), invoice.payment_intent.is_some().then(|| invoice.render_payment()));
        self.emit("invoice.paid", shown.clone());
        self.emit("invoice.payment_succeeded", shown);
        if let Some(payment) = payment {
            self.emit("invoice_payment.paid", payment);
        }
    }

    /// A payment of the invoice fails.
    fn fail_invoice(&mut self, id: &str) {
        let Some(invoice) = self.invoices.get_mut(id) else { return };
        invoice.attempts += 1;
        let shown = invoice.render();
        self.emit("invoice.payment_failed", shown);
    }

    fn void_invoice(&mut self, id: &str) {
        let now = self.now();
        let Some(invoice) = self.invoices.get_mut(id) else { return };
        invoice.status = InvoiceStatus::Void;
        invoice.voided_at = Some(now);
        let shown = invoice.render();
        self.emit("invoice.voided", shown);
    }

    /// Changes a subscription, with its event when anything is different after it.
    pub(super) fn change_subscription(&mut self, id: &str, change: impl FnOnce(&mut Subscription)) {
        let Some(subscription) = self.subscriptions.get_mut(id) else { return };
        let before = subscription.render();
        change(subscription);
        let after = subscription.render();
        self.emit_update("customer.subscription.updated", &before, after);
    }

    /// Schedules a subscription's end, or takes the schedule back.
    pub(super) fn schedule_end(&mut self, id: &str, end: Option<i64>, at_period_end: bool) {
        let now = self.now();
        self.change_subscription(id, |subscription| subscription.end_at(end, at_period_end, now));
    }

    /// Pays the open invoice of a subscription, which goes on from there.
    pub(super) fn pay_open_invoice(&mut self, id: &str) -> Result<(), Refusal> {
        let latest =
            self.subscriptions.find(id)?.latest_invoice.as_ref().and_then(|id| self.invoices.get(id));
        let open = latest.filter(|invoice| invoice.status == InvoiceStatus::Open);
        let invoice = open.ok_or_else(|| Refusal::wrong_state("There is no open invoice."))?.id.clone();
        self.pay_invoice(&invoice);
        self.change_subscription(id, |subscription| "active".clone_into(&mut subscription.status));
        Ok(())
    }

    /// Ends a subscription at once.
    pub(super) fn cancel_subscription(&mut self, id: &str, reason: &str) {
        let now = self.now();
        let Some(subscription) =
            self.subscriptions.get_mut(id).filter(|subscription| !subscription.is_over())
        else {
            return;
        };
        "canceled".clone_into(&mut subscription.status);
        subscription.canceled_at = Some(now);
        subscription.ended_at = Some(now);
        subscription.cancellation_reason = Some(reason.to_owned());
        let shown = subscription.render();
        self.emit("customer.subscription.deleted", shown);
    }

    /// Deletes a customer, whose subscriptions end with it.
    pub(super) fn delete_customer(&mut self, id: &str) {
        let theirs = self.subscriptions.iter().filter(|subscription| subscription.customer == id);
        let theirs: Vec<_> = theirs.map(|subscription| subscription.id.clone()).collect();
        for subscription in theirs {
            self.cancel_subscription(&subscription, "cancellation_requested");
        }
        let Some(customer) = self.customers.get_mut(id) else { return };
        // The event shows the customer as it was.
        let shown = customer.render();
        customer.deleted = true;
        self.emit("customer.deleted", shown);
    }
}
