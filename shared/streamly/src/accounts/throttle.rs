//! Limits against guessing, counted in Postgres, so that they hold for all instances together.
//!
//! Two kinds: so many requests of one client in a window, and so many attempts on one account in a run. Keys are hashes
//! of a label and an address, so that the table holds no address.

use ring::digest::{Context, SHA256};
use std::collections::HashSet;
use std::str::FromStr;
use std::time::Duration;
use tokio_postgres::GenericClient;

use super::address::Address;
use super::client::Client;
use crate::db::{Error, auth_throttle};
use crate::ids::UserId;

/// The most windows of one limit.
const WINDOWS_MAX: usize = 8;
/// The most exports of one person in a window: each reads every table.
const EXPORTS_MAX: i32 = 5;
/// That window, in seconds.
const EXPORT_WINDOW_S: i32 = 3_600;
/// The longest window, in seconds.
const WINDOW_S_MAX: i32 = 86_400;

/// A counter's name: the SHA-256 of a label and of what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// Attempts to log in to one account; also how audit events name an account that may not exist.
    pub fn account(address: &Address) -> Self {
        Self::of(&["account", address.canonical()])
    }

    /// Mails to one address, of all purposes.
    pub fn mail(address: &Address) -> Self {
        Self::of(&["mail", address.canonical()])
    }

    /// Mails that tell an owner of somebody's attempt to register again.
    pub fn mail_already_registered(address: &Address) -> Self {
        Self::of(&["mail-already-registered", address.canonical()])
    }

    /// Changes of an account's address: each one mails an address that somebody chose.
    pub fn email_change(address: &Address) -> Self {
        Self::of(&["email-change", address.canonical()])
    }

    /// Exports of one person.
    fn export(user: UserId) -> Self {
        Self::of(&["export", &user.to_string()])
    }

    /// The bytes, for a statement's parameter.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// No part holds a zero byte, so no two lists of parts are hashed alike.
    fn of(parts: &[&str]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part.as_bytes());
            context.update(&[0]);
        }
        Self(context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }
}

/// So many requests of one client in so many seconds; all windows hold at once. Read from `count/seconds` lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientLimits(Vec<Window>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    count_max: i32,
    seconds: i32,
}

impl ClientLimits {
    /// `THROTTLE_IP_CREDENTIALS`: better-auth's 3 in 10 s against bursts, 60 in 5 min for a household.
    pub fn credentials() -> Self {
        Self(vec![Window { count_max: 3, seconds: 10 }, Window { count_max: 60, seconds: 300 }])
    }

    /// `THROTTLE_IP_REGISTER`.
    pub fn register() -> Self {
        Self(vec![Window { count_max: 10, seconds: 3_600 }])
    }

    /// `THROTTLE_IP_REFRESH`: Supabase Auth's 150 in 5 min, in bursts of 30.
    pub fn refresh() -> Self {
        Self(vec![Window { count_max: 30, seconds: 10 }, Window { count_max: 150, seconds: 300 }])
    }
}

impl FromStr for ClientLimits {
    type Err = InvalidLimits;

    fn from_str(text: &str) -> Result<Self, InvalidLimits> {
        let window = |item: &str| {
            let (count, seconds) = item.split_once('/')?;
            let (count_max, seconds) = (count.trim().parse().ok()?, seconds.trim().parse().ok()?);
            ((1..=i32::MAX).contains(&count_max) && (1..=WINDOW_S_MAX).contains(&seconds))
                .then_some(Window { count_max, seconds })
        };
        let windows: Vec<Window> = text.split(',').map(window).collect::<Option<_>>().ok_or(InvalidLimits)?;
        // Windows of one length would share a counter.
        let lengths: HashSet<i32> = windows.iter().map(|window| window.seconds).collect();
        if windows.len() > WINDOWS_MAX || lengths.len() < windows.len() {
            return Err(InvalidLimits);
        }
        Ok(Self(windows))
    }
}

/// A text that is no list of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a list of count/seconds, each at least 1, of different lengths up to a day, such as 3/10,60/300"
)]
pub struct InvalidLimits;

/// Whether somebody may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Now; this time was counted.
    Now,
    /// Not before so long.
    After(Duration),
}

