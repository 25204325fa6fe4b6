//! Heads: slow, long, many, broken.

use super::*;
use proptest::prelude::*;

/// A request whose head has exactly so many bytes.
fn head_of(bytes: usize) -> String {
    let (before, after) = ("GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-fill: ", "\r\n\r\n");
    format!("{before}{}{after}", "a".repeat(bytes - before.len() - after.len()))
}

#[tokio::test(start_paused = true)]
async fn a_head_may_be_as_long_as_the_limit_and_no_longer() {
    let server = Server::start();
    assert_eq!(statuses(&server.ask(head_of(HEADER_BYTES_MAX)).await), [200]);
    assert_eq!(statuses(&server.ask(head_of(HEADER_BYTES_MAX + 1)).await), [431]);
    assert_eq!(statuses(&server.ask(head_of(HEADER_BYTES_MAX * 4)).await), [431]);
    let endless = "GET /health HTTP/1.1\r\nx-fill: ".to_owned() + &"a".repeat(HEADER_BYTES_MAX * 4);
    assert_eq!(statuses(&server.ask(endless).await), [431]);
}

#[tokio::test(start_paused = true)]
async fn a_head_may_have_as_many_lines_as_the_limit_and_no_more() {
    let server = Server::start();
    let lines = |count: usize| {
        format!("GET /health HTTP/1.1\r\nconnection: close\r\n{}\r\n", "a: b\r\n".repeat(count - 1))
    };
    assert_eq!(statuses(&server.ask(lines(HEADERS_MAX)).await), [200]);
    assert_eq!(statuses(&server.ask(lines(HEADERS_MAX + 1)).await), [431]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_costs_its_connection_when_the_time_is_up() {
    let server = Server::start();
    for sent in ["", "GET /hea", &HEALTH[..HEALTH.len() - 2]] {
        let started = Instant::now();
        assert_eq!(server.ask(sent).await, "", "{sent}");
        assert_after(started, HEADER_MS_MAX);
    }
}

#[tokio::test(start_paused = true)]
async fn one_byte_now_and_then_does_not_stretch_a_heads_time() {
    let server = Server::start();
    let mut client = server.connect();
    let started = Instant::now();
    let mut sent = 0;
    for byte in HEALTH.bytes() {
        if client.write_all(&[byte]).await.is_err() {
            break;
        }
        sent += 1;
        sleep(Duration::from_millis(HEADER_MS_MAX / 20)).await;
    }
    assert!(sent < HEALTH.len(), "the head got through in {} ms", started.elapsed().as_millis());
    assert_eq!(read_all(&mut client).await, "");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_so_long() {
    let server = Server::start();
    let mut client = server.connect();
    for _ in 0..3 {
        client.write_all(HEALTH.as_bytes()).await.expect("the connection is kept");
        assert_eq!(statuses(&read_one(&mut client).await), [200]);
        sleep(Duration::from_millis(HEADER_MS_MAX - 1)).await;
    }
    client.write_all(HEALTH.as_bytes()).await.expect("the connection is kept");
    read_one(&mut client).await;
    let started = Instant::now();
    assert_eq!(read_all(&mut client).await, "");
    assert_after(started, HEADER_MS_MAX);
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::start();
    let asked =
        format!("{SAY}{HEALTH}{SAY_CHUNKED}GET /none HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert_eq!(statuses(&server.ask(asked).await), [200, 200, 200, 404]);
    assert_eq!(server.seen(), 2);
}

#[tokio::test(start_paused = true)]
async fn head_over_the_wire_announces_gets_length_and_sends_no_body() {
    let server = Server::start();
    let head = HEALTH.replace("GET", "HEAD");
    let replies =
        server.ask(format!("{head}{head}GET /none HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await;
    assert_eq!(statuses(&replies), [200, 200, 404]);
    assert_eq!(replies.matches("content-length: 3\r\n").count(), 2);
    assert!(!replies.contains("ok\n"), "{replies}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_request_is_400_and_ends_the_connection() {
    let server = Server::start();
    for bytes in [
        "\x16\x03\x01\x02\x00\x01\x00\x01\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\na b: c\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST /say HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        "POST /say HTTP/1.1\r\ncontent-length: -1\r\n\r\n{}",
        "POST /say HTTP/1.1\r\ncontent-length: +2\r\n\r\n{}",
        "POST /say HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n{}",
    ] {
        assert_eq!(statuses(&server.ask(bytes).await), [400], "{}", bytes.escape_debug());
    }
    assert_eq!(server.seen(), 0);
    assert_eq!(
        statuses(&server.ask("GET /health HTTP/1.0\r\n\r\n").await.replace("HTTP/1.0", "HTTP/1.1")),
        [200]
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_two_readers_could_delimit_differently_smuggles_nothing() {
    let server = Server::start();
    let inner = "GET /none HTTP/1.1\r\nhost: x\r\n\r\n";
    let both = format!(
        "POST /say HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
        inner.len() + 5,
    );
    let statuses = statuses(&server.ask(both).await);
    assert!(statuses == [400] || statuses == [400, 404] && server.seen() == 0, "{statuses:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_a_5xx_or_hang_the_server(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            r"(GET|POST|HEAD) (/|/say|/health|\*|/%ff|http://x/) HTTP/1\.[01]\r\n((content-length|transfer-encoding|host|expect|connection): (0|2|chunked|close|100-continue|x)\r\n){0,4}\r\n(\{\}|0\r\n\r\n|2\r\n\{\}\r\n){0,2}"
                .prop_map(String::into_bytes),
        ],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let replies = runtime.block_on(async { Server::start().ask(bytes).await });
        prop_assert!(statuses(&replies).iter().all(|status| *status < 500), "{replies}");
    }
}
