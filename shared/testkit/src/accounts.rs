//! Accounts with passwords, written straight into the tables, and what is left of attempts to use them.

use streamly::accounts::hash::{Capacity, Cost, Hasher, Phc, Verdict};
use streamly::accounts::policy::Password;
use streamly::accounts::throttle::Key;
use streamly::ids::{SessionId, UserId};

use crate::{Owner, Person};

/// The password of everybody who has one; no policy minds it.
pub const PASSWORD: &str = "difference engine no 2";

/// A hasher of the cost that functions have by default.
pub fn hasher() -> Hasher {
    Hasher::new(Cost::default(), Capacity::new(1 << 30, 2)).expect("the default cost has room")
}

impl Owner {
    /// Somebody verified, with [`PASSWORD`] and a session.
    pub async fn person_with_password(&self, email: &str) -> Person {
        let id = self.user_with_password(email).await;
        let person =
            Person { id, session: SessionId::new(), email: email.to_owned(), scope: "user".to_owned() };
        person.log_in(self, person.session).await;
        person
    }

    /// Somebody verified, with [`PASSWORD`], logged in nowhere.
    pub async fn user_with_password(&self, email: &str) -> UserId {
        let password = Password::new(PASSWORD).expect("it is short enough");
        let phc = hasher().hash(&password).await.expect("there is room for one hash");
        self.user_with_hash(email, phc.expose()).await
    }

    /// The same, with this text for a hash.
    pub async fn user_with_hash(&self, email: &str, phc: &str) -> UserId {
        let id = UserId::new();
        let user =
            "insert into users (id, email, email_canonical, verified_at) values ($1, $2, lower($2), now())";
        self.run(user, &[&id.uuid(), &email]).await;
        let credential = "insert into credentials (user_id, kind, phc) values ($1, 'password', $2)";
        self.run(credential, &[&id.uuid(), &phc]).await;
        id
    }

    /// Whether this is the password of the only account, at the cost of [`hasher`].
    pub async fn is_password(&self, text: &str) -> bool {
        let stored = Phc::from(self.value::<String>("select phc from credentials").await);
        let password = Password::new(text).expect("a test's password is short enough");
        let verdict = hasher().verify(&password, Some(&stored)).await.expect("there is room for one hash");
        verdict == Verdict::Right { outdated: false }
    }

    /// Every row that a function of accounts may change, but for counters: equal texts say that nothing was changed.
    pub async fn accounts(&self) -> String {
        self.value(
            "
            select concat_ws(E'\\n',
              (select jsonb_agg(u order by id) from users u),
              (select jsonb_agg(c order by user_id) from credentials c),
              (select jsonb_agg(t order by hash) from one_time_tokens t),
              (select jsonb_agg(s order by id) from sessions s),
              (select jsonb_agg(m order by id) from mail_outbox m),
              (select jsonb_agg(e order by id) from auth_events e))",
        )
        .await
    }

    /// How many attempts of its run are counted on an account.
    pub async fn attempts(&self, email: &str) -> i32 {
        let key = Key::account(&email.parse().expect("a test's address is one"));
        let select = "select count from auth_throttle where key = $1";
        let row = self.query_opt(select, &[&key.as_bytes()]).await;
        row.unwrap_or_else(|error| panic!("{select}: {error:?}")).map_or(0, |row| row.get(0))
    }

    /// Lets this much time pass for everything that is counted: an interval such as `20 seconds`.
    pub async fn let_pass(&self, time: &str) {
        let earlier = format!(
            "update auth_throttle set started_at = started_at - interval '{time}',
               touched_at = touched_at - interval '{time}', until = until - interval '{time}'"
        );
        self.run(&earlier, &[]).await;
    }
}
