//! Bodies and replies: cut off, too long, slow to arrive, slow to be read.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_request_cut_off_at_any_byte_never_reaches_its_handler() {
    let server = Server::start();
    for whole in [SAY, SAY_CHUNKED] {
        for length in 0..whole.len() {
            let mut client = server.connect();
            client.write_all(&whole.as_bytes()[..length]).await.expect("a pipe holds a request");
            drop(client);
            let mut client = server.connect();
            client.write_all(&whole.as_bytes()[..length]).await.expect("a pipe holds a request");
            client.shutdown().await.expect("a pipe can be half-closed");
            let statuses = statuses(&read_all(&mut client).await);
            assert!(statuses.is_empty() || statuses == [400], "{length} bytes: {statuses:?}");
        }
    }
    assert_eq!(server.seen(), 0);
    assert_eq!(statuses(&server.ask(HEALTH).await), [200]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_closes_its_side_after_the_request_is_answered() {
    let server = Server::start();
    for whole in [SAY, SAY_CHUNKED] {
        let mut client = server.connect();
        client.write_all(whole.as_bytes()).await.expect("a pipe holds a request");
        client.shutdown().await.expect("a pipe can be half-closed");
        assert_eq!(statuses(&read_all(&mut client).await), [200]);
    }
    assert_eq!(server.seen(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_does_not_end_its_requests_work_half_way() {
    let server = Server::start();
    let mut client = server.connect();
    client.write_all(b"GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a pipe holds a request");
    server.stage.waiting.notified().await;
    drop(client);
    sleep(Duration::from_millis(100)).await;
    server.stage.release.notify_one();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(server.seen(), 1);
}

fn say_of(bytes: usize) -> String {
    format!(
        "POST /say HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {bytes}\r\n\r\n"
    )
}

#[tokio::test(start_paused = true)]
async fn a_body_announced_as_too_long_is_refused_before_it_is_sent() {
    let server = Server::start();
    let limit = crate::routes::BODY_BYTES_MAX;
    let started = Instant::now();
    let reply = server.ask(say_of(limit + 1)).await;
    assert_eq!(statuses(&reply), [413]);
    assert!(
        reply.contains("connection: close\r\n") && reply.contains("urn:streamly:problem:payload-too-large")
    );
    assert_after(started, 0);
    assert_eq!(statuses(&server.ask(say_of(limit) + &" ".repeat(limit)).await), [400]);
    assert_eq!(statuses(&server.ask(say_of(usize::MAX / 2)).await), [413]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_all_of_a_body_that_is_too_long_still_reads_why() {
    let server = Server::start();
    let length = 4 * 1024 * 1024;
    let mut client = server.connect();
    client.write_all(say_of(length).as_bytes()).await.expect("a pipe holds a head");
    client.write_all(&vec![b' '; length]).await.expect("what is sent is taken");
    assert_eq!(statuses(&read_all(&mut client).await), [413]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_stops_sending_is_cut_off() {
    let server = Server::start();
    let mut client = server.connect();
    client.write_all(say_of(usize::MAX / 2).as_bytes()).await.expect("a pipe holds a head");
    let started = Instant::now();
    while client.write_all(&[b' '; 1024]).await.is_ok() {
        sleep(Duration::from_millis(1)).await;
    }
    assert!(started.elapsed() <= Duration::from_millis(LINGER_MS_MAX + 10), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn chunks_that_add_up_to_too_much_are_refused() {
    let server = Server::start();
    let chunk = format!("400\r\n{}\r\n", " ".repeat(1024));
    let head = "POST /say HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(statuses(&server.ask(format!("{head}{}0\r\n\r\n", chunk.repeat(16))).await), [400]);
    assert_eq!(statuses(&server.ask(format!("{head}{}1\r\n \r\n0\r\n\r\n", chunk.repeat(16))).await), [413]);
    assert_eq!(statuses(&server.ask(format!("{head}{}", chunk.repeat(4096))).await), [413]);
    assert_eq!(server.seen(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_408_when_its_time_is_up() {
    let server = Server::start();
    let mut client = server.connect();
    let (head, body) = SAY.split_at(SAY.len() - 16);
    client.write_all(head.as_bytes()).await.expect("a pipe holds a head");
    let started = Instant::now();
    for byte in body.bytes() {
        if client.write_all(&[byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(crate::call::BODY_MS_MAX / 10)).await;
    }
    let reply = read_all(&mut client).await;
    assert_eq!(statuses(&reply), [408]);
    assert!(reply.contains("connection: close\r\n"));
    assert!(started.elapsed() >= Duration::from_millis(crate::call::BODY_MS_MAX));
    assert_eq!(server.seen(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_just_within_its_time_is_read() {
    let server = Server::start();
    let mut client = server.connect();
    let (before, last) = SAY.split_at(SAY.len() - 1);
    client.write_all(before.as_bytes()).await.expect("a pipe holds a request");
    sleep(Duration::from_millis(crate::call::BODY_MS_MAX - 1)).await;
    client.write_all(last.as_bytes()).await.expect("the connection is kept");
    assert_eq!(statuses(&read_one(&mut client).await), [200]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_first_hears_whether_to_send_its_body() {
    let server = Server::start();
    let expecting = |head: &str| head.replacen("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n", 1);
    let reply = server.ask(expecting(&say_of(crate::routes::BODY_BYTES_MAX + 1))).await;
    assert_eq!(statuses(&reply), [413]);
    let mut client = server.connect();
    let (head, body) = SAY.split_at(SAY.len() - 16);
    client.write_all(expecting(head).as_bytes()).await.expect("a pipe holds a head");
    assert_eq!(statuses(&read_one(&mut client).await), [100]);
    client.write_all(body.as_bytes()).await.expect("the connection is kept");
    assert_eq!(statuses(&read_one(&mut client).await), [200]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_not_read_costs_its_connection_when_the_time_is_up() {
    let server = Server::start();
    let mut client = server.connect();
    client.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a pipe holds a request");
    let started = Instant::now();
    // A write on the client's side fails once the other end is gone.
    while client.write_all(b" ").await.is_ok() {
        sleep(Duration::from_millis(50)).await;
    }
    let elapsed = u64::try_from(started.elapsed().as_millis()).expect("a short test");
    assert!((WRITE_MS_MAX..WRITE_MS_MAX + LINGER_MS_MAX + 200).contains(&elapsed), "{elapsed} ms");
    assert!(read_all(&mut client).await.len() < LARGE_BYTES);
}

#[tokio::test(start_paused = true)]
async fn reading_a_little_now_and_then_does_not_stretch_a_replys_time() {
    let server = Server::start();
    let mut client = server.connect();
    client.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a pipe holds a request");
    let started = Instant::now();
    let (mut read, mut buffer) = (0, [0; 64]);
    loop {
        match client.read(&mut buffer).await.expect("a pipe can be read") {
            0 => break,
            bytes => read += bytes,
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert!(read < LARGE_BYTES, "all of it in {} ms", started.elapsed().as_millis());
}

#[tokio::test(start_paused = true)]
async fn a_reader_within_its_time_gets_all_of_a_reply_again_and_again() {
    let server = Server::start();
    let mut client = server.connect();
    for _ in 0..3 {
        client.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("the connection is kept");
        sleep(Duration::from_millis(WRITE_MS_MAX - 1)).await;
        let mut left = LARGE_BYTES + read_head(&mut client).await;
        let mut buffer = [0; 4096];
        while left > 0 {
            let bytes = client.read(&mut buffer).await.expect("a pipe can be read");
            assert!(bytes > 0, "{left} bytes are missing");
            left = left.checked_sub(bytes).expect("no more than was announced");
        }
    }
}

/// Reads a head, and says that nothing of the body was read with it.
async fn read_head(client: &mut DuplexStream) -> usize {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.expect("the head goes on"));
    }
    0
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_its_request_and_not_its_connection() {
    let server = Server::start();
    let asked =
        format!("GET /fall HTTP/1.1\r\nhost: x\r\n\r\n{SAY}GET /none HTTP/1.1\r\nconnection: close\r\n\r\n");
    let replies = server.ask(asked).await;
    assert_eq!(statuses(&replies), [500, 200, 404]);
    assert!(!replies.contains("over"), "{replies}");
}
