//! The OpenAPI document and its rendering.

use local::gateway::{Backend, Document};
use serde_json::Value;
use std::collections::BTreeMap;

fn backends(document: &Document) -> BTreeMap<String, Backend> {
    let functions = document.functions().expect("a good document");
    let address = |(index, name): (usize, String)| {
        let backend = Backend::new(&name, &format!("http://127.0.0.1:{}", 9000 + index));
        (name, backend)
    };
    functions.into_iter().enumerate().map(address).collect()
}

#[test]
fn a_rendering_adds_the_addresses_drops_security_and_changes_nothing_else() {
    let document = Document::project();
    let backends = backends(&document);
    let mut rendered = document.render(&backends).expect("every function has an address").tree().clone();

    let members = rendered.as_object_mut().expect("an object");
    let added = members.remove("x-google-api-management").expect("added");
    let login = &added["backends"]["login"];
    let expected = serde_json::json!({
        "address": backends["login"].address,
        "jwtAudience": backends["login"].address,
        "pathTranslation": "APPEND_PATH_TO_ADDRESS",
        "deadline": 15.0,
        "protocol": "http/1.1",
    });
    assert_eq!(*login, expected);
    assert_eq!(added["backends"].as_object().expect("an object").len(), backends.len());

    let mut plain = document.tree().clone();
    let mut dropped = 0;
    for operations in plain["paths"].as_object_mut().expect("paths").values_mut() {
        for operation in operations.as_object_mut().expect("operations").values_mut() {
            dropped +=
                usize::from(operation.as_object_mut().expect("an operation").remove("security").is_some());
        }
    }
    assert!(dropped > 0, "the document says who needs a token");
    assert_eq!(rendered, plain);
}

#[test]
fn the_document_says_for_every_operation_whether_it_needs_a_token() {
    let document = Document::project();
    for operation in document.operations().expect("a good document") {
        let method = operation.method.as_str().to_ascii_lowercase();
        let security = &document.tree()["paths"][&operation.path][method]["security"];
        assert!(security.is_array(), "{}", operation.id);
    }
}

/// A document of one path with these members.
#[track_caller]
fn check(members: &str, expected: &str) {
    let yaml = format!("openapi: 3.0.3\npaths:\n  /a:\n{members}");
    let refused = Document::read(&yaml).map(|_| ()).expect_err(members);
    assert!(refused.to_string().contains(expected), "{refused}");
}

#[test]
fn what_a_gateway_could_not_route_is_refused() {
    check("    parameters: []\n", "'parameters' is no method");
    check("    fetch: {}\n", "'fetch' is no method");
    check("    get: {operationId: a}\n", "shape");
    check(
        "    get: {operationId: a, x-google-backend: one}\n    put: {operationId: a, x-google-backend: one}\n",
        "'a' is used twice",
    );
    check(
        "    get: {operationId: a, x-google-backend: one}\n    put: {operationId: b, x-google-backend: two}\n",
        "more than one function",
    );
    assert!(Document::read("paths: [").is_err());
    assert!(Document::read("openapi: 3.0.3\n").is_err());
}

#[test]
fn a_rendering_needs_an_address_for_every_function() {
    let document = Document::project();
    let mut backends = backends(&document);
    backends.get_mut("login").expect("named").address = "https://login.example".to_owned();
    assert!(document.render(&backends).expect_err("not on loopback").to_string().contains("login.example"));
    backends.remove("login");
    assert!(document.render(&backends).expect_err("no address").to_string().contains("'login'"));
}

#[test]
fn the_text_is_the_file_as_it_is_written() {
    let document = Document::project();
    assert!(document.text().starts_with("# The one description"));
    let again: Value = Document::read(document.text()).expect("a good document").tree().clone();
    assert_eq!(again, *document.tree());
}

#[test]
fn words_that_were_booleans_in_an_older_yaml_are_texts() {
    let yaml = "openapi: 3.0.3\nx-words: [y, n, yes, no, on, off, true]\npaths: {}\n";
    let document = Document::read(yaml).expect("a good document");
    let expected = serde_json::json!(["y", "n", "yes", "no", "on", "off", true]);
    assert_eq!(document.tree()["x-words"], expected);
}
