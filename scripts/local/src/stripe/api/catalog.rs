//! `/v1/products` and `/v1/prices`.

use super::Call;
use super::customers::{change_metadata, change_text};
use crate::stripe::error::Refusal;
use crate::stripe::form::Parameters;
use crate::stripe::ids;
use crate::stripe::objects::{Price, Product, Recurring};
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::{Value, json};

const INTERVALS: &[&str] = &["day", "week", "month", "year"];

/// Makes a product of the parameters that begin like this: with nothing, or with `product_data.`.
fn add_product(state: &mut State, parameters: &Parameters, below: &str) -> Result<String, Refusal> {
    let at = |name: &str| format!("{below}{name}");
    let name = parameters.required(&at("name"))?.to_owned();
    let id = parameters.text(&at("id")).map_or_else(|| ids::new("prod_"), str::to_owned);
    if state.products.get(&id).is_some() {
        return Err(Refusal::wrong_state(format!("Product already exists: {id}")));
    }
    let product = Product {
        id: id.clone(),
        created: state.now(),
        name,
        description: parameters.text(&at("description")).map(str::to_owned),
        active: parameters.boolean(&at("active"))?.unwrap_or(true),
        default_price: None,
        metadata: parameters.map(&at("metadata")),
    };
    let shown = product.render();
    state.products.insert(product);
    state.emit("product.created", shown);
    Ok(id)
}

pub(super) fn create_product(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let id = add_product(state, &call.parameters, "")?;
    Ok(state.products.find(&id)?.render())
}

pub(super) fn get_product(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.products.find(call.id())?.render())
}

pub(super) fn update_product(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let active = call.parameters.boolean("active")?;
    let product = state.products.find_mut(call.id())?;
    let before = product.render();
    if let Some(name) = call.parameters.text("name") {
        name.clone_into(&mut product.name);
    }
    product.active = active.unwrap_or(product.active);
    change_text(&mut product.description, &call.parameters, "description");
    change_metadata(&mut product.metadata, &call.parameters);
    let shown = product.render();
    state.emit_update("product.updated", &before, shown.clone());
    Ok(shown)
}

pub(super) fn delete_product(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let shown = get_product(state, call)?;
    if state.prices.iter().any(|price| price.product == call.id()) {
        let message = "This product cannot be deleted because it has one or more user-created prices.";
        return Err(Refusal::wrong_state(message));
    }
    state.products.remove(call.id());
    state.emit("product.deleted", shown);
    Ok(json!({ "id": call.id(), "object": "product", "deleted": true }))
}

pub(super) fn list_products(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let active = call.parameters.boolean("active")?;
    let ids = call.parameters.texts("ids");
    let wanted = |product: &Product| {
        active.is_none_or(|active| product.active == active)
            && (ids.is_empty() || ids.contains(&product.id.as_str()))
    };
    state.products.page("/v1/products", &call.parameters, wanted)
}

pub(super) fn create_price(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let currency = parameters.required("currency")?.to_lowercase();
    let unit_amount = parameters.integer("unit_amount")?.ok_or_else(|| Refusal::missing("unit_amount"))?;
    let recurring = match parameters.text("recurring.interval") {
        Some(interval) if INTERVALS.contains(&interval) => Some(Recurring {
            interval: interval.to_owned(),
            count: parameters.integer("recurring.interval_count")?.unwrap_or(1).clamp(1, 36),
        }),
        Some(_) => {
            return Err(Refusal::invalid(
                "Invalid recurring[interval]: must be one of day, month, week, or year",
            ));
        }
        None => None,
    };
    if parameters.text("billing_scheme").is_some_and(|scheme| scheme != "per_unit") {
        return Err(Refusal::invalid("This stand-in for Stripe has prices per unit only."));
    }
    let product = match parameters.text("product") {
        Some(product) => state.products.named(product, "product")?.id.clone(),
        None if parameters.has("product_data") => add_product(state, parameters, "product_data.")?,
        None => return Err(Refusal::missing("product")),
    };
    let price = Price {
        id: ids::new("price_"),
        created: state.now(),
        product,
        active: parameters.boolean("active")?.unwrap_or(true),
        currency,
        unit_amount,
        recurring,
        nickname: parameters.text("nickname").map(str::to_owned),
        lookup_key: parameters.text("lookup_key").map(str::to_owned),
        metadata: parameters.map("metadata"),
    };
    let shown = price.render();
    state.prices.insert(price);
    state.emit("price.created", shown.clone());
    Ok(shown)
}

pub(super) fn get_price(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.prices.find(call.id())?.render())
}

pub(super) fn update_price(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let active = call.parameters.boolean("active")?;
    let price = state.prices.find_mut(call.id())?;
    let before = price.render();
    price.active = active.unwrap_or(price.active);
    change_text(&mut price.nickname, &call.parameters, "nickname");
    change_text(&mut price.lookup_key, &call.parameters, "lookup_key");
    change_metadata(&mut price.metadata, &call.parameters);
    let shown = price.render();
    state.emit_update("price.updated", &before, shown.clone());
    Ok(shown)
}

pub(super) fn list_prices(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let active = parameters.boolean("active")?;
    let (currency, product, kind) =
        (parameters.text("currency"), parameters.text("product"), parameters.text("type"));
    let keys = parameters.texts("lookup_keys");
    let wanted = |price: &Price| {
        let is = if price.recurring.is_some() { "recurring" } else { "one_time" };
        let key = price.lookup_key.as_deref();
        active.is_none_or(|active| price.active == active)
            && currency.is_none_or(|currency| price.currency == currency)
            && product.is_none_or(|product| price.product == product)
            && kind.is_none_or(|kind| kind == is)
            && (keys.is_empty() || key.is_some_and(|key| keys.contains(&key)))
    };
    state.prices.page("/v1/prices", parameters, wanted)
}
