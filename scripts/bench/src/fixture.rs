//! What is measured: a database with people who subscribe, a title, plays that go on, and an account with a password.

use argon2::{Argon2, PasswordHasher, password_hash};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use streamly::ids::StreamId;
use testkit::{Database, Person, Subscription, Video, bearer};
use tokio_postgres::Client;

use crate::load::{Connection, Shot};

/// People who watch in turn: playback limits how often one of them may ask.
const PEOPLE: usize = 2_000;
/// Accounts that log in by turns, as no single one does at that rate.
const ACCOUNTS: usize = 50;
/// Their password.
pub(crate) const PASSWORD: &str = "a long password of nobody else";
/// The number of the first of those, so that all addresses are of one length.
pub(crate) const FIRST_PERSON: u64 = 1_000_000;
/// The longest wait for a program to listen, in seconds.
const READY_S_MAX: u64 = 10;

/// Variables of a program.
pub(crate) type Variables = Vec<(String, String)>;

/// Everything that is arranged before anything is measured.
pub(crate) struct Fixture {
    /// What playback is started with.
    pub(crate) playback_variables: Variables,
    /// What its floor is started with.
    pub(crate) floor_variables: Variables,
    /// What login is started with.
    pub(crate) login_variables: Variables,
    /// One request for the title by each person, each going on with a play.
    pub(crate) playback: Arc<[Shot]>,
    /// The same requests as the floor reads them: the ids as path segments.
    pub(crate) floor: Arc<[Shot]>,
    /// A login of each account.
    pub(crate) login: Arc<[Shot]>,
    /// Dropped last: with it goes the database.
    _database: Database,
}

impl Fixture {
    /// Arranges it all.
    pub(crate) async fn new() -> Result<Self, Box<dyn Error>> {
        let database = Database::new().await;
        let owner = database.owner().await;
        let video = Video::default();
        video.insert(&owner).await;
        let (mut playback, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..PEOPLE {
            let person = Person::new(&owner).await;
            Subscription::default().insert(&owner, &person).await;
            let play = StreamId::new();
            let insert = "insert into streams (id, user_id, video_id) values ($1, $2, $3)";
            owner.execute(insert, &[&play.uuid(), &person.id.uuid(), &video.id.uuid()]).await?;
            let path = format!("/v1/videos/{}/playback?session_id={play}", video.id);
            playback.push(Shot::get(&path, &[("authorization", &bearer(&person))]));
            floor.push(Shot::get(&format!("/{}/{}/{}/{play}", video.id, person.id, person.session), &[]));
        }
        let login = accounts(&owner).await?;
        owner.batch_execute("analyze").await?;
        let variables = |function: &str, changes: &[(&str, &str)]| {
            testkit::variables(&database, function, changes).into_iter().collect()
        };
        Ok(Self {
            playback_variables: variables("playback", &[]),
            floor_variables: variables("playback", &[]),
            login_variables: variables("login", &[("THROTTLE_IP_CREDENTIALS", "1000000/1")]),
            playback: playback.into(),
            floor: floor.into(),
            login: login.into(),
            _database: database,
        })
    }
}

/// The hash of their password, of the parameters that login has by default.
pub(crate) fn password_hash() -> Result<String, Box<dyn Error>> {
    let hashed = Argon2::default().hash_password_with_salt(PASSWORD.as_bytes(), b"sixteen byte salt");
    let phc: password_hash::phc::PasswordHash = hashed.map_err(|error| error.to_string())?;
    Ok(phc.to_string())
}

/// People with that password, and the requests that log them in.
async fn accounts(owner: &Client) -> Result<Vec<Shot>, Box<dyn Error>> {
    let phc = password_hash()?;
    let mut logins = Vec::new();
    for _ in 0..ACCOUNTS {
        let person = Person::new(owner).await;
        let insert = "insert into credentials (user_id, kind, phc) values ($1, 'password', $2)";
        owner.execute(insert, &[&person.id.uuid(), &phc]).await?;
        let body = serde_json::json!({"email": person.email, "password": PASSWORD});
        logins.push(Shot::post("/v1/login", body.to_string().as_bytes()));
    }
    Ok(logins)
}

/// So many people with that password, verified: `person-<number>@example.com`, counted from a million.
pub(crate) async fn people(owner: &Client, count: u64) -> Result<(), Box<dyn Error>> {
    let phc = password_hash()?;
    let last = FIRST_PERSON + count - 1;
    let users = format!(
        "insert into users (id, email, email_canonical, verified_at)
         select ('00000000-0000-7000-8000-00000' || n)::uuid, 'person-' || n || '@example.com',
                'person-' || n || '@example.com', now()
           from generate_series({FIRST_PERSON}, {last}) n"
    );
    owner.batch_execute(&users).await?;
    let credentials = "insert into credentials (user_id, kind, phc) select id, 'password', $1 from users";
    owner.execute(credentials, &[&phc]).await?;
    owner.batch_execute("vacuum (analyze) users").await?;
    owner.batch_execute("vacuum (analyze) credentials").await?;
    Ok(())
}

/// Waits until a program listens, so that its start is no part of the load.
pub(crate) async fn ready(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    while let Err(error) = Connection::open(address).await {
        if started.elapsed() > Duration::from_secs(READY_S_MAX) {
            return Err(error.into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}
