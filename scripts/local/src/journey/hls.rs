//! What a player does with a playlist: takes the first address in it, relative to the playlist's own.

/// The first address in a playlist.
pub(super) fn first_address(playlist: &str) -> Option<&str> {
    let mut lines = playlist.lines().map(str::trim);
    if lines.next() != Some("#EXTM3U") {
        return None;
    }
    lines.find(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The address that a reference means beside this URL.
pub(super) fn resolve(base: &str, reference: &str) -> String {
    if reference.contains("://") {
        return reference.to_owned();
    }
    let base = base.split(['?', '#']).next().unwrap_or(base);
    let path = base.find("://").map_or(0, |scheme| scheme + 3);
    let path = base[path..].find('/').map_or(base.len(), |slash| path + slash);
    if reference.starts_with('/') {
        return format!("{}{reference}", &base[..path]);
    }
    let folder = base[path..].rfind('/').map_or(base, |slash| &base[..path + slash]);
    format!("{folder}/{reference}")
}

/// Whether these bytes are a transport stream: packets of 188 bytes, each begun by the same byte.
pub(super) fn is_transport_stream(bytes: &[u8]) -> bool {
    const PACKET_BYTES: usize = 188;
    const SYNC: u8 = 0x47;
    !bytes.is_empty()
        && bytes.len().is_multiple_of(PACKET_BYTES)
        && bytes.iter().step_by(PACKET_BYTES).all(|first| *first == SYNC)
}

#[cfg(test)]
mod tests {
    use super::{first_address, is_transport_stream, resolve};

    #[test]
    fn the_first_address_is_the_first_line_that_is_no_tag() {
        assert_eq!(first_address("#EXTM3U\n#EXT-X-VERSION:3\n\na/b.m3u8?x=1\nc\n"), Some("a/b.m3u8?x=1"));
        assert_eq!(first_address("#EXTM3U\n"), None);
        assert_eq!(first_address("<html>"), None);
    }

    #[track_caller]
    fn check(reference: &str, expected: &str) {
        assert_eq!(resolve("http://h:1/a/b.m3u8?token=x/y", reference), expected);
    }

    #[test]
    fn a_reference_is_relative_to_the_playlist() {
        check("c.ts?token=z", "http://h:1/a/c.ts?token=z");
        check("d/c.ts", "http://h:1/a/d/c.ts");
        check("/c.ts", "http://h:1/c.ts");
        check("https://other/c.ts", "https://other/c.ts");
        assert_eq!(resolve("http://h:1", "c.ts"), "http://h:1/c.ts");
    }

    #[test]
    fn a_transport_stream_is_whole_packets() {
        let packet = [&[0x47][..], &[0; 187]].concat();
        assert!(is_transport_stream(&packet.repeat(3)));
        assert!(!is_transport_stream(&packet[..187]));
        assert!(!is_transport_stream(&[0; 188]));
        assert!(!is_transport_stream(b""));
    }
}
