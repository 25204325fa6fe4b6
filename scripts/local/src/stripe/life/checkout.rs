//! Checkout sessions: paid, settled later, expired.

use super::payments::NewPayment;
use super::subscriptions::{FirstPayment, NewSubscription};
use crate::stripe::error::Refusal;
use crate::stripe::objects::{Card, Mode, Owner, PaymentState, PaymentStatus, SessionStatus};
use crate::stripe::state::State;
use crate::stripe::store::Object;

/// How a payer pays on the hosted page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::stripe) enum Means {
    Card(Card),
    /// The same, and its owner has said yes to being asked.
    Authenticated(Card),
    /// A bank debit, which settles or fails later.
    Delayed,
    /// The payment method with this id.
    OnFile(String),
}

impl State {
    /// Closes an open session.
    pub(in crate::stripe) fn expire_session(&mut self, id: &str) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.status = SessionStatus::Expired;
        let shown = session.render();
        self.emit("checkout.session.expired", shown);
    }

    /// A person pays an open session. Returns the id of `checkout.session.completed`.
    pub(in crate::stripe) fn pay_session(
        &mut self,
        id: &str,
        means: &Means,
        email: Option<&str>,
    ) -> Result<String, Refusal> {
        let session = self.sessions.find(id)?;
        if session.status != SessionStatus::Open {
            return Err(Refusal::wrong_state("This Checkout Session is no longer active."));
        }
        let trial = session.is_trial();
        let card = self.card_of(means)?;
        let owner =
            if matches!(means, Means::Authenticated(_)) { Owner::Authenticated } else { Owner::Present };
        match card.map(|card| (card, card.charged(owner))) {
            // A card that fails only when it is charged is good enough to begin a trial.
            Some((Card::DeclinedWhenCharged, _)) if trial => {}
            Some((_, PaymentState::Failed)) => return Err(Refusal::declined()),
            Some((_, PaymentState::AwaitsAction)) => return Err(Refusal::unauthenticated_card()),
            _ => {}
        }
        let email = session.payer_email.clone().or_else(|| email.map(str::to_owned));
        let customer = match session.customer.clone() {
            Some(customer) => customer,
            None => self.add_payer(email.clone()),
        };
        let method = match means {
            Means::OnFile(method) => method.clone(),
            Means::Card(_) | Means::Authenticated(_) | Means::Delayed => {
                self.add_payment_method(email.clone(), card)
            }
        };
        self.attach(&method, &customer);
        let settles = self.payment_methods.get(&method).and_then(|method| method.settles);
        if let Some(session) = self.sessions.get_mut(id) {
            session.customer = Some(customer);
            session.payer_email = email;
        }
        let paid = trial || card.is_some();
        match self.sessions.find(id)?.mode {
            Mode::Subscription => self.buy_subscription(id, method, paid)?,
            Mode::Payment => self.buy_once(id, method, paid)?,
        }
        let session = self.sessions.find_mut(id)?;
        session.status = SessionStatus::Complete;
        session.payment_status = match paid {
            _ if trial => PaymentStatus::NoPaymentRequired,
            true => PaymentStatus::Paid,
            false => PaymentStatus::Unpaid,
        };
        let shown = session.render();
        let completed = self.emit("checkout.session.completed", shown);
        if let Some(settled) = settles.filter(|_| !paid) {
            self.finish_payment(id, settled)?;
        }
        Ok(completed)
    }

    /// The card that is charged; none for a method that settles later.
    fn card_of(&self, means: &Means) -> Result<Option<Card>, Refusal> {
        match means {
            Means::Card(card) | Means::Authenticated(card) => Ok(Some(*card)),
            Means::Delayed => Ok(None),
            Means::OnFile(method) => Ok(self.payment_methods.named(method, "payment_method")?.card),
        }
    }

    fn buy_subscription(&mut self, id: &str, method: String, paid: bool) -> Result<(), Refusal> {
        let session = self.sessions.find(id)?;
        let wanted = NewSubscription {
            customer: session.customer.clone().unwrap_or_default(),
            prices: session.line_items.iter().map(|item| (item.price.clone(), item.quantity)).collect(),
            metadata: session.subscription_metadata.clone(),
            description: None,
            trial_end: session.trial_end_from(self.now()),
            missing_method: session.missing_method,
            payment_method: Some(method),
            automatic_tax: session.automatic_tax,
        };
        let payment = if paid { FirstPayment::Paid } else { FirstPayment::Processing };
        let subscription = self.subscribe(wanted, payment);
        let invoice = self.subscriptions.get(&subscription).and_then(|made| made.latest_invoice.clone());
        let session = self.sessions.find_mut(id)?;
        session.subscription = Some(subscription);
        session.invoice = invoice;
        Ok(())
    }

    fn buy_once(&mut self, id: &str, method: String, paid: bool) -> Result<(), Refusal> {
        let session = self.sessions.find(id)?;
        let payment = NewPayment {
            amount: session.total(),
            currency: session.currency().to_owned(),
            customer: session.customer.clone(),
            payment_method: Some(method),
            ..NewPayment::default()
        };
        let outcome = if paid { PaymentState::Succeeded } else { PaymentState::Processing };
        let intent = self.add_payment(payment, outcome);
        self.sessions.find_mut(id)?.payment_intent = Some(intent);
        Ok(())
    }

    /// The delayed payment of a session is settled or fails.
    pub(in crate::stripe) fn finish_payment(&mut self, id: &str, paid: bool) -> Result<(), Refusal> {
        let session = self.sessions.find(id)?;
        if session.status != SessionStatus::Complete
            || session.payment_status != PaymentStatus::Unpaid
            || session.failed
        {
            return Err(Refusal::wrong_state("This Checkout Session has no payment under way."));
        }
        let outcome = if paid { PaymentState::Succeeded } else { PaymentState::Failed };
        let bought = session.subscription.clone().zip(session.invoice.clone());
        if let Some(intent) = session.payment_intent.clone() {
            self.end_payment(&intent, outcome);
        }
        if let Some((subscription, invoice)) = bought {
            self.finish_first_invoice(&subscription, &invoice, outcome);
        }
        let session = self.sessions.find_mut(id)?;
        session.failed = !paid;
        if paid {
            session.payment_status = PaymentStatus::Paid;
        }
        let shown = session.render();
        let kind = if paid { "async_payment_succeeded" } else { "async_payment_failed" };
        self.emit(&format!("checkout.session.{kind}"), shown);
        Ok(())
    }

    fn finish_first_invoice(&mut self, subscription: &str, invoice: &str, outcome: PaymentState) {
        self.charge_invoice(invoice, None, outcome);
        if outcome == PaymentState::Succeeded {
            return self.activate(subscription, invoice);
        }
        self.lapse(subscription);
    }
}
