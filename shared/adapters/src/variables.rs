//! The variables that several functions read, each with its rule and its default in one place. Each of these reads all that
//! it needs before it looks at any, so a function calls them all first and takes their results afterwards; then one line
//! names every fault.

use functions_framework::env::{Invalid, Reader};
use streamly::accounts::hash::Cost;
use streamly::accounts::token::{Signer, SigningKey};
use streamly::accounts::verify::{TokenHeader, Verifier, VerifyKeys};
use streamly::accounts::{Audience, Issuer, KeyId};
use streamly::billing::stripe::{ApiBase, SecretKey, Stripe};
use streamly::clock::Clock;
use streamly::db::{CaFile, Pool, PoolSize, Settings, viewers};
use streamly::video::cloudflare::CloudflareStream;
use streamly::video::key::PrivateKey;
use streamly::video::mux::Mux;
use streamly::video::providers::Providers;
use streamly::video::{self, BaseUrl, Domain};

use crate::callers::Callers;

/// How long a subscription goes on while a payment is due, in days, unless `PAST_DUE_GRACE_DAYS` says otherwise.
const PAST_DUE_GRACE_DAYS: u16 = 7;
/// How long a paid period goes on while its renewal is on the way, in hours, unless `RENEWAL_LEEWAY_HOURS` says otherwise:
/// as long as Stripe retries the event.
const RENEWAL_LEEWAY_HOURS: u16 = 72;

/// `DATABASE_URL` and `DATABASE_CA_FILE`: where the database is, and what verifies it.
pub fn database_settings(env: &mut Reader<'_>) -> Result<(Settings, Option<CaFile>), Invalid> {
    let settings = env.required_secret::<Settings>("DATABASE_URL");
    let ca = env.optional::<CaFile>("DATABASE_CA_FILE");
    let (settings, ca) = (settings?, ca?);
    if settings.needs_ca() && ca.is_none() {
        return Err(env.fault("DATABASE_CA_FILE", "is not set, and sslmode=verify-full needs it"));
    }
    Ok((settings, ca))
}

/// The same and `DATABASE_POOL_SIZE`: connections on loan. Opens none.
pub fn database(env: &mut Reader<'_>) -> Result<Pool, Invalid> {
    let database = database_settings(env);
    let size = env.or("DATABASE_POOL_SIZE", PoolSize::default());
    let (settings, ca) = database?;
    Ok(Pool::new(settings, ca.as_ref(), size?))
}

/// `JWT_ISSUER`, `JWT_AUDIENCE` and `JWT_VERIFY_KEYS`: what a caller's token is checked against, by this clock.
pub fn verifier(env: &mut Reader<'_>, clock: Clock) -> Result<Verifier, Invalid> {
    let issuer = env.required::<Issuer>("JWT_ISSUER");
    let audience = env.required::<Audience>("JWT_AUDIENCE");
    let keys = env.required::<VerifyKeys>("JWT_VERIFY_KEYS");
    Ok(Verifier::new(keys?, issuer?, audience?, clock))
}

/// The same and `AUTH_TOKEN_HEADER`: who calls.
pub fn callers(env: &mut Reader<'_>) -> Result<Callers, Invalid> {
    let verifier = verifier(env, Clock::system());
    let token_header = env.or("AUTH_TOKEN_HEADER", TokenHeader::default());
    Ok(Callers { verifier: verifier?, token_header: token_header? })
}

/// What an issuer of access tokens has.
#[derive(Debug)]
pub struct Issuing {
    /// Signs them.
    pub signer: Signer,
    /// The keys that verify them, the signer's among them.
    pub verify_keys: VerifyKeys,
    /// Checks them.
    pub verifier: Verifier,
}

/// `JWT_ISSUER`, `JWT_AUDIENCE`, `JWT_SIGNING_KEY`, `JWT_SIGNING_KEY_ID` and `JWT_VERIFY_KEYS`: the signer, whose tokens the
/// published keys verify. One that is switched before its key is published does not start.
pub fn issuing(env: &mut Reader<'_>) -> Result<Issuing, Invalid> {
    let issuer = env.required::<Issuer>("JWT_ISSUER");
    let audience = env.required::<Audience>("JWT_AUDIENCE");
    let signing_key = env.required_secret::<SigningKey>("JWT_SIGNING_KEY");
    let id = env.required::<KeyId>("JWT_SIGNING_KEY_ID");
    let verify_keys = env.required::<VerifyKeys>("JWT_VERIFY_KEYS");
    let (key, id, verify_keys) = (signing_key?, id?, verify_keys?);
    let (issuer, audience) = (issuer?, audience?);
    let signer = Signer::new(key, id, issuer.clone(), audience.clone(), Clock::system())
        .map_err(|error| env.fault("JWT_SIGNING_KEY", &format!(": {error}")))?;
    signer.check_against(&verify_keys).map_err(|_| {
        env.fault("JWT_VERIFY_KEYS", "does not hold the public half of JWT_SIGNING_KEY under its id")
    })?;
    let verifier = Verifier::new(verify_keys.clone(), issuer, audience, Clock::system());
    Ok(Issuing { signer, verify_keys, verifier })
}

