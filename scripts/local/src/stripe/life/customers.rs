//! Customers and what they pay with.

use crate::stripe::ids;
use crate::stripe::objects::{Card, Customer, Metadata, PaymentMethod};
use crate::stripe::state::State;
use crate::stripe::store::Object;

impl State {
    /// A new customer.
    pub(in crate::stripe) fn add_customer(&mut self, email: Option<String>, metadata: Metadata) -> String {
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

    /// A customer who came about by paying.
    pub(super) fn add_payer(&mut self, email: Option<String>) -> String {
        let id = self.add_customer(email, Metadata::new());
        if let Some(shown) = self.customers.get(&id).map(Object::render) {
            self.emit("customer.created", shown);
        }
        id
    }

    /// A payment method of nobody yet; without a card it is a bank debit.
    pub(in crate::stripe) fn add_payment_method(
        &mut self,
        email: Option<String>,
        card: Option<Card>,
    ) -> String {
        let method = PaymentMethod {
            id: ids::new("pm_"),
            created: self.now(),
            customer: None,
            email,
            card,
            settles: None,
            metadata: Metadata::new(),
        };
        let id = method.id.clone();
        self.payment_methods.insert(method);
        id
    }

    /// Makes a payment method the customer's.
    pub(in crate::stripe) fn attach(&mut self, method: &str, customer: &str) {
        let Some(method) = self.payment_methods.get_mut(method) else { return };
        if method.customer.as_deref() == Some(customer) {
            return;
        }
        method.customer = Some(customer.to_owned());
        let shown = method.render();
        self.emit("payment_method.attached", shown);
    }

    /// Takes a payment method from its customer, for good.
    pub(in crate::stripe) fn detach(&mut self, method: &str) {
        let Some(method) = self.payment_methods.get_mut(method) else { return };
        method.customer = None;
        let shown = method.render();
        self.emit("payment_method.detached", shown);
    }

    /// Makes a payment method what the customer's renewals are charged to.
    pub(in crate::stripe) fn make_default(&mut self, method: &str, customer: &str) {
        let Some(owner) = self.customers.get_mut(customer) else { return };
        let before = owner.render();
        owner.default_payment_method = Some(method.to_owned());
        let after = owner.render();
        self.emit_update("customer.updated", &before, after);
        let theirs = self.subscriptions.iter().filter(|subscription| subscription.customer == customer);
        let living = theirs.filter(|subscription| !subscription.is_over());
        for id in living.map(|subscription| subscription.id.clone()).collect::<Vec<_>>() {
            self.change_subscription(&id, |subscription| {
                subscription.default_payment_method = Some(method.to_owned());
            });
        }
    }

    /// Deletes a customer, whose subscriptions end with it.
    pub(in crate::stripe) fn delete_customer(&mut self, id: &str) {
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
