//! The catcher's pages: the list, and one mail with both of its bodies. The HTML body stands in a frame of its own, where it
//! can run nothing and reach nothing; its links lead the whole window on.

use axum::response::{Html, IntoResponse, Response};
use http::header;
use std::fmt::Write;
use time::format_description::well_known::Rfc3339;

use super::{Shown, is_link};
use crate::html::escape;

const STYLE: &str = include_str!("style.css");

/// A page of ours: no script, and nothing of others but the frame.
pub(super) fn respond(page: &str) -> Response {
    answer(
        page,
        "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
}

/// What a mail brought, for the frame alone.
pub(super) fn respond_framed(html: &str) -> Response {
    // Where a mail's links lead is the window, not the frame in which it is read.
    let html = html.replacen("<head>", "<head><base target=\"_top\">", 1);
    answer(
        &html,
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation",
    )
}

fn answer(page: &str, policy: &'static str) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, Html(page.to_owned())).into_response()
}

/// Every mail, the newest first.
pub(super) fn list(mails: &[Shown], to: Option<&str>) -> String {
    let mut rows = String::new();
    for mail in mails {
        let _ = write!(
            rows,
            "<li><a href=\"/mails/{}\"><strong>{}</strong><span>{}</span><time datetime=\"{1}\">{}</time></a></li>",
            mail.number,
            escape(&mail.subject),
            escape(&mail.to.join(", ")),
            time(mail),
        );
    }
    let body = if mails.is_empty() {
        "<p>No mail yet. It arrives within seconds of what it tells of.</p>".to_owned()
    } else {
        format!("<ul>{rows}</ul>")
    };
    let (heading, all) = match to {
        Some(to) => (format!("Mail to {}", escape(to)), "<a href=\"/\">All mail</a>"),
        None => ("Mail".to_owned(), ""),
    };
    let again = to.map_or(String::new(), |to| {
        format!("?{}", form_urlencoded::Serializer::new(String::new()).append_pair("to", to).finish())
    });
    let nav = format!("<nav aria-label=\"Mail\">{all} <a href=\"/{}\">Refresh</a></nav>", escape(&again));
    document(&heading, &format!("<h1>{heading}</h1>{nav}{body}"))
}

/// One mail.
pub(super) fn mail(mail: &Shown) -> String {
    let subject = escape(&mail.subject);
    let body = format!(
        "<nav aria-label=\"Mail\"><a href=\"/\">All mail</a></nav><h1>{subject}</h1>\
         <dl><dt>From</dt><dd>{}</dd><dt>To</dt><dd>{}</dd><dt>Came</dt><dd>{}</dd></dl>\
         <h2>As HTML</h2><iframe title=\"The mail as HTML\" src=\"/mails/{}/html\" \
         sandbox=\"allow-top-navigation-by-user-activation\"></iframe>\
         <h2>As text</h2><pre tabindex=\"0\">{}</pre>\
         <p><a href=\"/mails/{3}/raw\">As it came</a></p>",
        escape(&mail.from),
        escape(&mail.to.join(", ")),
        time(mail),
        mail.number,
        linked(&mail.text)
    );
    document(&subject, &body)
}

fn time(mail: &Shown) -> String {
    mail.at.replace_nanosecond(0).ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}

/// Text whose addresses can be followed.
fn linked(text: &str) -> String {
    let word = |word: &str| {
        let (end, address) = (word.len() - word.trim_end().len(), escape(word.trim_end()));
        let white = &word[word.len() - end..];
        if is_link(word) {
            format!("<a href=\"{address}\">{address}</a>{white}")
        } else {
            format!("{address}{white}")
        }
    };
    text.split_inclusive(char::is_whitespace).map(word).collect()
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )
}
