//! Events of every era, hostile ones, and what may be refused.

use super::{Content, Event, Ignored, InvalidEvent, Names};
use crate::billing::Plans;
use crate::ids::UserId;
use proptest::prelude::*;
use serde_json::{Value, json};
use time::OffsetDateTime;

const USER: &str = "0190a6f2-7c3e-7b11-8a52-3f1d2c4b5a69";

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../tests/events/", $name, ".json"))
    };
}

fn plans() -> Plans {
    let plan = json!([{"slug": "basic", "name": "Basic", "price_id": "price_basic", "tier": "basic",
        "amount_minor": 900, "currency": "eur", "interval": "month"}]);
    plan.to_string().parse().expect("valid plans")
}

fn read(text: &str) -> Event {
    Event::read(text.as_bytes(), &plans()).expect("an event")
}

/// One text with some members of the envelope replaced.
fn changed(changes: &Value) -> Result<Event, InvalidEvent> {
    let mut event: Value = serde_json::from_str(fixture!("endive_subscription_paused")).expect("JSON");
    event.as_object_mut().expect("an object").extend(changes.as_object().expect("changes").clone());
    Event::read(event.to_string().as_bytes(), &plans())
}

/// What an era's subscription tells: status, period's end, end, pause, version.
#[track_caller]
fn check_subscription(
    text: &str,
    status: &str,
    cancel_at: Option<i64>,
    pause: Option<&str>,
    version: Option<&str>,
) {
    let event = read(text);
    let Content::Subscription(change) = &event.content else { panic!("no subscription: {event:?}") };
    let snapshot = &change.snapshot;
    assert_eq!(snapshot.id, "sub_1");
    assert_eq!(snapshot.customer.as_deref(), Some("cus_1"));
    assert_eq!(snapshot.status, status);
    assert_eq!(snapshot.price_id.as_deref(), Some("price_basic"));
    assert_eq!(snapshot.quantity, Some(1));
    assert_eq!(snapshot.currency.as_deref(), Some("eur"));
    assert_eq!(snapshot.current_period_start.map(OffsetDateTime::unix_timestamp), Some(1_790_000_000));
    assert_eq!(snapshot.current_period_end.map(OffsetDateTime::unix_timestamp), Some(1_792_592_000));
    assert_eq!(snapshot.cancel_at.map(OffsetDateTime::unix_timestamp), cancel_at);
    assert_eq!(snapshot.pause_behavior.as_deref(), pause);
    assert_eq!((event.created, event.api_version.as_deref()), (1_790_000_000, version));
    assert_eq!((event.livemode, event.connected), (false, false));
}

#[test]
fn every_era_tells_the_same_subscription() {
    check_subscription(fixture!("2014_subscription_created"), "trialing", None, None, None);
    check_subscription(fixture!("2017_subscription_updated"), "active", None, None, Some("2017-08-15"));
    check_subscription(
        fixture!("acacia_subscription_updated"),
        "active",
        None,
        None,
        Some("2025-02-24.acacia"),
    );
    check_subscription(
        fixture!("basil_subscription_updated"),
        "active",
        None,
        None,
        Some("2025-03-31.basil"),
    );
    let cancelled = Some(1_792_592_000);
    check_subscription(
        fixture!("clover_subscription_updated"),
        "active",
        cancelled,
        None,
        Some("2025-09-30.clover"),
    );
    let pause = Some("void");
    check_subscription(
        fixture!("dahlia_subscription_updated"),
        "active",
        None,
        pause,
        Some("2026-03-25.dahlia"),
    );
    check_subscription(
        fixture!("endive_subscription_paused"),
        "paused",
        None,
        None,
        Some("2026-09-30.endive"),
    );
}

