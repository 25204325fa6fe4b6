//! `/v1/invoices` and `/v1/invoiceitems`.

use super::Call;
use super::payment_methods::on_file;
use crate::stripe::error::Refusal;
use crate::stripe::ids;
use crate::stripe::objects::{Invoice, InvoiceItem, InvoiceStatus};
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::Value;

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.invoices.find(call.id())?.render())
}

pub(super) fn create(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let customer = parameters.required("customer")?;
    let customer = state.customers.named(customer, "customer")?.id.clone();
    let with_items = parameters.text("pending_invoice_items_behavior") == Some("include");
    let description = parameters.text("description").map(str::to_owned);
    let id = state.draft_invoice(&customer, description, parameters.map("metadata"), with_items);
    Ok(state.invoices.find(&id)?.render())
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

pub(super) fn list(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let (customer, subscription) = (parameters.text("customer"), parameters.text("subscription"));
    let status = parameters.text("status");
    let wanted = |invoice: &Invoice| {
        customer.is_none_or(|customer| invoice.customer == customer)
            && subscription.is_none_or(|_| invoice.subscription_id() == subscription)
            && status.is_none_or(|status| invoice.status.name() == status)
    };
    state.invoices.page("/v1/invoices", parameters, wanted)
}
