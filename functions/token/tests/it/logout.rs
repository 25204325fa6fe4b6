//! What a logout ends, and what it leaves.

use crate::suite::{Suite, check};
use streamly::ids::SessionId;
use testkit::Person;

/// Ada's session that the token is of, two others of hers, one that has expired, and a stranger's.
struct Cast {
    suite: Suite,
    others: [SessionId; 2],
    expired: SessionId,
    stranger: Person,
}

impl Cast {
    /// Ada's session was refreshed three times, the last time so long ago.
    async fn new(rotated: &str) -> Self {
        let suite = Suite::new(&[]).await;
        suite.set(&format!("counter = 3, rotated_at = now() - interval '{rotated}'")).await;
        let others = [SessionId::new(), SessionId::new()];
        let expired = SessionId::new();
        for session in others.iter().chain([&expired]) {
            suite.ada.log_in(&suite.owner, *session).await;
        }
        let past = "update sessions set idle_expires_at = now() - interval '1 day' where id = $1";
        suite.owner.run(past, &[&expired.uuid()]).await;
        let stranger = Person::new(&suite.owner).await;
        Self { suite, others, expired, stranger }
    }

    /// Logs out, and says whether ada's own session and her others have ended.
    async fn log_out(&self, counter: u64, scope: Option<&str>) -> (bool, bool) {
        let suite = &self.suite;
        check(&suite.log_out(&suite.token(suite.ada.session, counter), scope).await, (204, ""));
        assert_eq!(suite.events("authn_token_revoked").await, 1);
        assert_eq!(suite.ended(self.stranger.session).await, "");
        let [one, other] = self.others;
        let others = suite.ended(one).await;
        assert_eq!(others, suite.ended(other).await);
        (!suite.ended(suite.ada.session).await.is_empty(), !others.is_empty())
    }
}

async fn check_ended(rotated: &str, counter: u64, scope: Option<&str>, expected: (bool, bool)) {
    let ended = Cast::new(rotated).await.log_out(counter, scope).await;
    assert_eq!(ended, expected, "{rotated} {counter} {scope:?}");
}

#[tokio::test]
async fn the_present_token_ends_what_it_is_told_to() {
    check_ended("1 day", 3, None, (true, false)).await;
    check_ended("1 day", 3, Some("session"), (true, false)).await;
    check_ended("1 day", 3, Some("others"), (false, true)).await;
    check_ended("1 day", 3, Some("all"), (true, true)).await;
}

#[tokio::test]
async fn the_parent_may_do_the_same_in_its_grace() {
    check_ended("29 seconds", 2, Some("others"), (false, true)).await;
    check_ended("29 seconds", 2, Some("all"), (true, true)).await;
    check_ended("31 seconds", 2, Some("others"), (true, false)).await;
    check_ended("31 seconds", 2, Some("all"), (true, false)).await;
}

#[tokio::test]
async fn any_other_token_ends_its_own_session_alone() {
    for counter in [0, 1, 4, i64::MAX.cast_unsigned(), u64::MAX] {
        for scope in [None, Some("session"), Some("others"), Some("all")] {
            check_ended("1 second", counter, scope, (true, false)).await;
        }
    }
}

#[tokio::test]
async fn a_token_of_an_expired_session_ends_no_other() {
    for ends in ["idle_expires_at", "absolute_expires_at"] {
        for scope in [None, Some("others"), Some("all")] {
            let cast = Cast::new("1 second").await;
            cast.suite.set(&format!("{ends} = now()")).await;
            assert_eq!(cast.log_out(3, scope).await, (true, false), "{ends} {scope:?}");
        }
    }
}

#[tokio::test]
async fn a_session_that_has_ended_has_no_say_over_others() {
    let cast = Cast::new("1 second").await;
    let suite = &cast.suite;
    assert_eq!(cast.log_out(3, None).await, (true, false));
    let when: String = suite.owner.value("select max(revoked_at)::text from sessions").await;
    for scope in [None, Some("session"), Some("others"), Some("all")] {
        check(&suite.log_out(&suite.token(suite.ada.session, 3), scope).await, (204, ""));
    }
    assert_eq!(suite.owner.value::<String>("select max(revoked_at)::text from sessions").await, when);
    assert_eq!(suite.owner.count("sessions where revoked_at is not null").await, 1);
    assert_eq!(suite.events("authn_token_revoked").await, 1);
}

#[tokio::test]
async fn all_ends_every_session_and_its_event_says_what() {
    let cast = Cast::new("1 second").await;
    let suite = &cast.suite;
    assert_eq!(cast.log_out(3, Some("all")).await, (true, true));
    assert_eq!(suite.ended(cast.expired).await, "logout");
    let told = "auth_events where name = 'authn_token_revoked' and detail = 'all' and user_id is not null \
        and session_id is not null and ip_prefix = '203.0.113.0/24'";
    assert_eq!(suite.owner.count(told).await, 1);
    for session in cast.others {
        let token = suite.token(session, 0);
        check(&suite.refresh_text(&token).await, (401, "invalid-refresh-token"));
    }
    check(&suite.refresh_text(&suite.token(cast.stranger.session, 0)).await, (200, ""));
}

#[tokio::test]
async fn others_leaves_the_callers_session_as_it_is() {
    let cast = Cast::new("1 second").await;
    assert_eq!(cast.log_out(3, Some("others")).await, (false, true));
    assert_eq!(cast.suite.counter().await, 3);
    check(&cast.suite.refresh(3).await, (200, ""));
}

#[tokio::test]
async fn with_no_other_session_nothing_ends_and_nothing_is_told() {
    let suite = Suite::new(&[]).await;
    check(&suite.log_out(&suite.token(suite.ada.session, 0), Some("others")).await, (204, ""));
    assert_eq!(
        (suite.ended(suite.ada.session).await, suite.owner.count("auth_events").await),
        (String::new(), 0)
    );
}

#[tokio::test]
async fn somebody_disabled_may_log_out() {
    let suite = Suite::new(&[]).await;
    suite.owner.run("update users set disabled_at = now()", &[]).await;
    check(&suite.log_out(&suite.token(suite.ada.session, 0), None).await, (204, ""));
    assert_eq!(suite.ended(suite.ada.session).await, "logout");
}