/// What an event names, `-` for nothing: object, customer, subscription, invoice, payment intent, amount and currency.
#[track_caller]
fn check_names(text: &str, expected: [&str; 7], with_user: bool) -> Content {
    let event = read(text);
    let Names { object, customer, subscription, invoice, payment_intent, amount, currency, users } =
        event.names;
    let amount = amount.map(|amount| amount.to_string());
    let found = [object, customer, subscription, invoice, payment_intent, amount, currency];
    assert_eq!(found.map(|name| name.unwrap_or_else(|| "-".to_owned())), expected);
    let user: UserId = USER.parse().expect("an id");
    assert_eq!(users, if with_user { vec![user] } else { vec![] });
    event.content
}

#[test]
fn every_kind_names_what_the_ledger_keeps() {
    let invoice = ["in_1", "cus_1", "sub_1", "in_1", "pi_1", "900", "eur"];
    assert_eq!(check_names(fixture!("acacia_invoice_paid"), invoice, true), Content::Invoice);
    let invoice = ["in_1", "cus_1", "sub_1", "in_1", "-", "900", "eur"];
    assert_eq!(check_names(fixture!("basil_invoice_paid"), invoice, true), Content::Invoice);
    assert_eq!(check_names(fixture!("endive_invoice_payment_failed"), invoice, true), Content::Invoice);
    let session = ["cs_test_1", "cus_1", "sub_1", "in_1", "-", "900", "eur"];
    assert_eq!(check_names(fixture!("endive_session_completed"), session, true), Content::SessionCompleted);
    let paid = ["inpay_1", "-", "-", "in_1", "pi_1", "900", "eur"];
    assert_eq!(check_names(fixture!("endive_invoice_payment_paid"), paid, false), Content::Payment);
    let charge = ["ch_1", "cus_1", "-", "-", "pi_1", "900", "eur"];
    assert_eq!(check_names(fixture!("endive_charge_refunded"), charge, false), Content::Payment);
    let dispute = ["du_1", "-", "-", "-", "pi_1", "900", "eur"];
    assert_eq!(check_names(fixture!("endive_dispute_created"), dispute, false), Content::Payment);
    let customer = ["cus_1", "cus_1", "-", "-", "-", "-", "-"];
    assert_eq!(check_names(fixture!("endive_customer_deleted"), customer, false), Content::CustomerDeleted);
    let thin = ["sub_1", "-", "sub_1", "-", "-", "-", "-"];
    let content = check_names(fixture!("thin_subscription_updated"), thin, false);
    assert_eq!(content, Content::Thin { snapshot_event: Some("evt_endive".to_owned()) });
}

#[test]
fn the_line_of_an_invoice_is_the_last_place_for_its_subscription() {
    let mut event: Value = serde_json::from_str(fixture!("basil_invoice_paid")).expect("JSON");
    event["data"]["object"]["parent"] = Value::Null;
    let names = read(&event.to_string()).names;
    assert_eq!((names.subscription.as_deref(), names.users.len()), (Some("sub_1"), 0));
}

#[test]
fn a_thin_event_counts_whole_seconds() {
    let event = read(fixture!("thin_subscription_updated"));
    assert_eq!((event.created, event.livemode, event.api_version), (1_790_000_000, false, None));
}

#[test]
fn a_thin_event_is_of_the_years_that_a_row_can_hold() {
    let created = |text: &str| {
        let mut event: Value = serde_json::from_str(fixture!("thin_subscription_updated")).expect("JSON");
        event["created"] = json!(text);
        Event::read(event.to_string().as_bytes(), &plans()).map(|event| event.created)
    };
    assert_eq!(created("1970-01-01T00:00:00Z"), Ok(0));
    assert_eq!(created("1969-12-31T23:59:59Z"), Err(InvalidEvent::Envelope));
    assert_eq!(created("9999-12-31T23:59:59Z"), Ok(253_402_300_799));
    assert_eq!(created("9999-12-31T23:59:59-00:01"), Err(InvalidEvent::Envelope));
}

