//! Which variables are needed, and what is said of those that cannot be used.

use functions_framework::env::read_from;
use mailer::{AppUrl, Config, Relay, Sender};
use testkit::{Database, variables};

const RELAY: &str =
    "SMTP_URL: must be like smtp://host:port or smtps://user:password@host:port, without path or query";
const SENDER: &str = "MAIL_FROM: must be an address, such as mail@example.com, or a name and an address, such as \
    Streamly <mail@example.com>";
const APP: &str =
    "PUBLIC_APP_URL: must be an https address without query, fragment or user, or an http one on loopback";

/// Reads the standard variables with this one; an empty text is a success.
#[track_caller]
fn check(database: &Database, name: &str, value: &str, expected: &str) {
    let found = read_from(&variables(database, "mailer", &[(name, value)]), Config::read).err();
    let found = found.map(|faults| faults.to_string()).unwrap_or_default();
    assert_eq!(found.strip_prefix("invalid configuration: ").unwrap_or(&found), expected, "{value}");
}

#[tokio::test]
async fn every_fault_is_named_at_once() {
    let none = std::collections::HashMap::<String, String>::new();
    let faults = read_from(&none, Config::read).err().unwrap().to_string();
    let expected = "invalid configuration: DATABASE_URL is not set; SMTP_URL is not set; MAIL_FROM is not set; \
        PUBLIC_APP_URL is not set";
    assert_eq!(faults, expected);
}

#[tokio::test]
async fn a_relay_is_named_by_scheme_host_and_perhaps_a_login() {
    let database = Database::new().await;
    for good in [
        "smtp://relay.example",
        "smtp://relay.example:2525/",
        "smtps://user:p%40ss@relay.example:465",
        "smtp://user%40example.com:secret@relay.example:587",
        "smtp://127.0.0.1:1025",
        "smtp://[::1]:1025",
    ] {
        check(&database, "SMTP_URL", good, "");
    }
    for bad in [
        "relay.example",
        "https://relay.example",
        "smtp://",
        "smtp://user@relay.example",
        "smtp://user:@relay.example",
        "smtp://:secret@relay.example",
        "smtp://relay.example/path",
        "smtp://relay.example?tls=none",
        "smtp://relay.example#x",
        "smtp://relay.example:99999",
        "smtp://user:%ff@relay.example",
    ] {
        check(&database, "SMTP_URL", bad, RELAY);
    }
}

#[tokio::test]
async fn a_sender_is_an_address_with_or_without_a_name() {
    let database = Database::new().await;
    for good in ["mail@example.com", "Streamly <mail@example.com>", "\"Streamly, Inc.\" <mail@example.com>"] {
        check(&database, "MAIL_FROM", good, "");
    }
    for bad in
        ["Streamly", "mail@localhost", "a@example.com, b@example.com", "Streamly\r\nBcc: <eve@example.com>"]
    {
        check(&database, "MAIL_FROM", bad, SENDER);
    }
}

#[tokio::test]
async fn links_lead_to_https_but_for_loopback() {
    let database = Database::new().await;
    for good in
        ["https://app.example", "https://app.example/x/", "http://127.0.0.1:4000", "http://localhost:4000"]
    {
        check(&database, "PUBLIC_APP_URL", good, "");
    }
    for bad in [
        "http://app.example",
        "app.example",
        "javascript:alert(1)",
        "https://app.example/?x=1",
        "https://app.example/#x",
        "https://user:secret@app.example",
    ] {
        check(&database, "PUBLIC_APP_URL", bad, APP);
    }
    assert_eq!("https://app.example/x/".parse::<AppUrl>().unwrap().to_string(), "https://app.example/x");
}

#[test]
fn no_password_is_ever_shown() {
    let relay: Relay = "smtps://hunter:hunter2@relay.example".parse().unwrap();
    assert!(!format!("{relay:?}").contains("hunter"), "{relay:?}");
    assert!(!"smtp://hunter2@relay.example".parse::<Relay>().unwrap_err().to_string().contains("hunter"));
    assert!("Streamly <mail@example.com>".parse::<Sender>().is_ok());
}
