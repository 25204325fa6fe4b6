//! `/v1/invoices` and `/v1/invoiceitems`.

use super::Call;
use super::customers::{change_metadata, change_text};
use super::payment_methods::on_file;
use crate::stripe::error::Refusal;
use crate::stripe::form::Parameters;
use crate::stripe::ids;
use crate::stripe::objects::{Invoice, InvoiceItem, InvoiceStatus};
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::{Value, json};

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.invoices.find(call.id())?.render())
}

pub(super) fn create(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let customer = parameters.required("customer")?;
    let customer = state.customers.named(customer, "customer")?.id.clone();
    let with_items = parameters.text("pending_invoice_items_behavior") == Some("include");
    let description = parameters.text("description").map(str::to_owned);
    let days = days_until_due(parameters)?;
    let id = state.draft_invoice(&customer, description, parameters.map("metadata"), with_items);
    let invoice = state.invoices.find_mut(&id)?;
    invoice.days_until_due = days;
    Ok(invoice.render())
}

/// How long the customer has to pay an invoice that is sent; none where it is charged.
fn days_until_due(parameters: &Parameters) -> Result<Option<i64>, Refusal> {
    parameters.one_of("collection_method", &["charge_automatically", "send_invoice"])?;
    let days = parameters.integer("days_until_due")?;
    match (parameters.text("collection_method"), days) {
        (Some("send_invoice"), None) => Err(Refusal::missing("days_until_due")),
        (Some("send_invoice"), days) => Ok(days),
        (_, Some(_)) => Err(Refusal::invalid(
            "You can only specify `days_until_due` if `collection_method` is `send_invoice`.",
        )),
        (_, None) => Ok(None),
    }
}

pub(super) fn update(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let invoice = state.invoices.find_mut(call.id())?;
    let before = invoice.render();
    change_text(&mut invoice.description, &call.parameters, "description");
    change_metadata(&mut invoice.metadata, &call.parameters);
    let shown = invoice.render();
    state.emit_update("invoice.updated", &before, shown.clone());
    Ok(shown)
}

/// The invoice that the path names, which must be in one of these states for what is asked.
fn in_state(state: &State, call: &Call, allowed: &[InvoiceStatus], what: &str) -> Result<(), Refusal> {
    let status = state.invoices.find(call.id())?.status;
    if allowed.contains(&status) {
        return Ok(());
    }
    Err(Refusal::wrong_state(format!("An invoice that is {} cannot be {what}.", status.name())))
}

pub(super) fn delete(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    in_state(state, call, &[InvoiceStatus::Draft], "deleted")?;
    state.delete_invoice(call.id());
    Ok(json!({ "id": call.id(), "object": "invoice", "deleted": true }))
}

pub(super) fn void(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    in_state(state, call, &[InvoiceStatus::Open, InvoiceStatus::Uncollectible], "voided")?;
    state.void_invoice(call.id());
    get(state, call)
}

pub(super) fn mark_uncollectible(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    in_state(state, call, &[InvoiceStatus::Open], "marked as uncollectible")?;
    state.write_off(call.id());
    get(state, call)
}

pub(super) fn send(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    in_state(state, call, &[InvoiceStatus::Draft, InvoiceStatus::Open], "sent")?;
    let invoice = state.invoices.find(call.id())?;
    if invoice.days_until_due.is_none() || invoice.customer_email.is_none() {
        let message = "You can only send an invoice with `collection_method` `send_invoice` to a customer with an email.";
        return Err(Refusal::wrong_state(message));
    }
    state.finalize_invoice(call.id());
    let shown = get(state, call)?;
    state.emit("invoice.sent", shown.clone());
    Ok(shown)
}

pub(super) fn finalize(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let invoice = state.invoices.find(call.id())?;
    if invoice.status != InvoiceStatus::Draft {
        return Err(Refusal::wrong_state("This invoice is already finalized."));
    }
    state.finalize_invoice(call.id());
    get(state, call)
}

pub(super) fn pay(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let customer = state.invoices.find(call.id())?.customer.clone();
    let method = if let Some(method) = call.parameters.text("payment_method") {
        on_file(state, method, &customer, "payment_method")?
    } else {
        let default =
            state.customers.get(&customer).and_then(|customer| customer.default_payment_method.clone());
        default.ok_or_else(|| Refusal::no_such("payment method", "default", "payment_method"))?
    };
    state.pay_invoice(call.id(), &method)?;
    get(state, call)
}

/// `/v1/invoiceitems`: an item for the customer's next invoice.
pub(super) fn create_item(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let customer = parameters.required("customer")?;
    let item = InvoiceItem {
        id: ids::new("ii_"),
        created: state.now(),
        customer: state.customers.named(customer, "customer")?.id.clone(),
        amount: parameters.integer("amount")?.ok_or_else(|| Refusal::missing("amount"))?,
        currency: parameters.required("currency")?.to_lowercase(),
        description: parameters.text("description").map(str::to_owned),
        metadata: parameters.map("metadata"),
        invoice: None,
    };
    let shown = item.render();
    state.invoice_items.insert(item);
    state.emit("invoiceitem.created", shown.clone());
    Ok(shown)
}

pub(super) fn delete_item(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let item = state.invoice_items.find(call.id())?;
    let taken = item.invoice.as_ref().and_then(|invoice| state.invoices.get(invoice));
    if taken.is_some_and(|invoice| invoice.status != InvoiceStatus::Draft) {
        return Err(Refusal::wrong_state("The invoice that took this item is finalized."));
    }
    let shown = item.render();
    state.invoice_items.remove(call.id());
    state.emit("invoiceitem.deleted", shown);
    Ok(json!({ "id": call.id(), "object": "invoiceitem", "deleted": true }))
}

pub(super) fn list(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let (customer, subscription) = (parameters.text("customer"), parameters.text("subscription"));
    parameters.one_of("status", &["draft", "open", "paid", "uncollectible", "void"])?;
    let status = parameters.text("status");
    let wanted = |invoice: &Invoice| {
        customer.is_none_or(|customer| invoice.customer == customer)
            && subscription.is_none_or(|_| invoice.subscription_id() == subscription)
            && status.is_none_or(|status| invoice.status.name() == status)
    };
    state.invoices.page("/v1/invoices", parameters, wanted)
}
