//! What mails say: a fixed subject, a plain and an HTML body from the files beside this function.
//!
//! A placeholder is a name in braces. Values are put in once, so that one which looks like a placeholder stays what it is,
//! and as text, so that none becomes markup.

use std::borrow::Cow;
use streamly::accounts::outbox::Template;

/// Around every HTML body.
const FRAME: &str = include_str!("../texts/frame.html");
/// Where a token that confirms an address leads.
const VERIFY: &str = "/verify-email";
/// Where a token that resets a password leads.
const RESET: &str = "/reset-password";
/// Of mails without a token.
const NO_LINK: &str = "/";

/// What one mail says.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// Its subject.
    pub subject: &'static str,
    path: &'static str,
    plain: &'static str,
    html: &'static str,
}

/// What fills a text.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    /// The recipient's address.
    pub address: &'a str,
    /// Where people use the product, without a slash at the end.
    pub app: &'a str,
    /// The token of the link.
    pub token: Option<&'a str>,
}

/// The text of a template.
pub fn text(template: Template) -> Text {
    let (subject, path, plain, html) = match template {
        Template::Verify => (
            "Confirm your address",
            VERIFY,
            include_str!("../texts/verify.txt"),
            include_str!("../texts/verify.html"),
        ),
        Template::VerifyAgain => (
            "Confirm your address",
            VERIFY,
            include_str!("../texts/verify-again.txt"),
            include_str!("../texts/verify-again.html"),
        ),
        Template::AlreadyRegistered => (
            "You already have an account",
            NO_LINK,
            include_str!("../texts/already-registered.txt"),
            include_str!("../texts/already-registered.html"),
        ),
        Template::Reset => (
            "Choose a new password",
            RESET,
            include_str!("../texts/reset.txt"),
            include_str!("../texts/reset.html"),
        ),
        Template::ChangeEmail => (
            "Confirm your new address",
            VERIFY,
            include_str!("../texts/change-email.txt"),
            include_str!("../texts/change-email.html"),
        ),
        Template::PasswordReset => (
            "Your password was set anew",
            NO_LINK,
            include_str!("../texts/password-reset.txt"),
            include_str!("../texts/password-reset.html"),
        ),
        Template::PasswordChanged => (
            "Your password was changed",
            NO_LINK,
            include_str!("../texts/password-changed.txt"),
            include_str!("../texts/password-changed.html"),
        ),
        Template::EmailChangeRequested => (
            "A new address was asked for",
            NO_LINK,
            include_str!("../texts/email-change-requested.txt"),
            include_str!("../texts/email-change-requested.html"),
        ),
        Template::EmailTaken => (
            "Somebody asked for your address",
            NO_LINK,
            include_str!("../texts/email-taken.txt"),
            include_str!("../texts/email-taken.html"),
        ),
        Template::EmailChanged => (
            "Your address was changed",
            NO_LINK,
            include_str!("../texts/email-changed.txt"),
            include_str!("../texts/email-changed.html"),
        ),
        Template::AccountDeleted => (
            "Your account is deleted",
            NO_LINK,
            include_str!("../texts/account-deleted.txt"),
            include_str!("../texts/account-deleted.html"),
        ),
    };
    Text { subject, path, plain, html }
}

impl Text {
    /// The plain body.
    pub fn plain(&self, values: &Values<'_>) -> String {
        fill(self.plain, |name| self.value(name, values))
    }

    /// The HTML body.
    pub fn html(&self, values: &Values<'_>) -> String {
        let escaped = |name: &str| self.value(name, values).map(|value| escape(&value).into());
        let content = fill(self.html, escaped);
        fill(FRAME, |name| if name == "content" { Some(content.trim_end().into()) } else { escaped(name) })
    }

    /// The token stands in the fragment, which browsers send to no server.
    fn value<'a>(&self, name: &str, values: &Values<'a>) -> Option<Cow<'a, str>> {
        match name {
            "address" => Some(values.address.into()),
            "app" => Some(values.app.into()),
            "link" => values.token.map(|token| format!("{}{}#token={token}", values.app, self.path).into()),
            _ => None,
        }
    }
}

