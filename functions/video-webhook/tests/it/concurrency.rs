//! Many deliveries at once, over one instance and over two.

use functions_framework::{Request, Routes};
use testkit::{Reply, ask};
use tokio::task::JoinSet;
use video_webhook::Parts;

use crate::world::{MUX, World, asset, mux_event, outcome, pool, routes, upload};

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
    let video = world.waiting("members").await;
    let body = mux_event("evt_1", "video.asset.ready", world.now, &asset(&video, "ready")).to_string();
    let requests = (0..24).map(|_| (world.webhook.clone(), world.signed(&MUX, body.as_bytes())));
    let replies = at_once(requests).await;
    let count = |word: &str| replies.iter().filter(|reply| outcome(reply) == (200, word.to_owned())).count();
    assert_eq!((count("applied"), count("duplicate")), (1, 23));
    assert_eq!(world.rows().await, (1, 1));
    assert_eq!(world.status(&video).await, "ready");
}

#[tokio::test]
async fn the_events_of_one_upload_at_once_in_any_order_end_ready() {
    for round in 0..10 {
        let world = World::new().await;
        let video = world.waiting("members").await;
        let now = world.now;
        let mut events = [
            mux_event("evt_1", "video.upload.asset_created", now, &upload(&video, "asset_created")),
            mux_event("evt_2", "video.asset.created", now, &asset(&video, "preparing")),
            mux_event("evt_3", "video.asset.ready", now + 1, &asset(&video, "ready")),
        ];
        events.rotate_left(round % 3);
        let other = routes(&world.database, pool(&world.database.url("video-webhook"), "2"), now, &[]);
        let requests = events.iter().enumerate().map(|(number, event)| {
            let instance = if number % 2 == 0 { &world.webhook } else { &other };
            (instance.clone(), world.signed(&MUX, event.to_string().as_bytes()))
        });
        for reply in at_once(requests).await {
            let (status, told) = outcome(&reply);
            assert!(status == 200 && ["applied", "stale"].contains(&told.as_str()), "{told}");
        }
        assert_eq!(world.status(&video).await, "ready");
        assert_eq!(world.rows().await, (3, 1));
    }
}
