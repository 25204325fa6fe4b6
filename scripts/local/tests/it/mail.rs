//! The mail catcher's pages, and the schedule that has mails sent.

use crate::client::get;
use axum::routing::post;
use local::mail::Catcher;
use local::schedule::Schedule;
use local::server::Server;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc::unbounded_channel;

const SUBJECT: &str = "Hello <script>alert(1)</script>";
const HTML: &str = "<html><head></head><body><a href=\"http://app.test/x#token=1\">x</a><script>alert(1)</script></body></html>";

/// Hands over a mail to this address.
async fn send(catcher: &Catcher, to: &str) {
    let address = catcher.smtp_url().replace("smtp://", "");
    let mut wire = BufReader::new(TcpStream::connect(address).await.expect("it listens"));
    let content = format!(
        "From: <a@b.test>\r\nTo: <{to}>\r\nSubject: {SUBJECT}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\n\
         Go <b>\r\nhttp://app.test/x#token=1 or\r\njavascript:alert(1)\r\n\
         --x\r\nContent-Type: text/html\r\n\r\n{HTML}\r\n--x--\r\n.\r\n"
    );
    let recipient = format!("RCPT TO:<{to}>\r\n");
    for said in ["", "EHLO test\r\n", "MAIL FROM:<a@b.test>\r\n", &recipient, "DATA\r\n", &content] {
        wire.write_all(said.as_bytes()).await.expect("it listens");
        let mut answer = String::new();
        while answer.lines().last().is_none_or(|line| line.as_bytes()[3] == b'-') {
            wire.read_line(&mut answer).await.expect("an answer");
        }
        assert!(answer.starts_with(['2', '3']), "{said}: {answer}");
    }
}

async fn json(catcher: &Catcher, query: &str) -> Vec<Value> {
    let answer = get(&format!("{}/mails.json{query}", catcher.url())).await;
    serde_json::from_slice(&answer.body).expect("a list")
}

#[tokio::test]
async fn programs_read_caught_mails_as_json_the_newest_first_and_by_recipient() {
    let catcher = Catcher::start().await.expect("free ports");
    assert!(json(&catcher, "").await.is_empty());
    send(&catcher, "ada@example.com").await;
    send(&catcher, "Eve@example.com").await;
    let all = json(&catcher, "").await;
    assert_eq!((&all[0]["to"][0], &all[1]["to"][0]), (&"Eve@example.com".into(), &"ada@example.com".into()));
    assert_eq!(all[0]["links"], serde_json::json!(["http://app.test/x#token=1"]));
    assert_eq!(all[0]["subject"], SUBJECT);
    let one = json(&catcher, "?to=eve%40EXAMPLE.com").await;
    assert_eq!((one.len(), &one[0]["number"]), (1, &2.into()));
    assert!(json(&catcher, "?to=example.com").await.is_empty());
}

#[tokio::test]
async fn people_read_caught_mails_on_pages_on_which_no_mail_is_markup() {
    let catcher = Catcher::start().await.expect("free ports");
    send(&catcher, "ada@example.com").await;
    for path in ["/", "/?to=%3Cscript%3E", "/mails/1"] {
        let page = get(&format!("{}{path}", catcher.url())).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.text().contains("<script"), "{path}: {}", page.text());
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"), "{policy}");
        assert!(!policy.contains("script-src"), "{policy}");
    }
    let page = get(&format!("{}/mails/1", catcher.url())).await;
    assert!(page.text().contains("<a href=\"http://app.test/x#token=1\">"), "{}", page.text());
    assert!(!page.text().contains("href=\"javascript"), "{}", page.text());
    assert!(page.text().contains("sandbox=\"allow-top-navigation-by-user-activation\""), "{}", page.text());
    assert_eq!(get(&format!("{}/mails/2", catcher.url())).await.status, 404);
}

#[tokio::test]
async fn the_html_of_a_mail_is_sandboxed_and_leads_the_window_on() {
    let catcher = Catcher::start().await.expect("free ports");
    send(&catcher, "ada@example.com").await;
    let framed = get(&format!("{}/mails/1/html", catcher.url())).await;
    assert!(framed.text().starts_with("<html><head><base target=\"_top\"></head>"), "{}", framed.text());
    let policy = framed.header("content-security-policy");
    assert!(policy.ends_with("sandbox allow-top-navigation-by-user-activation"), "{policy}");
    let raw = get(&format!("{}/mails/1/raw", catcher.url())).await;
    assert_eq!(raw.header("content-type"), "text/plain; charset=utf-8");
    assert!(raw.text().contains(HTML));
}

#[tokio::test]
async fn a_schedule_asks_again_and_again_and_tells_of_a_fault_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let answer = move || {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let fails = (3..6).contains(&number);
        std::future::ready(if fails { http::StatusCode::INTERNAL_SERVER_ERROR } else { http::StatusCode::OK })
    };
    let server =
        Server::start(0, axum::Router::new().route("/drain", post(answer))).await.expect("a free port");
    let (tell, mut told) = unbounded_channel();
    let progress = Arc::new(move |line: &str| drop(tell.send(line.to_owned())));
    let url = format!("{}/drain", server.url());
    let schedule =
        Schedule::start("mailer", &url, Duration::from_millis(1), progress).expect("a good address");
    let lines = [told.recv().await, told.recv().await].map(Option::unwrap_or_default);
    assert_eq!(lines[0], "mailer failed (it answered 500 Internal Server Error); see its log");
    assert_eq!(lines[1], "mailer is well again");
    assert!(asked.load(Ordering::SeqCst) >= 7);
    drop(schedule);
}
