//! Lines as SMTP wants them (RFC 5321 section 4.5.3.1): ended by CR LF, of a limited length.

use std::io;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// The longest command, in bytes with its end.
pub(super) const COMMAND_BYTES_MAX: u64 = 512;
/// The longest line of a mail, in bytes with its end and without a doubled dot.
pub(super) const TEXT_BYTES_MAX: u64 = 1_000;

/// One line without its end; none at the end of the connection.
pub(super) async fn read(
    from: &mut (impl AsyncBufRead + Unpin),
    bytes_max: u64,
) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    from.take(bytes_max + 1).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Ok(None);
    }
    let violation = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what.to_owned()));
    if line.len() as u64 > bytes_max {
        return violation("a line is too long");
    }
    let Some(content) = line.strip_suffix(b"\r\n") else {
        return violation("a line does not end with CR LF");
    };
    if content.contains(&b'\r') || content.contains(&0) {
        return violation("a line holds a bare CR or a NUL");
    }
    Ok(Some(content.to_owned()))
}
