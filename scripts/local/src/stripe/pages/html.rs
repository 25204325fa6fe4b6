//! What the hosted pages share: the frame, the look, and text that cannot become markup.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

pub(super) use crate::html::escape;

const STYLE: &str = include_str!("style.css");

/// The response that carries a page: it loads nothing, and nothing may frame it.
pub(super) fn respond(status: StatusCode, page: String) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers, Html(page)).into_response()
}

/// What the payer is to know first.
pub(super) fn alert(message: Option<&str>) -> String {
    let alert = message.map(|message| format!("<p class=\"alert\" role=\"alert\">{}</p>", escape(message)));
    alert.unwrap_or_default()
}

/// A page that only says something.
pub(super) fn notice(heading: &str, text: &str) -> String {
    document(heading, &format!("<h1>{}</h1><p>{}</p>", escape(heading), escape(text)))
}

/// A whole page.
pub(super) fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>\n",
        escape(title)
    )
}

/// Minor units as people read them. Currencies without minor units are few, and Stripe's list of them is short.
pub(super) fn money(amount: i64, currency: &str) -> String {
    const WHOLE: &[&str] = &[
        "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf",
        "xof", "xpf",
    ];
    let code = escape(&currency.to_uppercase());
    if WHOLE.contains(&currency) {
        return format!("{code} {amount}");
    }
    format!("{code} {}.{:02}", amount / 100, (amount % 100).abs())
}

#[cfg(test)]
mod tests {
    use super::money;

    #[test]
    fn money_is_written_with_its_minor_units() {
        assert_eq!(money(999, "usd"), "USD 9.99");
        assert_eq!(money(1000, "eur"), "EUR 10.00");
        assert_eq!(money(5, "usd"), "USD 0.05");
        assert_eq!(money(500, "jpy"), "JPY 500");
    }
}
