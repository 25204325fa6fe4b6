//! Paths as the gateway reads them, and as it hands them on: percent-encoded letters, digits and `-._~` are decoded, a
//! backslash is a slash, `.` and `..` are resolved, and slashes in a row are one. An encoded slash stays as it is.

use http::Uri;
use http::uri::PathAndQuery;

use super::refusal::Refusal;

/// The path in its one form.
pub(super) fn normalized(path: &str) -> String {
    let decoded = decode_unreserved(path).replace('\\', "/");
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = decoded.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => {
                kept.push(segment);
                continue;
            }
        }
        // A path that ends in a dot segment names a folder.
        if last {
            kept.push("");
        }
    }
    let mut normal = format!("/{}", kept.join("/"));
    while normal.contains("//") {
        normal = normal.replace("//", "/");
    }
    normal
}

/// Where the request goes on: the path in its one form, and the query untouched.
pub(super) fn target(path: &str, query: Option<&str>) -> Result<Uri, Refusal> {
    let target = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    PathAndQuery::try_from(target).map(Uri::from).map_err(|_| Refusal::BadRequest)
}

/// Decodes what RFC 3986 section 2.3 calls unreserved, and nothing else.
fn decode_unreserved(path: &str) -> String {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).map(char::from);
        match byte {
            Some(byte) if byte.is_ascii_alphanumeric() || "-._~".contains(byte) => {
                decoded.push(byte);
                rest = &after[2..];
            }
            _ => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded + rest
}

#[cfg(test)]
mod tests {
    use super::normalized;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        assert_eq!(normalized(path), expected, "{path}");
    }

    #[test]
    fn a_plain_path_stays_as_it_is() {
        check("/", "/");
        check("/v1/login", "/v1/login");
        check("/v1/login/", "/v1/login/");
        check("/V1/Login", "/V1/Login");
        check("/.well-known/jwks.json", "/.well-known/jwks.json");
    }

    #[test]
    fn slashes_in_a_row_are_one() {
        check("//v1///login", "/v1/login");
        check("/v1/login//", "/v1/login/");
        check("/\\v1\\login", "/v1/login");
    }

    #[test]
    fn dot_segments_are_resolved_and_never_leave_the_root() {
        check("/v1/./login", "/v1/login");
        check("/v1/x/../login", "/v1/login");
        check("/../../v1/login", "/v1/login");
        check("/v1/login/.", "/v1/login/");
        check("/v1/login/..", "/v1/");
        check("/v1/%2e%2E/v1/login", "/v1/login");
        check("/v1/...", "/v1/...");
    }

    #[test]
    fn only_unreserved_characters_are_decoded() {
        check("/v1/%6Cogin", "/v1/login");
        check("/v1/a%2Fb", "/v1/a%2Fb");
        check("/v1/a%20b%", "/v1/a%20b%");
        check("/v1/%zz%4", "/v1/%zz%4");
        check("/v1/%+41", "/v1/%+41");
    }
}
