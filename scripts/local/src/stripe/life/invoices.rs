//! Invoices: drafted, finalized, and paid or not.

use super::payments::NewPayment;
use crate::stripe::error::Refusal;
use crate::stripe::ids;
use crate::stripe::objects::{
    BillingReason, Invoice, InvoiceStatus, Line, Metadata, Owner, PaymentState, Source, Subscription,
};
use crate::stripe::state::State;
use crate::stripe::store::Object;

impl State {
    /// Drafts the invoice of a subscription's present period, with this id.
    pub(super) fn bill(&mut self, id: &str, subscription: &Subscription, reason: BillingReason, free: bool) {
        let mut invoice = self.new_invoice(&subscription.customer);
        id.clone_into(&mut invoice.id);
        invoice.reason = reason;
        invoice.subscription = Some((subscription.id.clone(), subscription.metadata.clone()));
        invoice.lines = subscription.items.iter().map(|item| Line::of(item, free)).collect();
        if let Some(item) = subscription.items.first() {
            invoice.currency.clone_from(&item.price.currency);
        }
        self.add_invoice(invoice);
    }

    /// A draft made by hand, of the customer's waiting items if told so.
    pub(in crate::stripe) fn draft_invoice(
        &mut self,
        customer: &str,
        description: Option<String>,
        metadata: Metadata,
        with_items: bool,
    ) -> String {
        let mut invoice = Invoice { description, metadata, ..self.new_invoice(customer) };
        let waiting =
            self.invoice_items.iter().filter(|item| item.customer == customer && item.invoice.is_none());
        let waiting: Vec<_> = waiting.filter(|_| with_items).map(|item| item.id.clone()).collect();
        for id in waiting {
            let Some(item) = self.invoice_items.get_mut(&id) else { continue };
            item.invoice = Some(invoice.id.clone());
            invoice.currency.clone_from(&item.currency);
            invoice.lines.push(Line {
                id: ids::new("il_"),
                amount: item.amount,
                description: item.description.clone(),
                quantity: 1,
                period_start: item.created,
                period_end: item.created,
                source: Source::InvoiceItem(id),
            });
        }
        let id = invoice.id.clone();
        self.add_invoice(invoice);
        id
    }

    fn new_invoice(&self, customer: &str) -> Invoice {
        let prefix = customer.get(4..12).unwrap_or_default().to_uppercase();
        let number = self.invoices.iter().filter(|invoice| invoice.customer == customer).count() + 1;
        Invoice {
            id: ids::new("in_"),
            created: self.now(),
            number: format!("{prefix}-{number:04}"),
            status: InvoiceStatus::Draft,
            reason: BillingReason::Manual,
            customer: customer.to_owned(),
            customer_email: self.customers.get(customer).and_then(|customer| customer.email.clone()),
            description: None,
            metadata: Metadata::new(),
            subscription: None,
            currency: "usd".to_owned(),
            days_until_due: None,
            lines: Vec::new(),
            attempts: 0,
            finalize_at: None,
            next_attempt: None,
            finalized_at: None,
            uncollectible_at: None,
            paid_at: None,
            voided_at: None,
            payment_intent: None,
            payment_id: ids::new("inpay_"),
        }
    }

    fn add_invoice(&mut self, invoice: Invoice) {
        let shown = invoice.render();
        self.invoices.insert(invoice);
        self.emit("invoice.created", shown);
    }

    /// A draft becomes an invoice that can be paid.
    pub(in crate::stripe) fn finalize_invoice(&mut self, id: &str) {
        let now = self.now();
        let draft = self.invoices.get_mut(id).filter(|invoice| invoice.status == InvoiceStatus::Draft);
        let Some(invoice) = draft else { return };
        invoice.status = InvoiceStatus::Open;
        invoice.finalize_at = None;
        invoice.finalized_at = Some(now);
        let shown = invoice.render();
        self.emit("invoice.finalized", shown);
    }

