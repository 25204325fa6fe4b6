//! `/v1/subscriptions`.

use super::Call;
use super::checkout_sessions::{missing_method, trial_of};
use super::customers::{change_metadata, change_text};
use super::payment_methods::on_file;
use crate::stripe::error::Refusal;
use crate::stripe::form::Parameters;
use crate::stripe::ids;
use crate::stripe::life::{FirstPayment, NewSubscription};
use crate::stripe::objects::{Item, Owner, Pause, PaymentState, Price, Subscription};
use crate::stripe::state::State;
use crate::stripe::store::Object;
use serde_json::Value;

pub(super) fn create(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let id = parameters.required("customer")?;
    let customer = state.customers.named(id, "customer")?;
    if customer.deleted {
        return Err(Refusal::no_such("customer", id, "customer"));
    }
    let (customer, default) = (customer.id.clone(), customer.default_payment_method.clone());
    let sent = parameters.list("items");
    if sent.is_empty() {
        return Err(Refusal::missing("items"));
    }
    let price = |(index, item): (usize, &Parameters)| {
        let price = price_of(state, item, index)?
            .ok_or_else(|| Refusal::missing(&format!("items[{index}][price]")))?;
        Ok((price, item.integer("quantity")?.unwrap_or(1)))
    };
    let prices = sent.into_iter().enumerate().map(price).collect::<Result<Vec<_>, Refusal>>()?;
    let schedule = Schedule::read(parameters)?;
    let trial_end = match Trial::read(parameters, state.now())? {
        Some(Trial::Until(end)) => Some(end),
        Some(Trial::EndsNow) | None => None,
    };
    let method = parameters.text("default_payment_method");
    let method = method.map(|id| on_file(state, id, &customer, "default_payment_method")).transpose()?;
    let method = method.or(default);
    let payment = payment_with(state, method.as_deref(), parameters, trial_end.is_some())?;
    let wanted = NewSubscription {
        customer,
        prices,
        metadata: parameters.map("metadata"),
        description: parameters.text("description").map(str::to_owned),
        trial_end,
        missing_method: missing_method(parameters, "trial_settings")?,
        payment_method: method,
        automatic_tax: parameters.boolean("automatic_tax.enabled")?.unwrap_or(false),
    };
    let id = state.subscribe(wanted, payment);
    let now = state.now();
    if let Some(schedule) = schedule {
        state.change_subscription(&id, |subscription| schedule.apply(subscription, now));
    }
    Ok(state.subscriptions.find(&id)?.render())
}

/// How the first payment goes with this method on file.
fn payment_with(
    state: &State,
    method: Option<&str>,
    parameters: &Parameters,
    trial: bool,
) -> Result<FirstPayment, Refusal> {
    let behavior = parameters.text("payment_behavior").unwrap_or("allow_incomplete");
    let card = method.map(|id| state.payment_methods.named(id, "default_payment_method")).transpose()?;
    match card {
        _ if trial => Ok(FirstPayment::Paid),
        _ if behavior == "default_incomplete" => Ok(FirstPayment::Awaited),
        None => Err(Refusal::no_such("payment method", "default", "customer")),
        Some(method) => match method.charged(Owner::Present) {
            PaymentState::Processing => Ok(FirstPayment::Processing),
            PaymentState::Succeeded => Ok(FirstPayment::Paid),
            PaymentState::AwaitsAction if behavior != "error_if_incomplete" => Ok(FirstPayment::AwaitsAction),
            PaymentState::AwaitsAction => Err(Refusal::unauthenticated_card()),
            _ if behavior == "error_if_incomplete" => Err(Refusal::declined()),
            _ => Ok(FirstPayment::Failed),
        },
    }
}

