//! A short label of what somebody watches on, for the list of their own plays: `Firefox on Linux`. It decides nothing.

/// The longest label made of a name that is not known here, in bytes.
const LABEL_BYTES_MAX: usize = 40;

/// Marks of platforms; the first that occurs wins, since televisions also name the system below.
const PLATFORMS: [(&str, &str); 17] = [
    ("CrKey", "Chromecast"),
    ("Roku", "Roku"),
    ("AppleTV", "Apple TV"),
    ("Apple TV", "Apple TV"),
    ("Tizen", "Samsung TV"),
    ("Web0S", "LG TV"),
    ("webOS", "LG TV"),
    ("PlayStation", "PlayStation"),
    ("Xbox", "Xbox"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("AFT", "Fire TV"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
];

/// Marks of browsers; the first that occurs wins, since most also name those that they want to be taken for.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// The label of a `User-Agent`; none where it says nothing.
pub(crate) fn label(user_agent: &str) -> Option<String> {
    let first = |marks: &[(&str, &'static str)]| {
        marks.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (first(&BROWSERS), first(&PLATFORMS)) {
        (Some(browser), Some(platform)) => Some(format!("{browser} on {platform}")),
        (None, Some(platform)) => Some(platform.to_owned()),
        (Some(browser), None) => Some(browser.to_owned()),
        (None, None) => product(user_agent),
    }
}

/// The first product's name, as far as it is plain.
fn product(user_agent: &str) -> Option<String> {
    let name = user_agent.split(['/', ' ', '(']).next()?;
    let plain = (1..=LABEL_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    plain.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::label;

    #[track_caller]
    fn check(user_agent: &str, expected: Option<&str>) {
        assert_eq!(label(user_agent).as_deref(), expected, "{user_agent}");
    }

    #[test]
    fn browsers_and_platforms_are_named() {
        check(
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            Some("Firefox on Linux"),
        );
        check(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            Some("Chrome on Windows"),
        );
        check(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            Some("Edge on Windows"),
        );
        check(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
            Some("Safari on Mac"),
        );
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1",
            Some("Chrome on iPhone"),
        );
        check(
            "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
            Some("Chrome on Android"),
        );
        check(
            "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36",
            Some("Chrome on LG TV"),
        );
        check("AppleTV14,1/26.0", Some("Apple TV"));
        check("Roku/DVP-14.5", Some("Roku"));
    }

    #[test]
    fn other_clients_go_by_their_first_name() {
        check("okhttp/5.1.0", Some("okhttp"));
        check("curl/8.5.0", Some("curl"));
        check("streamly-ios", Some("streamly-ios"));
        check(&format!("{}/1", "a".repeat(40)), Some(&"a".repeat(40)));
    }

    #[test]
    fn what_says_nothing_or_is_not_plain_gets_no_label() {
        check("", None);
        check("/1.0", None);
        check("<script>alert(1)</script>", None);
        check("\u{202e}evil/1", None);
        check(&format!("{}/1", "a".repeat(41)), None);
    }
}
