//! How often one client may register, and how often one address gets a mail.

use crate::suite::{ADA, PASSWORD, Suite, check};
use streamly::accounts::throttle::Key;

#[tokio::test]
async fn one_client_registers_so_often_and_no_more() {
    let suite = Suite::new(&[("THROTTLE_IP_REGISTER", "2/3600")]).await;
    for (number, address, status) in [
        (1, "203.0.113.1", 201),
        (2, "203.0.113.1", 201),
        (3, "203.0.113.1", 429),
        (4, "203.0.113.2", 201),
        (5, "2001:db8::1", 201),
        (6, "2001:db8::2", 201),
        (7, "2001:db8::3", 429),
    ] {
        let reply = suite.register_from(address, &format!("ada{number}@example.com"), PASSWORD).await;
        check(&reply, (status, if status == 429 { "too-many-requests" } else { "" }));
    }
    assert_eq!(suite.owner.count("users").await, 5);
    suite.owner.let_pass("1 hour").await;
    check(&suite.register(ADA, PASSWORD).await, (201, ""));
}

#[tokio::test]
async fn what_is_refused_by_its_form_is_not_counted() {
    let suite = Suite::new(&[("THROTTLE_IP_REGISTER", "1/3600")]).await;
    for _ in 0..3 {
        check(&suite.register(ADA, "password").await, (422, "weak-password"));
        check(&suite.register("ada", PASSWORD).await, (422, "validation-error"));
    }
    check(&suite.register(ADA, PASSWORD).await, (201, ""));
    check(&suite.register(ADA, PASSWORD).await, (429, "too-many-requests"));
}

#[tokio::test]
async fn a_new_account_over_the_mail_limit_is_made_and_its_mail_waits() {
    for (count, seconds_ago, wait_s) in [(1, 20, 40), (4, 30, 30), (5, 600, 3_000), (5, 3_540, 60)] {
        let suite = Suite::new(&[]).await;
        let key = Key::mail(&ADA.parse().unwrap());
        let insert = "
            insert into auth_throttle (key, count, started_at, touched_at)
            values ($1, $2, now() - make_interval(secs => $3), now() - make_interval(secs => least($3, 100)))";
        suite.owner.run(insert, &[&key.as_bytes(), &count, &f64::from(seconds_ago)]).await;
        check(&suite.register(ADA, PASSWORD).await, (201, ""));
        assert_eq!(suite.written().await, [1, 1, 1, 1, 1]);
        let waits: f64 = suite
            .owner
            .value("select extract(epoch from not_before - created_at)::float8 from mail_outbox")
            .await;
        // The row of the limit was written up to a few seconds before.
        assert!(
            (f64::from(wait_s) - 9.0..=f64::from(wait_s)).contains(&waits),
            "{count} {seconds_ago}: {waits}"
        );
    }
}
