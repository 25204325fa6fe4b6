//! Many deliveries at once, over one instance and over two.

use functions_framework::{Request, Routes};
use serde_json::{Value, json};
use testkit::{Person, Reply, ask};
use tokio::task::JoinSet;
use webhook::Parts;

use crate::events::{CREATED, DELETED, UPDATED, customer, event, subscription, with};
use crate::world::{DAY, World, outcome, parts, pool};

/// Sends all at once; the replies in no order.
async fn at_once(requests: impl IntoIterator<Item = (Routes<Parts>, Request)>) -> Vec<Reply> {
    let mut set = JoinSet::new();
    for (webhook, request) in requests {
        set.spawn(async move { ask(&webhook, request).await });
    }
    set.join_all().await
}

#[tokio::test]
async fn one_event_delivered_24_times_at_once_counts_once() {
    let world = World::new().await;
    let body = event("evt_1", CREATED, world.now, &subscription("active", world.now + DAY)).to_string();
    let requests = (0..24).map(|_| (world.webhook.clone(), world.signed(body.as_bytes())));
    let mut outcomes: Vec<_> = at_once(requests).await.iter().map(outcome).collect();
    outcomes.sort();
    let applied = outcomes.iter().filter(|outcome| **outcome == (200, "applied".to_owned())).count();
    let duplicates = outcomes.iter().filter(|outcome| **outcome == (200, "duplicate".to_owned())).count();
    assert_eq!((applied, duplicates), (1, 23), "{outcomes:?}");
    assert_eq!(world.rows().await, (1, 1));
    assert_eq!(world.stored("sub_1").await["status"], "active");
}

/// Delivers until every event is settled, as Stripe does: what was answered 503 comes again.
async fn deliver_all(world: &World, instances: &[Routes<Parts>], events: &[Value]) {
    let mut waiting: Vec<&Value> = events.iter().collect();
    while !waiting.is_empty() {
        let mut set = JoinSet::new();
        for (number, event) in waiting.drain(..).enumerate() {
            let (webhook, request) =
                (instances[number % instances.len()].clone(), world.signed(event.to_string().as_bytes()));
            let id = event["id"].clone();
            set.spawn(async move { (id, outcome(&ask(&webhook, request).await)) });
        }
        for (id, (status, word)) in set.join_all().await {
            match (status, word.as_str()) {
                (200, "applied" | "stale" | "duplicate") => {}
                (503, "unavailable") => {
                    waiting.push(events.iter().find(|event| event["id"] == id).expect("one of ours"));
                }
                other => panic!("{id}: {other:?}"),
            }
        }
    }
}

/// An event of the `number`-th person's subscription.
fn of_person(number: usize, id: &str, event_type: &str, created: i64, status: &str, end: i64) -> Value {
    let names = json!({"id": format!("sub_{number}"), "customer": format!("cus_{number}")});
    let object = with(subscription(status, end), &names);
    event(&format!("evt_{number}_{id}"), event_type, created, &object)
}

#[tokio::test]
async fn two_hundred_events_of_fifty_people_end_as_they_happened() {
    let world = World::new().await;
    world.run("update users set stripe_customer_id = null", &[]).await;
    let mut events = Vec::new();
    for number in 0..50 {
        let person = Person::new(&world.owner).await;
        world.be_customer(&person, &format!("cus_{number}")).await;
        let (now, end) = (world.now, world.now + DAY);
        events.push(of_person(number, "d", DELETED, now + 3, "canceled", end));
        events.push(of_person(number, "a", CREATED, now, "incomplete", end));
        events.push(of_person(number, "c", UPDATED, now + 2, "past_due", end));
        events.push(of_person(number, "b", UPDATED, now + 1, "active", end));
        // Every second person's subscription lives on.
        if number % 2 == 0 {
            events.remove(events.len() - 4);
            events.push(of_person(number, "e", "customer.subscription.resumed", now + 4, "active", end));
        }
    }
    let other =
        webhook::routes(parts(&world.database, pool(&world.database.url("webhook"), "2"), world.now, &[]));
    deliver_all(&world, &[world.webhook.clone(), other], &events).await;
    assert_eq!(world.rows().await, (200, 50));
    for number in 0..50 {
        let stored = world.stored(&format!("sub_{number}")).await;
        let expected = if number % 2 == 0 { ("active", false) } else { ("canceled", false) };
        assert_eq!(
            (&stored["status"], &stored["needs_sync"]),
            (&json!(expected.0), &json!(expected.1)),
            "{stored}"
        );
    }
}

#[tokio::test]
async fn a_customers_deletion_beside_its_subscriptions_events_ends_them_all() {
    for _ in 0..5 {
        let world = World::new().await;
        let mut events: Vec<Value> = (1..=5)
            .map(|number| {
                let object = with(
                    subscription("active", world.now + DAY),
                    &json!({"id": format!("sub_{number}"),
                    "metadata": {"user_id": world.person.id.to_string()}}),
                );
                event(&format!("evt_{number}"), UPDATED, world.now + number, &object)
            })
            .collect();
        events.insert(2, event("evt_customer", "customer.deleted", world.now, &customer()));
        let requests =
            events.iter().map(|event| (world.webhook.clone(), world.signed(event.to_string().as_bytes())));
        let replies = at_once(requests).await;
        assert!(replies.iter().all(|reply| matches!(reply.status.as_u16(), 200 | 503)), "{replies:?}");
        let settled = ["applied", "stale", "unmatched", "duplicate", "unavailable"];
        assert!(replies.iter().all(|reply| settled.contains(&outcome(reply).1.as_str())), "{replies:?}");
        let living = "select count(*) from subscriptions where status <> 'canceled'";
        let living: i64 = world.owner.query_one(living, &[]).await.expect("a count").get(0);
        assert_eq!(living, 0);
        assert!(!world.has_access().await);
    }
}