/// The text with its placeholders filled; what is none stays.
fn fill<'a>(text: &str, value: impl Fn(&str) -> Option<Cow<'a, str>>) -> String {
    let (mut filled, mut rest) = (String::with_capacity(text.len() * 2), text);
    while let Some(start) = rest.find('{') {
        let (before, braced) = rest.split_at(start);
        filled.push_str(before);
        let found = braced.find('}').and_then(|end| Some((end, value(&braced[1..end])?)));
        let (put, length) = match &found {
            Some((end, value)) => (&**value, end + 1),
            None => ("{", 1),
        };
        filled.push_str(put);
        rest = &braced[length..];
    }
    filled + rest
}

/// Text as it may stand in HTML, attributes included.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{Values, text};
    use std::collections::BTreeSet;
    use streamly::accounts::outbox::Template;

    const VALUES: Values<'static> =
        Values { address: "ada@example.com", app: "https://app.example/x", token: Some("T0ken-_") };

    /// Every body of every template.
    fn bodies() -> Vec<(Template, String)> {
        let both = |template| {
            let values = Values { token: VALUES.token.filter(|_| Template::has_token(template)), ..VALUES };
            [text(template).plain(&values), text(template).html(&values)].map(|body| (template, body))
        };
        Template::ALL.into_iter().flat_map(both).collect()
    }

    #[test]
    fn no_placeholder_is_left_in_any_body() {
        for (template, body) in bodies() {
            let outside_styles = body.split("<style>").chain(body.split("</style>").skip(1));
            let text = if body.contains("<style>") {
                body.split("<style>").next().into_iter().chain(outside_styles.last()).collect()
            } else {
                body.clone()
            };
            assert!(!text.contains(['{', '}']), "{template:?}: {text}");
        }
    }

    #[test]
    fn what_has_a_token_links_to_it_in_both_bodies_and_nothing_else_does() {
        for (template, body) in bodies() {
            let link = match template {
                Template::Reset => "https://app.example/x/reset-password#token=T0ken-_",
                _ => "https://app.example/x/verify-email#token=T0ken-_",
            };
            assert_eq!(body.contains(link), template.has_token(), "{template:?}: {body}");
            assert_eq!(body.contains("T0ken"), template.has_token(), "{template:?}: {body}");
            assert!(body.contains("ada@example.com"), "{template:?}: {body}");
        }
    }

    #[test]
    fn both_bodies_of_a_template_lead_to_the_same_places() {
        let places = |body: &str| -> BTreeSet<String> {
            let rest = body.split("https://app.example/x").skip(1);
            rest.map(|rest| rest.split(['"', '<', '\n', ' ']).next().unwrap_or_default().to_owned()).collect()
        };
        for pair in bodies().chunks(2) {
            let [(template, plain), (_, html)] = pair else { panic!("two bodies each") };
            assert_eq!(places(plain), places(html), "{template:?}");
        }
    }

    #[test]
    fn an_address_can_neither_be_a_placeholder_nor_markup() {
        let values = Values { address: "{link}&'{app}@example.com", ..VALUES };
        let verify = text(Template::Verify);
        assert!(verify.plain(&values).contains("that {link}&'{app}@example.com is yours"));
        assert!(verify.html(&values).contains("<strong>{link}&amp;&#39;{app}@example.com</strong>"));
    }

    #[test]
    fn plain_bodies_have_lines_that_every_reader_shows_whole() {
        for template in Template::ALL {
            for line in text(template).plain.lines().filter(|line| !line.contains('{')) {
                assert!(line.len() <= 72, "{template:?}: {line}");
            }
        }
    }

    #[test]
    fn subjects_are_plain_and_say_something() {
        for template in Template::ALL {
            let subject = text(template).subject;
            assert!((8..60).contains(&subject.len()) && subject.is_ascii(), "{subject}");
        }
    }
}
