//! What each function's role must not do, tried. That it may do what it needs, its own tests show: they run under it.

use std::collections::BTreeSet;
use testkit::Database;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

/// A function and a statement that its role must be refused.
const REFUSED: &[(&str, &str)] = &[
    // A password's hash is read where passwords are verified, and nowhere else.
    ("checkout", "select phc from credentials"),
    ("playback", "select phc from credentials"),
    ("webhook", "select phc from credentials"),
    // Nor is anybody's address, where it is not needed.
    ("playback", "select email from users"),
    ("webhook", "select email from users"),
    // Accounts are written by the functions of accounts.
    ("checkout", "update users set email = ''"),
    ("checkout", "update users set scope = 'user admin'"),
    ("login", "update users set verified_at = now()"),
    ("login", "update users set scope = 'user admin'"),
    ("login", "insert into users (id, email, email_canonical) values (gen_random_uuid(), '', '')"),
    ("playback", "update users set scope = 'user admin'"),
    ("register", "update users set scope = 'user admin'"),
    ("webhook", "update users set scope = 'user admin'"),
    // Nobody makes a session but who has seen a password.
    ("checkout", "insert into sessions (id) values (gen_random_uuid())"),
    ("playback", "update sessions set revoked_at = null"),
    ("register", "insert into sessions (id) values (gen_random_uuid())"),
    ("register", "update sessions set idle_expires_at = now() + interval '1 year'"),
    ("webhook", "select id from sessions"),
    // What somebody has paid for is written by Stripe's events alone.
    ("checkout", "update subscriptions set status = 'active'"),
    ("login", "select id from subscriptions"),
    ("playback", "update subscriptions set status = 'active'"),
    ("register", "select id from subscriptions"),
    ("checkout", "select payload from payment_logs"),
    ("playback", "select id from payment_logs"),
    ("webhook", "delete from payment_logs"),
    ("webhook", "delete from subscriptions"),
    // Who opens the portal knows the customer, and who tells the status the subscriptions: neither the other's, nor more.
    ("portal", "select email from users"),
    ("portal", "select phc from credentials"),
    ("portal", "select status from subscriptions"),
    ("portal", "select user_agent from sessions"),
    ("portal", "update users set stripe_customer_id = null"),
    ("portal", "update sessions set revoked_at = null"),
    ("subscription", "select id from users"),
    ("subscription", "select id from sessions"),
    ("subscription", "select stripe_customer_id from subscriptions"),
    ("subscription", "select id from payment_logs"),
    ("subscription", "update subscriptions set status = 'active'"),
    ("subscription", "delete from subscriptions"),
    // Who goes on with sessions begins none, moves neither their end nor their owner, and knows nobody.
    ("token", "insert into sessions (id) values (gen_random_uuid())"),
    ("token", "update sessions set absolute_expires_at = now() + interval '1 year'"),
    ("token", "update sessions set auth_time = now()"),
    ("token", "update sessions set user_id = gen_random_uuid()"),
    ("token", "delete from sessions"),
    ("token", "select user_agent from sessions"),
    ("token", "select email from users"),
    ("token", "select phc from credentials"),
    ("token", "update users set scope = 'user admin'"),
    ("token", "delete from auth_throttle"),
    ("token", "select id from auth_events"),
    // Who settles subscriptions and erases who left needs nobody's address and ends no history.
    ("reconcile", "select email from users"),
    ("reconcile", "select phc from credentials"),
    ("reconcile", "select email_canonical from users"),
    ("reconcile", "select user_agent from sessions"),
    ("reconcile", "update sessions set revoked_at = null"),
    ("reconcile", "insert into sessions (id) values (gen_random_uuid())"),
    ("reconcile", "select hash from one_time_tokens"),
    ("reconcile", "select params from mail_outbox"),
    ("reconcile", "update mail_outbox set recipient = ''"),
    ("reconcile", "select subject_hash from auth_events"),
    ("reconcile", "delete from auth_events"),
    ("reconcile", "update credentials set phc = ''"),
    ("reconcile", "update users set deleted_at = now()"),
    ("reconcile", "delete from users"),
    ("reconcile", "update users set scope = 'user admin'"),
    ("reconcile", "delete from subscriptions"),
    ("reconcile", "delete from payment_logs"),
    // Who sends mails writes none, sends none elsewhere, and knows nobody but their recipients.
    (
        "mailer",
        "insert into mail_outbox (id, recipient, template, expires_at) values (gen_random_uuid(), '', '', now())",
    ),
    ("mailer", "update mail_outbox set recipient = ''"),
    ("mailer", "update mail_outbox set template = ''"),
    ("mailer", "delete from mail_outbox"),
    ("mailer", "select id from users"),
    ("mailer", "select hash from one_time_tokens"),
    ("mailer", "select key from auth_throttle"),
    ("register", "select params from mail_outbox"),
    ("login", "select params from mail_outbox"),
    // Who replaces passwords changes no address, and who changes addresses no password; neither makes an account.
    ("password", "update users set email = ''"),
    ("password", "update users set email_canonical = ''"),
    ("password", "update users set scope = 'user admin'"),
    ("password", "insert into users (id, email, email_canonical) values (gen_random_uuid(), '', '')"),
    ("password", "update sessions set idle_expires_at = now() + interval '1 year'"),
    ("password", "update sessions set revoked_at = null, auth_time = now()"),
    ("password", "select params from mail_outbox"),
    ("password", "delete from credentials"),
    ("password", "delete from auth_events"),
    ("password", "select id from subscriptions"),
    ("email", "update credentials set phc = ''"),
    ("email", "insert into credentials (user_id, kind, phc) values (gen_random_uuid(), 'password', '')"),
    ("email", "update users set scope = 'user admin'"),
    ("email", "update users set disabled_at = null"),
    ("email", "insert into users (id, email, email_canonical) values (gen_random_uuid(), '', '')"),
    ("email", "insert into sessions (id) values (gen_random_uuid())"),
    ("email", "update sessions set revoked_at = null"),
    ("email", "select params from mail_outbox"),
    ("email", "delete from auth_events"),
    ("email", "select stripe_customer_id from users"),
    // Titles are read by who serves them.
    ("checkout", "select id from videos"),
    ("login", "select id from videos"),
    ("playback", "update videos set access = 'free'"),
    ("playback", "delete from streams"),
    ("webhook", "select id from videos"),
    // Who shows titles knows no viewer, and nothing of an asset beyond its poster.
    ("catalog", "select id from users"),
    ("catalog", "select id from sessions"),
    ("catalog", "select user_id from watch_progress"),
    ("catalog", "select id from streams"),
    ("catalog", "select provider_asset_id from videos"),
    ("catalog", "select error_message from videos"),
    ("catalog", "select uploader_id from videos"),
    ("catalog", "update videos set published_at = now()"),
    ("catalog", "delete from videos"),
    // Who keeps a viewer's place opens no play, and neither changes nor forgets anything else.
    (
        "progress",
        "insert into streams (id, user_id, video_id) values (gen_random_uuid(), gen_random_uuid(), gen_random_uuid())",
    ),
    ("progress", "update streams set user_id = gen_random_uuid()"),
    ("progress", "update streams set started_at = now()"),
    ("progress", "delete from streams"),
    ("progress", "delete from watch_progress"),
    ("progress", "update watch_progress set user_id = gen_random_uuid()"),
    ("progress", "update videos set access = 'free'"),
    ("progress", "select provider_asset_id from videos"),
    ("progress", "select email from users"),
    ("progress", "update users set scope = 'user admin'"),
    ("progress", "update sessions set revoked_at = null"),
    ("progress", "select stripe_subscription_id from subscriptions"),
    ("progress", "update subscriptions set status = 'active'"),
    // Who hears of titles opens none, makes none, forgets no event, and knows no viewer.
    ("video-webhook", "update videos set access = 'free'"),
    ("video-webhook", "update videos set min_tier = null"),
    ("video-webhook", "update videos set published_at = now()"),
    ("video-webhook", "update videos set uploader_id = null"),
    ("video-webhook", "insert into videos (id, title) values (gen_random_uuid(), '')"),
    ("video-webhook", "delete from videos"),
    ("video-webhook", "select title from videos"),
    ("video-webhook", "delete from webhook_events"),
    ("video-webhook", "update webhook_events set event_id = ''"),
    ("video-webhook", "select id from users"),
    ("video-webhook", "select id from sessions"),
    ("video-webhook", "select id from subscriptions"),
    ("video-webhook", "select id from streams"),
    ("webhook", "select event_id from webhook_events"),
    // Who is told what is held on them, and ends it, sets no password, no address and no right.
    ("account", "update credentials set phc = ''"),
    ("account", "insert into credentials (user_id, kind, phc) values (gen_random_uuid(), 'password', '')"),
    ("account", "update users set email = ''"),
    ("account", "update users set scope = 'user admin'"),
    ("account", "update users set disabled_at = null"),
    ("account", "delete from users"),
    ("account", "insert into sessions (id) values (gen_random_uuid())"),
    ("account", "update sessions set idle_expires_at = now() + interval '1 year'"),
    ("account", "select counter from sessions"),
    ("account", "select params from mail_outbox"),
    ("account", "update subscriptions set status = 'active'"),
    ("account", "update payment_logs set user_id = null"),
    ("account", "update auth_events set name = ''"),
    ("account", "delete from auth_events"),
    ("account", "delete from watch_progress"),
    // What happened stays written.
    ("login", "delete from auth_events"),
    ("register", "update auth_events set name = ''"),
];