    /// One attempt to be paid, with what the customer has on file.
    pub(super) fn charge_invoice(&mut self, id: &str, method: Option<String>, outcome: PaymentState) {
        let now = self.now();
        let Some(invoice) = self.invoices.get(id) else { return };
        let (amount, earlier) = (invoice.total(), invoice.payment_intent.clone());
        if amount > 0 {
            let intent = if let Some(intent) = earlier {
                if let Some(intent) = self.payment_intents.get_mut(&intent) {
                    intent.payment_method = method.or(intent.payment_method.take());
                }
                self.end_payment(&intent, outcome);
                intent
            } else {
                let payment = NewPayment {
                    amount,
                    currency: invoice.currency.clone(),
                    customer: Some(invoice.customer.clone()),
                    payment_method: method,
                    ..NewPayment::default()
                };
                self.add_payment(payment, outcome)
            };
            if let Some(invoice) = self.invoices.get_mut(id) {
                invoice.payment_intent = Some(intent);
                invoice.attempts += i64::from(outcome != PaymentState::Processing);
            }
        }
        let Some(invoice) = self.invoices.get_mut(id) else { return };
        if outcome == PaymentState::Succeeded {
            invoice.status = InvoiceStatus::Paid;
            invoice.next_attempt = None;
            invoice.paid_at = Some(now);
        }
        let (shown, payment) =
            (invoice.render(), invoice.payment_intent.as_ref().map(|_| invoice.render_payment()));
        match (outcome, payment) {
            (PaymentState::Succeeded, payment) => {
                self.emit("invoice.paid", shown.clone());
                self.emit("invoice.payment_succeeded", shown);
                if let Some(payment) = payment {
                    self.emit("invoice_payment.paid", payment);
                }
            }
            (PaymentState::Failed, _) => drop(self.emit("invoice.payment_failed", shown)),
            (PaymentState::AwaitsAction, _) => {
                self.emit("invoice.payment_action_required", shown.clone());
                self.emit("invoice.payment_failed", shown);
            }
            _ => {}
        }
    }

    /// An invoice is paid with this method; what it bills goes on from there.
    pub(in crate::stripe) fn pay_invoice(&mut self, id: &str, method: &str) -> Result<(), Refusal> {
        self.finalize_invoice(id);
        let invoice = self.invoices.find(id)?;
        if invoice.status != InvoiceStatus::Open {
            return Err(Refusal::wrong_state(format!("Invoice is already {}", invoice.status.name())));
        }
        let subscription = invoice.subscription_id().map(str::to_owned);
        let outcome = self.payment_methods.named(method, "payment_method")?.charged(Owner::Present);
        self.charge_invoice(id, Some(method.to_owned()), outcome);
        match outcome {
            PaymentState::Failed => return Err(Refusal::declined()),
            PaymentState::AwaitsAction => return Err(Refusal::invoice_awaits_action()),
            _ => {}
        }
        if let Some(subscription) = subscription.filter(|_| outcome == PaymentState::Succeeded) {
            self.activate(&subscription, id);
        }
        Ok(())
    }

    /// A draft is gone, and the items that it took wait for the next one.
    pub(in crate::stripe) fn delete_invoice(&mut self, id: &str) {
        let Some(invoice) = self.invoices.remove(id) else { return };
        let taken = self.invoice_items.iter().filter(|item| item.invoice.as_deref() == Some(id));
        for item in taken.map(|item| item.id.clone()).collect::<Vec<_>>() {
            let Some(item) = self.invoice_items.get_mut(&item) else { continue };
            item.invoice = None;
        }
        let shown = invoice.render();
        self.emit("invoice.deleted", shown);
    }

    /// An invoice that nobody is asked to pay any more.
    pub(in crate::stripe) fn void_invoice(&mut self, id: &str) {
        let now = self.now();
        let Some(invoice) = self.invoices.get_mut(id) else { return };
        invoice.status = InvoiceStatus::Void;
        invoice.next_attempt = None;
        invoice.voided_at = Some(now);
        let shown = invoice.render();
        self.emit("invoice.voided", shown);
    }
}