fn price_of(state: &State, item: &Parameters, index: usize) -> Result<Option<Price>, Refusal> {
    let Some(id) = item.text("price") else { return Ok(None) };
    let price = state.prices.named(id, &format!("items[{index}][price]"))?;
    if price.recurring.is_none() {
        return Err(Refusal::wrong_state(
            "The price specified is set to `type=one_time` but must be recurring.",
        ));
    }
    Ok(Some(price.clone()))
}

/// What a request says of a trial.
enum Trial {
    Until(i64),
    EndsNow,
}

const DAY_SECONDS: i64 = 24 * 60 * 60;

impl Trial {
    fn read(parameters: &Parameters, now: i64) -> Result<Option<Self>, Refusal> {
        if parameters.text("trial_end") == Some("now") {
            return Ok(Some(Self::EndsNow));
        }
        let (days, end) = trial_of(parameters, "")?;
        if end.is_some_and(|end| end <= now) {
            return Err(Refusal::invalid("Invalid timestamp: can only be a time in the future: trial_end"));
        }
        Ok(end.or(days.map(|days| now + days * DAY_SECONDS)).map(Self::Until))
    }
}

/// Every status that a subscription can be asked for by.
const STATUSES: &[&str] = &[
    "active",
    "all",
    "canceled",
    "ended",
    "incomplete",
    "incomplete_expired",
    "past_due",
    "paused",
    "trialing",
    "unpaid",
];

/// When a subscription is to end.
enum Schedule {
    At(i64),
    AtPeriodEnd,
    Never,
}

impl Schedule {
    fn read(parameters: &Parameters) -> Result<Option<Self>, Refusal> {
        let at_period_end = parameters.boolean("cancel_at_period_end")?;
        match parameters.sent("cancel_at") {
            Some(_) if at_period_end == Some(true) => Err(Refusal::invalid(
                "You may only specify one of these parameters: cancel_at, cancel_at_period_end.",
            )),
            Some("") => Ok(Some(Self::Never)),
            // With one price the earliest and the latest end are the same.
            Some("min_period_end" | "max_period_end") => Ok(Some(Self::AtPeriodEnd)),
            Some(_) => Ok(parameters.integer("cancel_at")?.map(Self::At)),
            None => Ok(at_period_end.map(|at_end| if at_end { Self::AtPeriodEnd } else { Self::Never })),
        }
    }

    fn apply(&self, subscription: &mut Subscription, now: i64) {
        match self {
            Self::At(instant) => subscription.end_at(Some(*instant), false, now),
            Self::AtPeriodEnd => subscription.end_at(Some(subscription.period_end()), true, now),
            Self::Never => subscription.end_at(None, false, now),
        }
    }
}

pub(super) fn get(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    Ok(state.subscriptions.find(call.id())?.render())
}

pub(super) fn list(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let (customer, price) = (parameters.text("customer"), parameters.text("price"));
    parameters.one_of("status", STATUSES)?;
    let status = parameters.text("status");
    let wanted = |subscription: &Subscription| {
        // Without a status, those that have ended are left out.
        let in_status = match status {
            None => subscription.status != "canceled",
            Some("all") => true,
            Some("ended") => subscription.is_over(),
            Some(status) => subscription.status == status,
        };
        in_status
            && customer.is_none_or(|customer| subscription.customer == customer)
            && price.is_none_or(|price| subscription.items.iter().any(|item| item.price.id == price))
    };
    state.subscriptions.page("/v1/subscriptions", parameters, wanted)
}

