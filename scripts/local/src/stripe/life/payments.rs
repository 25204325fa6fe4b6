//! Payments: an intent with its charge, from the first attempt to its end, and what may come after it.

use crate::stripe::error::Refusal;
use crate::stripe::ids;
use crate::stripe::objects::{Card, Dispute, Metadata, Owner, PaymentIntent, PaymentState, Refund};
use crate::stripe::state::State;
use crate::stripe::store::Object;

/// What is paid, by whom and how.
#[derive(Default)]
pub(in crate::stripe) struct NewPayment {
    pub(in crate::stripe) amount: i64,
    pub(in crate::stripe) currency: String,
    pub(in crate::stripe) customer: Option<String>,
    pub(in crate::stripe) payment_method: Option<String>,
    pub(in crate::stripe) description: Option<String>,
    pub(in crate::stripe) metadata: Metadata,
    pub(in crate::stripe) manual_capture: bool,
    pub(in crate::stripe) return_url: Option<String>,
}

impl State {
    /// A payment that nobody has charged yet. Returns the intent's id.
    pub(in crate::stripe) fn begin_payment(&mut self, payment: NewPayment) -> String {
        let id = ids::new("pi_");
        let intent = PaymentIntent {
            created: self.now(),
            amount: payment.amount,
            currency: payment.currency,
            customer: payment.customer,
            payment_method: payment.payment_method,
            description: payment.description,
            metadata: payment.metadata,
            state: PaymentState::New,
            manual_capture: payment.manual_capture,
            unauthenticated: false,
            page: PaymentIntent::page(&self.base_url, &id),
            return_url: payment.return_url,
            canceled_at: None,
            cancellation_reason: None,
            charge: ids::new("ch_"),
            refunded: 0,
            disputed: false,
            id: id.clone(),
        };
        let shown = intent.render();
        self.payment_intents.insert(intent);
        self.emit("payment_intent.created", shown);
        id
    }

    /// A payment that goes like this at once. Returns the intent's id.
    pub(super) fn add_payment(&mut self, payment: NewPayment, outcome: PaymentState) -> String {
        let id = self.begin_payment(payment);
        self.end_payment(&id, outcome);
        id
    }

    /// A payment goes on like this.
    pub(in crate::stripe) fn end_payment(&mut self, id: &str, outcome: PaymentState) {
        let Some(intent) = self.payment_intents.get_mut(id) else { return };
        let (before, charge_kind, kind) = match outcome {
            PaymentState::Succeeded if intent.state == PaymentState::Capturable => {
                (outcome, Some("charge.captured"), "payment_intent.succeeded")
            }
            PaymentState::Succeeded if intent.manual_capture => (
                PaymentState::Capturable,
                Some("charge.succeeded"),
                "payment_intent.amount_capturable_updated",
            ),
            PaymentState::Succeeded => (outcome, Some("charge.succeeded"), "payment_intent.succeeded"),
            PaymentState::Processing => (outcome, Some("charge.pending"), "payment_intent.processing"),
            PaymentState::Failed => (outcome, Some("charge.failed"), "payment_intent.payment_failed"),
            PaymentState::AwaitsAction => (outcome, None, "payment_intent.requires_action"),
            PaymentState::Canceled => (outcome, None, "payment_intent.canceled"),
            PaymentState::New | PaymentState::Capturable => return,
        };
        intent.state = before;
        let (charge, shown, method) =
            (intent.render_charge(), intent.render(), intent.payment_method.clone());
        if let Some(charge_kind) = charge_kind {
            self.emit(charge_kind, charge);
        }
        self.emit(kind, shown);
        let card = method.and_then(|method| self.payment_methods.get(&method)?.card);
        match card.filter(|_| outcome == PaymentState::Succeeded && charge_kind == Some("charge.succeeded")) {
            Some(Card::Disputed) => self.dispute(id, false),
            Some(Card::Inquired) => self.dispute(id, true),
            _ => {}
        }
    }

