//! The one OpenAPI document and the functions say the same: routes both ways, and no path without its preflight.

use http::Method;
use local::gateway::Document;
use std::collections::BTreeSet;

use crate::house::House;

/// Called by a server of Stripe's, never by a page; and a plain GET, for which no browser asks beforehand.
const WITHOUT_PREFLIGHT: [&str; 4] =
    ["/.well-known/jwks.json", "/v1/webhooks/cloudflare", "/v1/webhooks/mux", "/v1/webhooks/stripe"];

/// Asked by a scheduler of ours, whom the platform alone lets in: no gateway may know it.
const PRIVATE: (&str, Method, &str) = ("mailer", Method::POST, "/drain");

/// A function, a method and a path.
type Route = (String, Method, String);

#[tokio::test]
async fn the_document_has_exactly_the_routes_of_the_functions() {
    let operations = Document::project().operations().expect("the document is readable");
    let documented: BTreeSet<Route> = operations
        .into_iter()
        .filter(|operation| operation.method != Method::OPTIONS)
        .map(|operation| (operation.function, operation.method, operation.path))
        .collect();
    let house = House::new().await;
    let mut written: BTreeSet<Route> = house
        .routes()
        .map(|(function, method, path)| (function.to_owned(), method.clone(), path.to_owned()))
        .collect();
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
