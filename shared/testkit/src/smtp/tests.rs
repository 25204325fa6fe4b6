//! What the server lets pass, and what it takes for a violation: tests that lean on it are as strict as it is.

use super::{Options, Security, Smtp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BEGIN: &str = "EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n";

/// Says all of this, to the end of the conversation, and returns the answers.
async fn say(smtp: &Smtp, what: &[u8]) -> String {
    let mut wire = TcpStream::connect(smtp.address).await.expect("it listens");
    wire.write_all(what).await.expect("it listens");
    // Half closed: the server answers what it has, and ends.
    wire.shutdown().await.expect("it listens");
    let mut answers = Vec::new();
    wire.read_to_end(&mut answers).await.expect("it answers");
    String::from_utf8(answers).expect("answers are text")
}

/// This content, and whether it is taken.
async fn check(content: &[u8], expected: Result<&[u8], &str>) {
    let smtp = Smtp::start().await.expect("a free port");
    say(&smtp, &[BEGIN.as_bytes(), content].concat()).await;
    let taken: Vec<_> = smtp.mails().into_iter().map(|mail| mail.content).collect();
    match expected {
        Ok(kept) => assert_eq!((taken, smtp.violations()), (vec![kept.to_owned()], vec![])),
        Err(violation) => assert_eq!((taken, smtp.violations()), (vec![], vec![violation.to_owned()])),
    }
}

#[tokio::test]
async fn a_mail_is_kept_byte_for_byte_without_its_doubled_dots() {
    check(b"Subject: x\r\n\r\n..a\r\n...\r\n.\r\n", Ok(b"Subject: x\r\n\r\n.a\r\n..\r\n")).await;
    let longest = [&b"a".repeat(998)[..], b"\r\n"].concat();
    check(&[&longest[..], b".\r\n"].concat(), Ok(&longest)).await;
}

#[tokio::test]
async fn what_no_client_may_send_is_no_mail() {
    check(b"a\n.\r\n", Err("a line does not end with CR LF")).await;
    check(b"a\rb\r\n.\r\n", Err("a line holds a bare CR or a NUL")).await;
    check(&[&b"a".repeat(1_001)[..], b"\r\n.\r\n"].concat(), Err("a line is too long")).await;
    check("ä\r\n.\r\n".as_bytes(), Err("554 Eight bits, and nobody said so")).await;
}

#[tokio::test]
async fn commands_have_an_order() {
    let smtp = Smtp::start().await.expect("a free port");
    let answers =
        say(&smtp, b"MAIL FROM:<a@b.test>\r\nEHLO x\r\nRCPT TO:<c@d.test>\r\nDATA\r\nVRFY x\r\nQUIT\r\n")
            .await;
    let codes: Vec<&str> =
        answers.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]).collect();
    assert_eq!(codes, ["220", "503", "250", "503", "503", "500", "221"]);
    assert_eq!(smtp.violations().len(), 4);
}

#[tokio::test]
async fn nothing_in_the_clear_passes_for_encrypted() {
    let options = Options { security: Security::StartTls, ..Options::default() };
    let smtp = Smtp::start_with(options).await.expect("a free port");
    say(&smtp, b"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<a@b.test>\r\n").await;
    assert_eq!(smtp.violations(), ["something follows STARTTLS in the clear"]);
}
