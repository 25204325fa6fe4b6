//! The one OpenAPI document and the functions say the same: routes both ways, and no path without its preflight.

use functions_framework::env::{Invalid, Reader, read_from};
use http::Method;
use local::gateway::Document;
use std::collections::BTreeSet;
use testkit::{Database, variables};

/// Called by a server of Stripe's, never by a page; and a plain GET, for which no browser asks beforehand.
const WITHOUT_PREFLIGHT: [&str; 2] = ["/.well-known/jwks.json", "/v1/webhooks/stripe"];

/// Asked by a scheduler of ours, whom the platform alone lets in: no gateway may know it.
const PRIVATE: (&str, Method, &str) = ("mailer", Method::POST, "/drain");

/// A function, a method and a path.
type Route = (String, Method, String);

fn config<T>(
    database: &Database,
    function: &str,
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, Invalid>,
) -> T {
    read_from(&variables(database, function, &[]), read).expect("the standard variables suffice")
}

/// Every route of every function, as the code has it.
async fn routes() -> BTreeSet<Route> {
    let database = Database::new().await;
    let register = register::Parts::real(config(&database, "register", register::Config::read));
    let login = login::Parts::real(config(&database, "login", login::Config::read));
    let checkout = checkout::Parts::real(config(&database, "checkout", checkout::Config::read));
    let webhook = webhook::Parts::real(config(&database, "webhook", webhook::Config::read));
    let playback = playback::Parts::real(config(&database, "playback", playback::Config::read));
    let portal = portal::Parts::real(config(&database, "portal", portal::Config::read));
    let subscription =
        subscription::Parts::real(config(&database, "subscription", subscription::Config::read));
    let password = password::Parts::real(config(&database, "password", password::Config::read));
    let email = email::Parts::real(config(&database, "email", email::Config::read));
    let token = token::Parts::real(config(&database, "token", token::Config::read));
    let mailer = mailer::Parts::real(config(&database, "mailer", mailer::Config::read));
    let account = account::Parts::real(config(&database, "account", account::Config::read));
    let lists = [
        ("mailer", mailer::routes(mailer).list()),
        ("account", account::routes(account.expect("its parts hold")).list()),
        ("register", register::routes(register.expect("its parts hold")).list()),
        ("login", login::routes(login.expect("its parts hold")).list()),
        ("password", password::routes(password.expect("its parts hold")).list()),
        ("email", email::routes(email.expect("its parts hold")).list()),
        ("checkout", checkout::routes(checkout).list()),
        ("webhook", webhook::routes(webhook).list()),
        ("playback", playback::routes(playback).list()),
        ("portal", portal::routes(portal).list()),
        ("subscription", subscription::routes(subscription).list()),
        ("token", token::routes(token).list()),
    ];
    let all = lists.into_iter().flat_map(|(function, list)| {
        list.into_iter().map(move |(method, path)| (function.to_owned(), method, path.to_owned()))
    });
    all.collect()
}

#[tokio::test]
async fn the_document_has_exactly_the_routes_of_the_functions() {
    let operations = Document::project().operations().expect("the document is readable");
    let documented: BTreeSet<Route> = operations
        .into_iter()
        .filter(|operation| operation.method != Method::OPTIONS)
        .map(|operation| (operation.function, operation.method, operation.path))
        .collect();
    let mut written = routes().await;
    let (function, method, path) = PRIVATE;
    let private = (function.to_owned(), method, path.to_owned());
    assert!(written.remove(&private), "no function has {private:?}");
    let missing: Vec<_> = written.difference(&documented).collect();
    let invented: Vec<_> = documented.difference(&written).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "not documented: {missing:?}; not written: {invented:?}"
    );
}

#[test]
fn every_path_that_a_page_asks_about_beforehand_has_a_preflight() {
    let operations = Document::project().operations().expect("the document is readable");
    let paths: BTreeSet<&str> = operations.iter().map(|operation| operation.path.as_str()).collect();
    for path in paths {
        let has =
            operations.iter().any(|operation| operation.path == path && operation.method == Method::OPTIONS);
        assert_eq!(has, !WITHOUT_PREFLIGHT.contains(&path), "{path}");
    }
}
