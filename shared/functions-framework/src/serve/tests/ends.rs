//! How many connections there are, and how they end.

use super::*;

const WAIT: &[u8] = b"GET /wait HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn connections_beyond_the_limit_wait_for_room() {
    let server = Server::start();
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let mut client = server.connect();
        client.write_all(WAIT).await.expect("a pipe holds a request");
        server.stage.waiting.notified().await;
        held.push(client);
    }
    let mut late = server.connect();
    late.write_all(HEALTH.as_bytes()).await.expect("a pipe holds a request");
    assert!(timeout(Duration::from_secs(1), late.read_u8()).await.is_err(), "answered beyond the limit");
    server.stage.release.notify_one();
    drop(held);
    assert_eq!(statuses(&read_one(&mut late).await), [200]);
}

#[tokio::test(start_paused = true)]
async fn the_last_connection_within_the_limit_is_answered() {
    let server = Server::start();
    let mut held = Vec::new();
    for _ in 1..CONNECTIONS_MAX {
        held.push(server.connect());
    }
    let mut last = server.connect();
    last.write_all(HEALTH.as_bytes()).await.expect("a pipe holds a request");
    let started = Instant::now();
    assert_eq!(statuses(&read_one(&mut last).await), [200]);
    assert_after(started, 0);
}

#[tokio::test(start_paused = true)]
async fn a_machine_without_file_descriptors_is_asked_again_after_a_pause() {
    let server = Server::start();
    let started = Instant::now();
    for errno in [24, 23, 105] {
        server.accepted.send(Err(io::Error::from_raw_os_error(errno))).expect("the server accepts");
    }
    let mut client = server.connect();
    client.write_all(HEALTH.as_bytes()).await.expect("a pipe holds a request");
    assert_eq!(statuses(&read_one(&mut client).await), [200]);
    assert_after(started, 3 * ACCEPT_PAUSE_MS);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_left_before_it_was_accepted_delays_nobody() {
    let server = Server::start();
    let started = Instant::now();
    for kind in [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset] {
        server.accepted.send(Err(kind.into())).expect("the server accepts");
    }
    let mut client = server.connect();
    client.write_all(HEALTH.as_bytes()).await.expect("a pipe holds a request");
    assert_eq!(statuses(&read_one(&mut client).await), [200]);
    assert_after(started, 0);
}

#[tokio::test(start_paused = true)]
async fn idle_connections_end_at_once_when_the_service_stops() {
    let server = Server::start();
    let mut fresh = server.connect();
    let mut used = server.connect();
    used.write_all(HEALTH.as_bytes()).await.expect("a pipe holds a request");
    read_one(&mut used).await;
    let started = Instant::now();
    let clients = tokio::spawn(async move { (read_all(&mut fresh).await, read_all(&mut used).await) });
    assert!(server.stop().await);
    assert_eq!(clients.await.expect("both end"), (String::new(), String::new()));
    assert_after(started, 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_keeps_its_side_open_does_not_delay_the_end() {
    let server = Server::start();
    let mut client = server.connect();
    client.write_all(HEALTH.as_bytes()).await.expect("a pipe holds a request");
    read_one(&mut client).await;
    let started = Instant::now();
    assert!(server.stop().await);
    assert_after(started, 0);
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_is_finished_when_the_service_stops() {
    let server = Server::start();
    let mut client = server.connect();
    client.write_all(WAIT).await.expect("a pipe holds a request");
    server.stage.waiting.notified().await;
    let stage = Arc::clone(&server.stage);
    let client = tokio::spawn(async move {
        sleep(Duration::from_millis(DRAIN_MS_MAX - 1)).await;
        stage.release.notify_one();
        read_all(&mut client).await
    });
    assert!(server.stop().await);
    let reply = client.await.expect("the client ends");
    assert_eq!(statuses(&reply), [200]);
    assert!(reply.contains("connection: close\r\n") && reply.ends_with("released"), "{reply}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_outlasts_the_drain_is_cut() {
    let server = Server::start();
    let mut client = server.connect();
    client.write_all(WAIT).await.expect("a pipe holds a request");
    server.stage.waiting.notified().await;
    let started = Instant::now();
    assert!(!server.stop().await);
    assert_after(started, DRAIN_MS_MAX);
}

#[tokio::test(start_paused = true)]
async fn no_connection_is_accepted_once_the_service_stops() {
    let server = Server::start();
    let accepted = server.accepted.clone();
    assert!(server.stop().await);
    assert!(accepted.send(Ok(tokio::io::duplex(1).0)).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_service_out_of_room_still_stops() {
    let server = Server::start();
    let held: Vec<_> = (0..=CONNECTIONS_MAX).map(|_| server.connect()).collect();
    sleep(Duration::from_millis(1)).await;
    let started = Instant::now();
    let clients = tokio::spawn(async move {
        for mut client in held {
            assert_eq!(read_all(&mut client).await, "");
        }
    });
    assert!(server.stop().await);
    clients.await.expect("all end");
    assert_after(started, 0);
}