/// Counts a request of this client to this route, and says whether it is within the limits.
pub async fn count_client(
    database: &impl GenericClient,
    route: &str,
    client: &Client,
    limits: &ClientLimits,
) -> Result<Turn, Error> {
    let bucket = client.bucket();
    let key = |window: &Window| Key::of(&["client", route, &bucket, &window.seconds.to_string()]);
    let keys: Vec<Key> = limits.0.iter().map(key).collect();
    let seconds: Vec<i32> = limits.0.iter().map(|window| window.seconds).collect();
    let bytes: Vec<&[u8]> = keys.iter().map(Key::as_bytes).collect();
    let counts = auth_throttle::count_windows(database, &bytes, &seconds).await?;
    let exceeded = limits.0.iter().zip(&keys).filter_map(|(window, key)| {
        let found = counts.iter().find(|count| count.key == key.as_bytes())?;
        (found.count > window.count_max).then(|| wait(found.wait_s))
    });
    Ok(exceeded.max().map_or(Turn::Now, Turn::After))
}

/// Counts an attempt on this account before its password is looked at, so that parallel guesses pass no limit.
pub async fn count_attempt(database: &impl GenericClient, account: Key) -> Result<Turn, Error> {
    let locked = auth_throttle::count_attempt(database, account.as_bytes()).await?;
    Ok(locked.map_or(Turn::Now, |wait_s| Turn::After(wait(wait_s))))
}

/// Counts an export of this person, and says whether it is within their limit.
pub async fn count_export(database: &impl GenericClient, user: UserId) -> Result<Turn, Error> {
    let key = Key::export(user);
    let counts = auth_throttle::count_windows(database, &[key.as_bytes()], &[EXPORT_WINDOW_S]).await?;
    let exceeded = counts.iter().find(|count| count.count > EXPORTS_MAX);
    Ok(exceeded.map_or(Turn::Now, |count| Turn::After(wait(count.wait_s))))
}

/// Takes back an attempt that got no verdict.
pub async fn take_back(database: &impl GenericClient, account: Key) -> Result<(), Error> {
    auth_throttle::take_back(database, account.as_bytes()).await
}

/// Ends the run of attempts on this account.
pub async fn forget(database: &impl GenericClient, account: Key) -> Result<(), Error> {
    auth_throttle::forget(database, account.as_bytes()).await
}

fn wait(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or_default().max(1))
}

#[cfg(test)]
mod tests {
    use super::{ClientLimits, Key, Window};

    #[track_caller]
    fn check(text: &str, expected: Option<&[(i32, i32)]>) {
        let windows = |list: &[(i32, i32)]| {
            ClientLimits(list.iter().map(|&(count_max, seconds)| Window { count_max, seconds }).collect())
        };
        assert_eq!(text.parse::<ClientLimits>().ok(), expected.map(windows), "{text}");
    }

    #[test]
    fn limits_are_lists_of_counts_and_seconds() {
        check("3/10", Some(&[(3, 10)]));
        check("3/10,60/300", Some(&[(3, 10), (60, 300)]));
        check(" 3 / 10 , 60/300 ", Some(&[(3, 10), (60, 300)]));
        check("1/1", Some(&[(1, 1)]));
        check("1/86400", Some(&[(1, 86_400)]));
        for text in
            ["", ",", "3", "3/", "/10", "0/10", "3/0", "3/86401", "-3/10", "3/10,", "3/10/1", "a/b", "3.5/10"]
        {
            check(text, None);
        }
        check("3/10,60/10", None);
        check("1/1,1/2,1/3,1/4,1/5,1/6,1/7,1/8", Some(&[1, 2, 3, 4, 5, 6, 7, 8].map(|seconds| (1, seconds))));
        check("1/1,1/2,1/3,1/4,1/5,1/6,1/7,1/8,1/9", None);
        assert_eq!("3/10,60/300".parse(), Ok(ClientLimits::credentials()));
        assert_eq!("10/3600".parse(), Ok(ClientLimits::register()));
        assert_eq!("30/10,150/300".parse(), Ok(ClientLimits::refresh()));
    }

    #[test]
    fn every_purpose_counts_apart_and_every_spelling_together() {
        let (one, other) = ("a@example.com".parse().unwrap(), "A@EXAMPLE.com".parse().unwrap());
        assert_eq!(Key::account(&one), Key::account(&other));
        assert_ne!(Key::account(&one), Key::mail(&one));
        assert_ne!(Key::mail(&one), Key::mail_already_registered(&one));
        assert_ne!(Key::mail(&one), Key::email_change(&one));
        assert_ne!(Key::of(&["a", "bc"]), Key::of(&["ab", "c"]));
    }
}