pub(super) fn update(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let parameters = &call.parameters;
    let now = state.now();
    let subscription = state.subscriptions.find(call.id())?;
    let changes_more = parameters.leaves().iter().any(|(key, _)| {
        !["metadata", "cancellation_details", "expand"].iter().any(|allowed| key.starts_with(allowed))
    });
    if subscription.is_over() && changes_more {
        let message = "A canceled subscription can only update its cancellation_details and metadata.";
        return Err(Refusal::wrong_state(message));
    }
    let items = changed_items(state, subscription, parameters)?;
    let schedule = Schedule::read(parameters)?;
    if let Some(Schedule::At(instant)) = schedule
        && instant <= now
    {
        return Err(Refusal::invalid("Invalid cancel_at: it must lie in the future"));
    }
    let collection = collection_of(parameters)?;
    let trial = Trial::read(parameters, now)?;
    let missing =
        parameters.has("trial_settings").then(|| missing_method(parameters, "trial_settings")).transpose()?;
    if trial.is_some() && !["trialing", "active"].contains(&subscription.status.as_str()) {
        return Err(Refusal::wrong_state(
            "A trial can be given to a subscription that is active or trialing only.",
        ));
    }
    let is_trialing = subscription.status == "trialing";
    if let Some(method) = parameters.text("default_payment_method") {
        state.payment_methods.named(method, "default_payment_method")?;
    }
    state.change_subscription(call.id(), |subscription| {
        subscription.items = items;
        if let Some(schedule) = &schedule {
            schedule.apply(subscription, now);
        }
        match collection {
            Some(Collection::Paused(pause)) => subscription.pause_collection = Some(pause),
            Some(Collection::Resumed) => subscription.pause_collection = None,
            None => {}
        }
        subscription.missing_method = missing.unwrap_or(subscription.missing_method);
        change_text(&mut subscription.default_payment_method, parameters, "default_payment_method");
        change_text(&mut subscription.description, parameters, "description");
        change_metadata(&mut subscription.metadata, parameters);
    });
    match trial {
        Some(Trial::Until(end)) => state.give_trial(call.id(), end),
        Some(Trial::EndsNow) if is_trialing => state.end_trial(call.id()),
        Some(Trial::EndsNow) | None => {}
    }
    get(state, call)
}

/// The items as they are after the update.
fn changed_items(
    state: &State,
    subscription: &Subscription,
    parameters: &Parameters,
) -> Result<Vec<Item>, Refusal> {
    let now = state.now();
    let mut items = subscription.items.clone();
    for (index, sent) in parameters.list("items").into_iter().enumerate() {
        let price = price_of(state, sent, index)?;
        let quantity = sent.integer("quantity")?;
        if let Some(id) = sent.text("id") {
            let item = items.iter_mut().find(|item| item.id == id);
            let param = format!("items[{index}][id]");
            let item = item.ok_or_else(|| Refusal::no_such("subscription item", id, &param))?;
            item.quantity = quantity.unwrap_or(item.quantity);
            if let Some(price) = price {
                item.change_price(price, now);
            }
        } else {
            items.push(Item {
                id: ids::new("si_"),
                created: now,
                price: price.ok_or_else(|| Refusal::missing(&format!("items[{index}][price]")))?,
                quantity: quantity.unwrap_or(1),
                anchor: subscription.items.first().map_or(now, |item| item.anchor),
                period_start: now,
                period_end: subscription.period_end(),
            });
        }
    }
    Ok(items)
}

/// What an update says about collection.
enum Collection {
    Paused(Pause),
    Resumed,
}

fn collection_of(parameters: &Parameters) -> Result<Option<Collection>, Refusal> {
    if parameters.sent("pause_collection") == Some("") {
        return Ok(Some(Collection::Resumed));
    }
    if !parameters.has("pause_collection") {
        return Ok(None);
    }
    let behavior = parameters.required("pause_collection.behavior")?;
    if !["keep_as_draft", "mark_uncollectible", "void"].contains(&behavior) {
        return Err(Refusal::invalid("Invalid pause_collection[behavior]"));
    }
    let resumes_at = parameters.integer("pause_collection.resumes_at")?;
    Ok(Some(Collection::Paused(Pause { behavior: behavior.to_owned(), resumes_at })))
}

pub(super) fn cancel(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    if state.subscriptions.find(call.id())?.is_over() {
        return Err(Refusal::not_found(Subscription::KIND, call.id()));
    }
    state.cancel_subscription(call.id(), "cancellation_requested");
    get(state, call)
}
