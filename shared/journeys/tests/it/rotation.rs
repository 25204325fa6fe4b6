//! The drill by which the key of access tokens is replaced: the next one is published, then it signs, then the former one is
//! dropped. Each step is a rollout, in which instances of before and after serve side by side.

use functions_framework::Routes;
use functions_framework::env::{Invalid, Reader, read_from};
use http::HeaderValue;
use local::keys::{KeyPair, KeySet};
use serde_json::{Value, json};
use testkit::accounts::PASSWORD;
use testkit::{Database, Owner, Reply, Video, ask, get, post, variables};

const EMAIL: &str = "ada@example.com";
/// Wide enough for a drill.
const LIMIT: &str = "100000/60";

/// The key that signs, and those that verify.
#[derive(Clone, Copy)]
struct Keys<'a>(&'a KeyPair, &'a KeySet);

impl Keys<'_> {
    /// What a function reads with these keys.
    fn read<T>(
        self,
        database: &Database,
        function: &str,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, Invalid>,
    ) -> Result<T, String> {
        let Self(signs, verify) = self;
        let verify = verify.to_string();
        let changes = [
            ("JWT_SIGNING_KEY", signs.pem()),
            ("JWT_SIGNING_KEY_ID", signs.id()),
            ("JWT_VERIFY_KEYS", &*verify),
            ("THROTTLE_IP_CREDENTIALS", LIMIT),
            ("THROTTLE_IP_REFRESH", LIMIT),
        ];
        read_from(&variables(database, function, &changes), read).map_err(|faults| faults.to_string())
    }
}

/// Somebody with a password, and a video for everybody: a token that does not hold is refused there all the same.
struct World {
    database: Database,
    video: String,
}

impl World {
    async fn new() -> Self {
        let database = Database::new().await;
        let owner = Owner::new(&database).await;
        owner.user_with_password(EMAIL).await;
        let video = Video { access: "free", ..Video::default() };
        video.insert(&owner).await;
        let video = format!("/v1/videos/{}/playback", video.id);
        Self { database, video }
    }

    /// The functions as these keys make them.
    fn roll_out(&self, keys: Keys<'_>) -> Revision<'_> {
        let login = keys.read(&self.database, "login", login::Config::read).expect("login starts");
        let token = keys.read(&self.database, "token", token::Config::read).expect("token starts");
        let account = keys.read(&self.database, "account", account::Config::read).expect("account starts");
        let playback = keys.read(&self.database, "playback", playback::Config::read);
        Revision {
            video: &self.video,
            login: login::routes(login::Parts::real(login).expect("its parts hold")),
            token: token::routes(token::Parts::real(token)),
            account: account::routes(account::Parts::real(account).expect("its parts hold")),
            playback: playback::routes(playback::Parts::real(playback.expect("playback starts"))),
        }
    }

    /// Expects this of every function that signs, and that the others, which cannot know, start.
    #[track_caller]
    fn check_start(&self, keys: Keys<'_>, expected: Result<(), &str>) {
        let issuers = [
            keys.read(&self.database, "login", login::Config::read).map(drop),
            keys.read(&self.database, "token", token::Config::read).map(drop),
            keys.read(&self.database, "password", password::Config::read).map(drop),
        ];
        let expected = expected.map_err(|fault| format!("invalid configuration: {fault}"));
        assert_eq!(issuers, [expected.clone(), expected.clone(), expected]);
        assert!(keys.read(&self.database, "playback", playback::Config::read).is_ok());
    }
}

/// The functions of one revision.
struct Revision<'a> {
    video: &'a str,
    login: Routes<login::Parts>,
    token: Routes<token::Parts>,
    account: Routes<account::Parts>,
    playback: Routes<playback::Parts>,
}

/// What a login or a refresh gave.
struct Tokens {
    access: String,
    refresh: String,
}

impl Tokens {
    #[track_caller]
    fn of(reply: &Reply) -> Self {
        assert_eq!(reply.outcome(), (200, String::new()), "{}", reply.text());
        let text = |name: &str| reply.json()[name].as_str().expect("a token").to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }

    /// The id of the key that signed the access token.
    fn key_id(&self) -> String {
        use base64::Engine;
        let head = self.access.split('.').next().expect("a head");
        let head = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(head).expect("base64url");
        let head: Value = serde_json::from_slice(&head).expect("JSON");
        head["kid"].as_str().expect("an id").to_owned()
    }
}

impl Revision<'_> {
    async fn log_in(&self) -> Tokens {
        let body = json!({ "email": EMAIL, "password": PASSWORD });
        Tokens::of(&ask(&self.login, post("/v1/login", &body)).await)
    }

    async fn refresh(&self, tokens: &Tokens) -> Tokens {
        let body = json!({ "refresh_token": tokens.refresh });
        Tokens::of(&ask(&self.token, post("/v1/token/refresh", &body)).await)
    }

    /// What playback and account answer to a token; they must agree.
    async fn takes(&self, tokens: &Tokens) -> (u16, String) {
        let bearer = HeaderValue::from_str(&format!("Bearer {}", tokens.access)).expect("a token is ASCII");
        let mut asked = [get(self.video), get("/v1/account")];
        for request in &mut asked {
            request.headers_mut().insert("authorization", bearer.clone());
        }
        let [video, profile] = asked;
        let (video, profile) = (ask(&self.playback, video).await, ask(&self.account, profile).await);
        assert_eq!(video.outcome(), profile.outcome());
        video.outcome()
    }

    async fn published(&self) -> String {
        ask(&self.login, get("/.well-known/jwks.json")).await.text()
    }
}