#[test]
fn only_the_envelope_is_ever_refused() {
    let refused = |changes: Value| assert_eq!(changed(&changes), Err(InvalidEvent::Envelope), "{changes}");
    refused(json!({"id": null}));
    refused(json!({"id": 5}));
    refused(json!({"id": ""}));
    refused(json!({"id": "e".repeat(256)}));
    refused(json!({"type": null}));
    refused(json!({"created": null}));
    refused(json!({"created": "1790000000"}));
    refused(json!({"created": "2026-09-21T14:13:20Z"}));
    refused(json!({"created": 1.5}));
    refused(json!({"created": -1}));
    refused(json!({"livemode": null}));
    refused(json!({"livemode": "false"}));
    refused(json!({"object": "v2.core.event"}));
    for text in ["", "{\"id\":", "nonsense", "\u{feff}{}", "{} {}", "{\"id\":\"\\ud800\"}"] {
        assert_eq!(Event::read(text.as_bytes(), &plans()), Err(InvalidEvent::Json), "{text:?}");
    }
    assert_eq!(Event::read(b"{\"id\":\"\xff\"}", &plans()), Err(InvalidEvent::Json));
    assert_eq!(Event::read("[".repeat(100_000).as_bytes(), &plans()), Err(InvalidEvent::Json));
    for text in ["null", "[]", "1", "\"evt_1\"", "{}"] {
        assert_eq!(Event::read(text.as_bytes(), &plans()), Err(InvalidEvent::Envelope), "{text}");
    }
}

#[test]
fn trouble_deeper_down_is_kept_and_ignored() {
    let content = |changes: Value| changed(&changes).expect("an event").content;
    let malformed = Content::Ignored(Ignored::MalformedObject);
    assert_eq!(content(json!({"data": null})), malformed);
    assert_eq!(content(json!({"data": {"object": null}})), malformed);
    assert_eq!(content(json!({"data": {"object": "sub_1"}})), malformed);
    assert_eq!(
        content(json!({"data": {"object": {"id": "in_1", "object": "invoice", "status": "paid"}}})),
        malformed
    );
    assert_eq!(
        content(json!({"data": {"object": {"object": "subscription", "status": "active"}}})),
        malformed
    );
    assert_eq!(content(json!({"data": {"object": {"id": "sub_1", "object": "subscription"}}})), malformed);
    let invoice = |object: Value| content(json!({"type": "invoice.paid", "data": {"object": object}}));
    assert_eq!(invoice(json!({"object": "invoice"})), malformed);
    assert_eq!(invoice(json!({"id": "sub_1", "object": "subscription"})), malformed);
    assert_eq!(invoice(json!({"id": "in_1", "object": "invoice"})), Content::Invoice);
    assert_eq!(content(json!({"type": "invoice.created"})), Content::Ignored(Ignored::Type));
    assert_eq!(content(json!({"type": "charge.succeeded"})), Content::Ignored(Ignored::Type));
    let thin = |related: Value| {
        content(json!({"object": "v2.core.event", "created": "2026-09-21T14:13:20Z",
            "type": "v1.customer.subscription.updated", "related_object": related}))
    };
    assert_eq!(thin(Value::Null), malformed);
    assert_eq!(thin(json!({"type": "subscription"})), malformed);
    assert_eq!(thin(json!({"id": "in_1", "type": "invoice"})), malformed);
    assert_eq!(thin(json!({"id": "sub_1", "type": "subscription"})), Content::Thin { snapshot_event: None });
}

#[test]
fn a_session_that_sells_something_else_is_ignored() {
    let session = |event_type: &str, mode: Value| {
        let object = json!({"id": "cs_1", "object": "checkout.session", "mode": mode});
        changed(&json!({"type": event_type, "data": {"object": object}})).expect("an event").content
    };
    let completed = "checkout.session.completed";
    assert_eq!(session(completed, json!("subscription")), Content::SessionCompleted);
    assert_eq!(session(completed, json!("payment")), Content::Ignored(Ignored::Mode));
    assert_eq!(session(completed, json!("setup")), Content::Ignored(Ignored::Mode));
    assert_eq!(session(completed, json!(null)), Content::Ignored(Ignored::Mode));
    let failed = "checkout.session.async_payment_failed";
    assert_eq!(session(failed, json!("subscription")), Content::SessionSettled);
    assert_eq!(session("checkout.session.expired", json!("payment")), Content::SessionExpired);
}