    /// Charges a payment whose owner is there.
    pub(in crate::stripe) fn confirm_payment(&mut self, id: &str) -> Result<(), Refusal> {
        let intent = self.payment_intents.find(id)?;
        if ![PaymentState::New, PaymentState::Failed].contains(&intent.state) {
            return Err(Refusal::wrong_payment_state(intent.status()));
        }
        let Some(method) = &intent.payment_method else {
            return Err(Refusal::missing("payment_method").executed());
        };
        let method = self.payment_methods.named(method, "payment_method")?;
        let (outcome, settles) = (method.charged(Owner::Present), method.settles);
        self.end_payment(id, outcome);
        match settles {
            Some(true) => self.end_payment(id, PaymentState::Succeeded),
            Some(false) => self.end_payment(id, PaymentState::Failed),
            None => {}
        }
        if outcome == PaymentState::Failed { Err(Refusal::declined()) } else { Ok(()) }
    }

    /// The card's owner was asked and says yes or no; what waits for the payment goes on from there.
    pub(in crate::stripe) fn answer_for(&mut self, id: &str, says_yes: bool) -> Result<(), Refusal> {
        let intent = self.payment_intents.find_mut(id)?;
        if intent.state != PaymentState::AwaitsAction {
            return Err(Refusal::wrong_payment_state(intent.status()));
        }
        intent.unauthenticated = !says_yes;
        let outcome = if says_yes { PaymentState::Succeeded } else { PaymentState::Failed };
        let invoice = self.invoices.iter().find(|invoice| invoice.payment_intent.as_deref() == Some(id));
        let invoice =
            invoice.map(|invoice| (invoice.id.clone(), invoice.subscription_id().map(str::to_owned)));
        let Some((invoice, subscription)) = invoice else {
            self.end_payment(id, outcome);
            return Ok(());
        };
        self.charge_invoice(&invoice, None, outcome);
        if let Some(subscription) = subscription.filter(|_| says_yes) {
            self.activate(&subscription, &invoice);
        }
        Ok(())
    }

    /// Sends some of a payment back, or all that is left of it. Returns the refund's id.
    pub(in crate::stripe) fn refund(&mut self, id: &str, amount: Option<i64>) -> Result<String, Refusal> {
        let now = self.now();
        let intent = self.payment_intents.find_mut(id)?;
        if intent.state != PaymentState::Succeeded {
            return Err(Refusal::wrong_state(
                "This PaymentIntent does not have a successful charge to refund.",
            ));
        }
        let left = intent.amount - intent.refunded;
        if left == 0 {
            return Err(Refusal::already_refunded(&intent.charge));
        }
        let amount = amount.unwrap_or(left);
        if !(1..=left).contains(&amount) {
            return Err(Refusal::wrong_state(format!(
                "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            )));
        }
        intent.refunded += amount;
        let refund = Refund {
            id: ids::new("re_"),
            created: now,
            amount,
            currency: intent.currency.clone(),
            payment_intent: id.to_owned(),
            charge: intent.charge.clone(),
            reason: None,
            metadata: Metadata::new(),
        };
        let (refund_id, shown, charge) = (refund.id.clone(), refund.render(), intent.render_charge());
        self.refunds.insert(refund);
        self.emit("refund.created", shown);
        self.emit("charge.refunded", charge);
        Ok(refund_id)
    }

    /// The owner of the card does not accept the charge.
    fn dispute(&mut self, id: &str, is_inquiry: bool) {
        let now = self.now();
        let Some(intent) = self.payment_intents.get_mut(id) else { return };
        intent.disputed = true;
        let dispute = Dispute {
            id: ids::new("du_"),
            created: now,
            amount: intent.amount,
            currency: intent.currency.clone(),
            payment_intent: id.to_owned(),
            charge: intent.charge.clone(),
            is_inquiry,
            is_closed: false,
            metadata: Metadata::new(),
        };
        let shown = dispute.render();
        self.disputes.insert(dispute);
        self.emit("charge.dispute.created", shown.clone());
        if !is_inquiry {
            self.emit("charge.dispute.funds_withdrawn", shown);
        }
    }

    /// The payment with this charge, once it was charged.
    pub(in crate::stripe) fn charge(&self, id: &str) -> Option<&PaymentIntent> {
        self.payment_intents.iter().find(|intent| intent.charge == id && intent.is_charged())
    }
}