fn good() -> (u16, String) {
    (200, String::new())
}

fn refused() -> (u16, String) {
    (401, "invalid-token".to_owned())
}

#[tokio::test]
async fn in_the_drills_order_every_instance_takes_every_token_of_its_neighbours() {
    let world = World::new().await;
    let (old, new) = (KeyPair::generate(), KeyPair::generate());
    let (first, last) = (old.key_set(), new.key_set());
    let both = first.clone().beside(&new).expect("another key");
    let steps = [Keys(&old, &first), Keys(&old, &both), Keys(&new, &both), Keys(&new, &last)];
    for pair in steps.windows(2) {
        let before = world.roll_out(pair[0]);
        let after = world.roll_out(pair[1]);
        for issuer in [&before, &after] {
            let tokens = issuer.log_in().await;
            for other in [&before, &after] {
                assert_eq!(other.takes(&tokens).await, good());
                // Begun by one and renewed by the other, it is taken by both.
                let renewed = other.refresh(&issuer.log_in().await).await;
                assert_eq!((before.takes(&renewed).await, after.takes(&renewed).await), (good(), good()));
            }
        }
    }
}

#[tokio::test]
async fn a_key_is_replaced_and_nobody_has_to_sign_in_again() {
    let world = World::new().await;
    let (old, new) = (KeyPair::generate(), KeyPair::generate());
    let both = old.key_set().beside(&new).expect("another key");

    let now = world.roll_out(Keys(&old, &old.key_set()));
    let before = now.log_in().await;
    assert_eq!((before.key_id(), now.published().await), (old.id().to_owned(), old.key_set().to_string()));

    // Published: what signs is the former key.
    let now = world.roll_out(Keys(&old, &both));
    assert_eq!((now.log_in().await.key_id(), now.published().await), (old.id().to_owned(), both.to_string()));
    assert_eq!(now.takes(&before).await, good());

    // Switched: the former one's tokens live out their quarter of an hour, and what is renewed is the new one's.
    let now = world.roll_out(Keys(&new, &both));
    let renewed = now.refresh(&before).await;
    assert_eq!((now.log_in().await.key_id(), renewed.key_id()), (new.id().to_owned(), new.id().to_owned()));
    assert_eq!((now.takes(&before).await, now.takes(&renewed).await), (good(), good()));

    // Dropped: the former one's tokens are nothing any more, and the sessions that they belonged to go on.
    let now = world.roll_out(Keys(&new, &new.key_set()));
    assert_eq!((now.takes(&before).await, now.takes(&renewed).await), (refused(), good()));
    assert_eq!(now.published().await, new.key_set().to_string());
    let again = now.refresh(&renewed).await;
    assert_eq!((again.key_id(), now.takes(&again).await), (new.id().to_owned(), good()));
}

#[tokio::test]
async fn a_leaked_key_is_dropped_at_once_at_the_price_of_a_renewal() {
    let world = World::new().await;
    let (leaked, new) = (KeyPair::generate(), KeyPair::generate());
    let before = world.roll_out(Keys(&leaked, &leaked.key_set())).log_in().await;
    let now = world.roll_out(Keys(&new, &new.key_set()));
    assert_eq!(now.takes(&before).await, refused());
    let renewed = now.refresh(&before).await;
    assert_eq!(now.takes(&renewed).await, good());
}

#[tokio::test]
async fn a_step_too_early_starts_nothing_that_signs() {
    let world = World::new().await;
    let (old, new) = (KeyPair::generate(), KeyPair::generate());
    let both = old.key_set().beside(&new).expect("another key");
    let fault = "JWT_VERIFY_KEYS does not hold the public half of JWT_SIGNING_KEY under its id";
    world.check_start(Keys(&old, &both), Ok(()));
    world.check_start(Keys(&new, &both), Ok(()));
    // It signs before it is published, or is dropped while it signs.
    world.check_start(Keys(&new, &old.key_set()), Err(fault));
    world.check_start(Keys(&old, &new.key_set()), Err(fault));
}

#[tokio::test]
async fn where_a_key_is_not_published_yet_its_tokens_are_refused() {
    let world = World::new().await;
    let (old, new) = (KeyPair::generate(), KeyPair::generate());
    let both = old.key_set().beside(&new).expect("another key");
    let behind = world.roll_out(Keys(&old, &old.key_set()));
    let ahead = world.roll_out(Keys(&new, &both));
    let tokens = ahead.log_in().await;
    assert_eq!((ahead.takes(&tokens).await, behind.takes(&tokens).await), (good(), refused()));
}