#[test]
fn the_other_mode_and_other_accounts_are_ignored_before_anything_else() {
    let why = |changes: Value, livemode: bool| changed(&changes).expect("an event").ignored(livemode);
    assert_eq!(why(json!({}), false), None);
    assert_eq!(why(json!({}), true), Some(Ignored::Livemode));
    assert_eq!(why(json!({"livemode": true}), false), Some(Ignored::Livemode));
    assert_eq!(why(json!({"livemode": true}), true), None);
    assert_eq!(why(json!({"account": "acct_1"}), false), Some(Ignored::Connect));
    assert_eq!(why(json!({"account": null}), false), None);
    assert_eq!(why(json!({"account": "acct_1", "type": "invoice.created"}), false), Some(Ignored::Connect));
    assert_eq!(why(json!({"type": "invoice.created"}), false), Some(Ignored::Type));
    assert!(Ignored::MalformedObject.keeps_payload() && Ignored::Mode.keeps_payload());
    assert!(
        !Ignored::Type.keeps_payload()
            && !Ignored::Livemode.keeps_payload()
            && !Ignored::Connect.keeps_payload()
    );
}

#[test]
fn ids_of_ours_that_are_none_are_absent() {
    let users = |reference: Value, metadata: Value| {
        let object = json!({"id": "cs_1", "object": "checkout.session", "mode": "subscription",
            "client_reference_id": reference, "metadata": metadata});
        changed(&json!({"type": "checkout.session.completed", "data": {"object": object}}))
            .expect("an event")
            .names
            .users
    };
    let other = "0190a6f2-7c3e-7b11-8a52-3f1d2c4b5a60";
    assert_eq!(users(json!(USER), json!({"user_id": USER})).len(), 1);
    assert_eq!(users(json!(USER), json!({"user_id": other})).len(), 2);
    assert_eq!(users(json!("1' or '1'='1"), json!({"user_id": 7})).len(), 0);
    assert_eq!(users(json!(USER.replace('-', "")), json!(null)).len(), 0);
}

proptest! {
    #[test]
    fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Event::read(&bytes, &plans());
    }

    /// Any member of any event replaced by something of another type: never a panic, and never a refusal below the
    /// envelope.
    #[test]
    fn no_member_of_another_type_is_refused(fixture in 0usize..4, at in 0usize..400, kind in 0usize..7) {
        let texts = [
            fixture!("basil_invoice_paid"),
            fixture!("clover_subscription_updated"),
            fixture!("endive_session_completed"),
            fixture!("2017_subscription_updated"),
        ];
        let mut event: Value = serde_json::from_str(texts[fixture]).expect("JSON");
        let other = [json!(null), json!([]), json!({}), json!("x\u{0}y"), json!(-1), json!(1e300), json!(true)];
        let mut count = at;
        replace(&mut event["data"], &mut count, &other[kind]);
        prop_assert!(Event::read(event.to_string().as_bytes(), &plans()).is_ok());
    }
}

/// Replaces the `count`-th value below this one, in the order in which they stand.
fn replace(value: &mut Value, count: &mut usize, other: &Value) {
    if *count == 0 {
        *value = other.clone();
        *count = usize::MAX;
        return;
    }
    if *count == usize::MAX {
        return;
    }
    *count -= 1;
    match value {
        Value::Array(entries) => entries.iter_mut().for_each(|entry| replace(entry, count, other)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, count, other)),
        _ => {}
    }
}

#[test]
fn every_listed_type_has_an_effect() {
    for kind in super::TYPES {
        let text =
            json!({"id": "evt_1", "type": kind, "created": 1, "livemode": false, "data": {"object": {}}});
        let event = Event::read(text.to_string().as_bytes(), &plans()).expect("an envelope");
        assert_eq!(event.content, Content::Ignored(Ignored::MalformedObject), "{kind}");
    }
}
