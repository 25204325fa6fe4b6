//! `/v1/billing_portal/sessions`.

use super::Call;
use super::checkout_sessions::url;
use crate::stripe::error::Refusal;
use crate::stripe::ids;
use crate::stripe::objects::PortalSession;
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::Value;

pub(super) fn create(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let customer = call.parameters.required("customer")?;
    if state.customers.named(customer, "customer")?.deleted {
        return Err(Refusal::no_such("customer", customer, "customer"));
    }
    let id = ids::new("bps_");
    let session = PortalSession {
        created: state.now(),
        customer: customer.to_owned(),
        return_url: url(&call.parameters, "return_url")?,
        locale: call.parameters.text("locale").map(str::to_owned),
        url: PortalSession::page(&state.base_url, &id),
        id,
    };
    let shown = session.render();
    state.portal_sessions.insert(session);
    state.emit("billing_portal.session.created", shown.clone());
    Ok(shown)
}