/// The functions that have a role.
const FUNCTIONS: [&str; 16] = [
    "account",
    "catalog",
    "checkout",
    "email",
    "login",
    "mailer",
    "password",
    "playback",
    "portal",
    "progress",
    "reconcile",
    "register",
    "subscription",
    "token",
    "video-webhook",
    "webhook",
];

async fn connect(database: &Database, function: &str) -> Client {
    let settings: streamly::db::Settings = database.url(function).parse().expect("our own address");
    settings.connect(None).await.expect("the role may connect")
}

#[track_caller]
fn check_refused(function: &str, statement: &str, result: &Result<u64, tokio_postgres::Error>) {
    let state = result.as_ref().err().and_then(tokio_postgres::Error::code).cloned();
    assert_eq!(state, Some(SqlState::INSUFFICIENT_PRIVILEGE), "{function}: {statement}: {result:?}");
}

#[tokio::test]
async fn no_role_does_what_its_function_must_not() {
    let database = Database::new().await;
    for function in FUNCTIONS {
        let client = connect(&database, function).await;
        for (_, statement) in REFUSED.iter().filter(|(role, _)| *role == function) {
            check_refused(function, statement, &client.execute(*statement, &[]).await);
        }
    }
}

#[tokio::test]
async fn no_role_changes_the_schema_or_makes_roles() {
    let database = Database::new().await;
    for function in FUNCTIONS {
        let client = connect(&database, function).await;
        for statement in
            ["create table mine (n integer)", "create role mine", "select name from schema_migrations"]
        {
            check_refused(function, statement, &client.execute(statement, &[]).await);
        }
    }
}

#[tokio::test]
async fn every_role_is_a_function_and_is_tried() {
    let database = Database::new().await;
    // Roles are the whole server's; those of another version have no right to this schema.
    let granted = r"
        select rolname from pg_roles
         where rolname like 'streamly\_%' and has_schema_privilege(rolname, 'public', 'usage')";
    let rows = database.owner().await.query(granted, &[]).await;
    let roles: BTreeSet<String> =
        rows.expect("the catalogue is readable").iter().map(|row| row.get(0)).collect();
    let functions: BTreeSet<String> =
        FUNCTIONS.iter().map(|name| format!("streamly_{}", name.replace('-', "_"))).collect();
    assert_eq!(roles, functions);
    let tried: BTreeSet<&str> = REFUSED.iter().map(|(function, _)| *function).collect();
    assert_eq!(tried, FUNCTIONS.into());
}
