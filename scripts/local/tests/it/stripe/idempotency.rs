//! Idempotency keys.

use super::{Answer, PRICE, Stand, session_form};
use local::stripe::{Fault, FaultKind};
use serde_json::json;

const PATH: &str = "/v1/customers";

async fn count(stand: &Stand) -> usize {
    stand.get("/v1/customers").await.json()["data"].as_array().expect("a list").len()
}

#[tokio::test]
async fn the_first_answer_is_replayed_and_the_work_is_done_once() {
    let stand = Stand::start().await;
    let first = stand.post_with_key(PATH, "email=a%40example.com&name=A", "key").await;
    let again = stand.post_with_key(PATH, "name=A&email=a%40example.com", "key").await;
    assert_eq!(
        (again.status(), again.json()),
        (200, first.json()),
        "the order of parameters does not matter"
    );
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_ne!(again.header("request-id"), first.header("request-id"));
    assert_eq!(count(&stand).await, 1);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let stand = Stand::start().await;
    stand.post_with_key(PATH, "name=A", "key").await;
    for (path, form) in [(PATH, "name=B"), (PATH, ""), ("/v1/products", "name=A")] {
        let answer = stand.post_with_key(path, form, "key").await;
        assert_eq!(answer.refusal(), (400, "idempotency_error".to_owned()), "{path} {form}");
    }
    assert_eq!(stand.post_with_key(PATH, "name=A", &"k".repeat(255)).await.status(), 200);
    assert_eq!(stand.post_with_key(PATH, "name=A", &"k".repeat(256)).await.status(), 400);
}

#[tokio::test]
async fn a_refused_parameter_leaves_the_key_free_and_a_refused_action_does_not() {
    let stand = Stand::start().await;
    let customer = stand.customer().await;
    let path = "/v1/checkout/sessions";
    let unknown = stand.post_with_key(path, &session_form(&customer, "&colour=red"), "key").await;
    assert_eq!(unknown.status(), 400);
    let good = stand.post_with_key(path, &session_form(&customer, ""), "key").await;
    assert_eq!((good.status(), good.header("idempotent-replayed")), (200, ""));
    let nobody = session_form("cus_nobody12345", "");
    let missing = stand.post_with_key(path, &nobody, "other").await;
    let again = stand.post_with_key(path, &nobody, "other").await;
    assert_eq!((again.refusal(), again.header("idempotent-replayed")), (missing.refusal(), "true"));
}

#[tokio::test]
async fn a_key_in_use_is_refused_until_its_request_is_over() {
    let stand = Stand::start().await;
    stand.stripe.inject(Fault::once(PATH, FaultKind::Hang));
    let hanging = tokio::spawn(Answer::to(stand.form(PATH).header("Idempotency-Key", "key"), "name=A"));
    // It hangs from the moment in which it is listed: nothing waits in between.
    while stand.get("/_fake/requests").await.json() == json!([]) {}
    let beside = stand.post_with_key(PATH, "name=A", "key").await;
    assert_eq!(beside.refusal(), (409, "idempotency_key_in_use".to_owned()));
    hanging.abort();
    assert!(hanging.await.is_err(), "the client has gone");
    let mut status = 409;
    while status == 409 {
        status = stand.post_with_key(PATH, "name=A", "key").await.status();
    }
    assert_eq!((status, count(&stand).await), (200, 1));
}

#[tokio::test]
async fn many_requests_with_one_key_make_one_object() {
    let stand = Stand::start().await;
    let posts = (0..20).map(|_| stand.post_with_key(PATH, "name=A", "key"));
    let answers = futures_util::future::join_all(posts).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status() == 200).map(Answer::json).collect();
    assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status())));
    assert!(made.iter().all(|customer| *customer == made[0]));
    assert_eq!(count(&stand).await, 1);
}

#[tokio::test]
async fn a_fault_within_the_work_is_replayed_too() {
    let stand = Stand::start().await;
    let kept = FaultKind::Status { status: 500, should_retry: None, kept: true };
    stand.stripe.inject(Fault::once(PATH, kept));
    assert_eq!(stand.post_with_key(PATH, "name=A", "kept").await.refusal(), (500, "api_error".to_owned()));
    let again = stand.post_with_key(PATH, "name=A", "kept").await;
    assert_eq!((again.status(), again.header("idempotent-replayed")), (500, "true"));
    let door = FaultKind::Status { status: 500, should_retry: None, kept: false };
    stand.stripe.inject(Fault::once(PATH, door));
    assert_eq!(stand.post_with_key(PATH, "name=A", "door").await.status(), 500);
    assert_eq!(stand.post_with_key(PATH, "name=A", "door").await.status(), 200);
}

#[tokio::test]
async fn a_fault_after_the_work_hides_it_once_or_for_good() {
    for (kept, again) in [(false, 200), (true, 500)] {
        let stand = Stand::start().await;
        let fault = FaultKind::Status { status: 500, should_retry: None, kept };
        stand.stripe.inject(Fault::once(PATH, fault).after_the_work());
        assert_eq!(stand.post_with_key(PATH, "name=A", "key").await.status(), 500);
        let replayed = stand.post_with_key(PATH, "name=A", "key").await;
        assert_eq!((replayed.status(), replayed.header("idempotent-replayed")), (again, "true"));
        assert_eq!(count(&stand).await, 1, "the work was done, once");
    }
}

#[tokio::test]
async fn reading_takes_no_key() {
    let stand = Stand::start().await;
    for path in ["/v1/customers".to_owned(), format!("/v1/prices/{PRICE}")] {
        let get = stand.request("GET", &path).header("Idempotency-Key", "key");
        assert_eq!(Answer::to(get, "").await.status(), 200);
    }
    assert_eq!(stand.post_with_key(PATH, "", "key").await.json()["object"], json!("customer"));
}
