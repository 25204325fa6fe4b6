//! The API page, as a reader gets it.

use local::gateway::Document;
use local::reference::Reference;

use crate::get;

#[track_caller]
fn check(page: &str, expected: &str) {
    assert!(page.contains(expected), "{expected}");
}

#[tokio::test]
async fn the_page_shows_every_operation_and_problem_of_the_document_without_a_script() {
    let document = Document::project();
    let reference = Reference::start(0, &document, "http://127.0.0.1:1").await.expect("a free port");
    let page = get(&reference.url()).await;
    for operation in document.operations().expect("a good document") {
        if operation.method != http::Method::OPTIONS {
            check(&page, &format!("<section id=\"{}\">", operation.id));
        }
    }
    let slugs: Vec<&str> = document.text().split("urn:streamly:problem:").skip(1).collect();
    for slug in
        slugs.iter().filter_map(|rest| rest.split(|end: char| end != '-' && !end.is_alphanumeric()).next())
    {
        check(&page, slug);
    }
    check(&page, "curl -X POST http://127.0.0.1:1/v1/login");
    check(&page, "<code>tokens.playback</code>");
    check(&page, "<code>keys[].kid</code>");
    let at = |id: &str| page.find(&format!("<section id=\"{id}\">"));
    assert!(at("register") < at("login") && at("login") < at("jwks"), "in the order of the document");
    assert!(!page.contains("<script") && !page.contains("https://cdn"), "it needs nothing but itself");
}

#[tokio::test]
async fn the_document_is_served_as_it_is_written() {
    let document = Document::project();
    let reference = Reference::start(0, &document, "http://127.0.0.1:1").await.expect("a free port");
    assert_eq!(get(&format!("{}/openapi.yaml", reference.url())).await, document.text());
}

#[tokio::test]
async fn text_of_the_document_never_becomes_markup() {
    let yaml = Document::project().text().replace("summary: Log in", "summary: <script>alert(1)</script>");
    let document = Document::read(&yaml).expect("a good document");
    let reference = Reference::start(0, &document, "http://127.0.0.1:1").await.expect("a free port");
    let page = get(&reference.url()).await;
    check(&page, "&lt;script&gt;alert(1)&lt;/script&gt;");
    assert!(!page.contains("<script"));
}
