//! How often one client may refresh; logging out is never refused.

use crate::suite::{REFRESH, Suite, check, from};
use serde_json::json;
use testkit::ask;

#[tokio::test]
async fn by_default_a_client_has_30_refreshes_in_ten_seconds() {
    let suite = Suite::new(&[("THROTTLE_IP_REFRESH", "")]).await;
    check(&suite.refresh(0).await, (200, ""));
    let short = "until < now() + interval '1 minute'";
    suite.owner.run(&format!("update auth_throttle set count = 29 where {short}"), &[]).await;
    check(&suite.refresh(1).await, (200, ""));
    let reply = suite.refresh(2).await;
    check(&reply, (429, "too-many-requests"));
    assert!((1..=10).contains(&reply.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(suite.counter().await, 2, "nothing was done for it");
    suite.owner.run(&format!("update auth_throttle set until = now() where {short}"), &[]).await;
    check(&suite.refresh(2).await, (200, ""));
}

#[tokio::test]
async fn by_default_a_client_has_150_refreshes_in_five_minutes() {
    let suite = Suite::new(&[("THROTTLE_IP_REFRESH", "")]).await;
    check(&suite.refresh(0).await, (200, ""));
    suite
        .owner
        .run("update auth_throttle set count = 149 where until > now() + interval '1 minute'", &[])
        .await;
    check(&suite.refresh(1).await, (200, ""));
    let reply = suite.refresh(2).await;
    check(&reply, (429, "too-many-requests"));
    assert!((200..=300).contains(&reply.header("retry-after").parse::<u32>().unwrap()));
}

#[tokio::test]
async fn each_client_has_its_own_limit_and_old_tokens_count() {
    let suite = Suite::new(&[("THROTTLE_IP_REFRESH", "2/3600")]).await;
    suite.set("counter = 9, rotated_at = now()").await;
    let request = |address: &'static str, counter| {
        let body = json!({ "refresh_token": suite.token(suite.ada.session, counter) });
        let function = suite.function.clone();
        async move { ask(&function, from(address, REFRESH, &body)).await }
    };
    check(&request("203.0.113.1", 8).await, (200, ""));
    check(&request("203.0.113.1", 9).await, (200, ""));
    check(&request("203.0.113.1", 0).await, (429, "too-many-requests"));
    assert_eq!(suite.ended(suite.ada.session).await, "");
    check(&request("203.0.113.2", 10).await, (200, ""));
    check(&request("203.0.113.2", 0).await, (401, "refresh-token-reused"));
}

#[tokio::test]
async fn what_costs_no_query_is_not_counted_and_logging_out_never() {
    let suite = Suite::new(&[("THROTTLE_IP_REFRESH", "1/3600")]).await;
    for _ in 0..3 {
        check(&suite.refresh_text("rt1.nonsense").await, (401, "invalid-refresh-token"));
    }
    assert_eq!(suite.owner.count("auth_throttle").await, 0);
    check(&suite.refresh(0).await, (200, ""));
    check(&suite.refresh(1).await, (429, "too-many-requests"));
    for _ in 0..3 {
        check(&suite.log_out(&suite.token(suite.ada.session, 1), None).await, (204, ""));
    }
    assert_eq!(suite.ended(suite.ada.session).await, "logout");
}