/// `ARGON2_MEMORY_KIB` and `ARGON2_TIME_COST`: what a hash costs, in every function that computes one.
pub fn hash_cost(env: &mut Reader<'_>) -> Result<Cost, Invalid> {
    let memory_kib = env.or("ARGON2_MEMORY_KIB", Cost::default().memory_kib());
    let time_cost = env.or("ARGON2_TIME_COST", Cost::default().time_cost());
    Cost::new(memory_kib?, time_cost?)
        .map_err(|error| env.fault("ARGON2_MEMORY_KIB, ARGON2_TIME_COST", &format!(": {error}")))
}

/// `STRIPE_SECRET_KEY`, `STRIPE_API_BASE` and `STRIPE_LIVEMODE`: Stripe, and whether this deployment is about real money.
pub fn stripe(env: &mut Reader<'_>) -> Result<(Stripe, bool), Invalid> {
    let key = env.required_secret::<SecretKey>("STRIPE_SECRET_KEY");
    let base = env.or("STRIPE_API_BASE", ApiBase::default());
    let stated = env.optional::<bool>("STRIPE_LIVEMODE");
    let (key, stated) = (key?, stated?);
    let livemode = key.mode(stated).map_err(|fault| env.fault("STRIPE_LIVEMODE", &fault.to_string()))?;
    Ok((Stripe::new(base?, key), livemode))
}

/// How long access outlives what was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leeway {
    /// How long a subscription goes on while a payment is due, in days.
    pub past_due_grace_days: u16,
    /// How long a paid period goes on while its renewal is on the way, in hours.
    pub renewal_leeway_hours: u16,
}

impl Leeway {
    /// The rules by which subscriptions count, in this mode and with these plans.
    pub fn rules<'a>(self, livemode: bool, plans: &'a [&'a str]) -> viewers::Rules<'a> {
        let Self { past_due_grace_days, renewal_leeway_hours } = self;
        viewers::Rules { livemode, renewal_leeway_hours, past_due_grace_days, plans }
    }
}

/// `PAST_DUE_GRACE_DAYS` and `RENEWAL_LEEWAY_HOURS`, for everyone who grants or tells of access.
pub fn leeway(env: &mut Reader<'_>) -> Result<Leeway, Invalid> {
    let past_due_grace_days = env.or("PAST_DUE_GRACE_DAYS", PAST_DUE_GRACE_DAYS);
    let renewal_leeway_hours = env.or("RENEWAL_LEEWAY_HOURS", RENEWAL_LEEWAY_HOURS);
    Ok(Leeway { past_due_grace_days: past_due_grace_days?, renewal_leeway_hours: renewal_leeway_hours? })
}

/// `MUX_SIGNING_KEY`, `MUX_PRIVATE_KEY`, `MUX_STREAM_BASE_URL`, `MUX_IMAGE_BASE_URL`, `CLOUDFLARE_STREAM_KEY_ID`,
/// `CLOUDFLARE_STREAM_PRIVATE_KEY` and `CLOUDFLARE_STREAM_DOMAIN`: who streams. A provider of which nothing is set is off;
/// one that is half set is a fault.
pub fn providers(env: &mut Reader<'_>) -> Result<Providers, Invalid> {
    let mux = mux(env);
    let cloudflare = cloudflare(env);
    Ok(Providers { mux: mux?, cloudflare: cloudflare? })
}

fn mux(env: &mut Reader<'_>) -> Result<Option<Mux>, Invalid> {
    let id = env.optional::<video::key::KeyId>("MUX_SIGNING_KEY");
    let key = env.optional_secret::<PrivateKey>("MUX_PRIVATE_KEY");
    let stream = base_url(env, "MUX_STREAM_BASE_URL", "https://stream.mux.com");
    let image = base_url(env, "MUX_IMAGE_BASE_URL", "https://image.mux.com");
    let (id, key, stream, image) = (id?, key?, stream?, image?);
    match (id, key) {
        (Some(id), Some(key)) => Ok(Some(Mux::new(id, key, stream, image))),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(env.fault("MUX_SIGNING_KEY", "is not set, but MUX_PRIVATE_KEY is")),
        (Some(_), None) => Err(env.fault("MUX_PRIVATE_KEY", "is not set, but MUX_SIGNING_KEY is")),
    }
}

fn base_url(env: &mut Reader<'_>, name: &'static str, default: &str) -> Result<BaseUrl, Invalid> {
    env.or(name, default.parse().expect("the default is an address"))
}

fn cloudflare(env: &mut Reader<'_>) -> Result<Option<CloudflareStream>, Invalid> {
    let id = env.optional::<video::key::KeyId>("CLOUDFLARE_STREAM_KEY_ID");
    let key = env.optional_secret::<PrivateKey>("CLOUDFLARE_STREAM_PRIVATE_KEY");
    let domain = env.optional::<Domain>("CLOUDFLARE_STREAM_DOMAIN");
    let (id, key, domain) = (id?, key?, domain?);
    let (has_id, has_key, has_domain) = (id.is_some(), key.is_some(), domain.is_some());
    if let (Some(id), Some(key), Some(domain)) = (id, key, domain) {
        return Ok(Some(CloudflareStream::new(id, key, domain)));
    }
    let is_set = [
        ("CLOUDFLARE_STREAM_KEY_ID", has_id),
        ("CLOUDFLARE_STREAM_PRIVATE_KEY", has_key),
        ("CLOUDFLARE_STREAM_DOMAIN", has_domain),
    ];
    if is_set.iter().all(|(_, is_set)| !is_set) {
        return Ok(None);
    }
    let missing = is_set.iter().filter(|(_, is_set)| !is_set);
    for (name, _) in missing {
        env.fault(name, "is not set, but another of Cloudflare Stream's variables is");
    }
    Err(Invalid)
}

#[cfg(test)]
mod tests {
    use super::{Leeway, database, hash_cost, leeway, stripe};
    use functions_framework::env::{Invalid, Reader, read_from};
    use std::collections::HashMap;

    /// Reads these variables; an empty text is a success.
    #[track_caller]
    fn check<T>(
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, Invalid>,
        variables: &[(&str, &str)],
        expected: &str,
    ) {
        let source: HashMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let found = read_from(&source, read).err().map(|faults| faults.to_string()).unwrap_or_default();
        assert_eq!(found.strip_prefix("invalid configuration: ").unwrap_or(&found), expected);
    }

    #[test]
    fn a_server_that_is_to_be_verified_needs_its_authority() {
        let url = |mode: &str| format!("postgres://u:hunter2@db.example/streamly?sslmode={mode}");
        check(database, &[("DATABASE_URL", &url("require"))], "");
        let missing = "DATABASE_CA_FILE is not set, and sslmode=verify-full needs it";
        check(database, &[("DATABASE_URL", &url("verify-full"))], missing);
        let unreadable = "DATABASE_CA_FILE: the file cannot be read or holds no PEM certificate";
        check(
            database,
            &[("DATABASE_URL", &url("verify-full")), ("DATABASE_CA_FILE", "/nowhere.pem")],
            unreadable,
        );
    }

    #[test]
    fn every_fault_of_the_database_is_named_at_once() {
        let size = "DATABASE_POOL_SIZE: must be a number from 1 to 100";
        check(database, &[("DATABASE_POOL_SIZE", "0")], &format!("DATABASE_URL is not set; {size}"));
        check(database, &[("DATABASE_URL", "host=db.example"), ("DATABASE_POOL_SIZE", "101")], size);
        check(database, &[("DATABASE_URL", "host=db.example"), ("DATABASE_POOL_SIZE", "100")], "");
    }

    #[test]
    fn a_hash_costs_no_less_than_the_floor() {
        let cost = |memory: &'static str, time: &'static str| {
            [("ARGON2_MEMORY_KIB", memory), ("ARGON2_TIME_COST", time)]
        };
        let floor = "ARGON2_MEMORY_KIB, ARGON2_TIME_COST: needs 19456 KiB with 2 passes, or 47104 KiB with 1, or more";
        check(hash_cost, &[], "");
        check(hash_cost, &cost("19456", "2"), "");
        check(hash_cost, &cost("19455", "2"), floor);
        check(hash_cost, &cost("47104", "1"), "");
        check(hash_cost, &cost("47103", "1"), floor);
    }

    #[test]
    fn the_mode_is_the_keys_unless_only_the_operator_knows_it() {
        check(stripe, &[("STRIPE_SECRET_KEY", "sk_test_a1"), ("STRIPE_LIVEMODE", "false")], "");
        check(stripe, &[("STRIPE_SECRET_KEY", "sk_test_a1")], "");
        let key = ("STRIPE_SECRET_KEY", "sk_live_a1");
        let source: HashMap<String, String> = [(key.0.to_owned(), key.1.to_owned())].into();
        assert!(read_from(&source, stripe).is_ok_and(|(_, livemode)| livemode));
    }

    #[test]
    fn access_outlives_what_was_paid_by_a_week_and_by_three_days() {
        let source: HashMap<String, String> = HashMap::new();
        let expected = Leeway { past_due_grace_days: 7, renewal_leeway_hours: 72 };
        assert_eq!(read_from(&source, leeway).ok(), Some(expected));
        check(leeway, &[("PAST_DUE_GRACE_DAYS", "-1")], "PAST_DUE_GRACE_DAYS: invalid digit found in string");
    }
}
