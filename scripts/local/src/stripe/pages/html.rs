//! What the hosted pages share: the frame, the look, and text that cannot become markup.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1a1f36;--soft:#5a6478;--line:#d5dbe5;--paper:#fff;--ground:#f4f6fa;--go:#0a7d55;--on-go:#fff;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#eef1f7;--soft:#a3adc2;--line:#39435a;--paper:#1b2233;--ground:#10151f;--go:#2fb885;--on-go:#06281c;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif;min-height:100vh;display:grid;place-items:center;padding:1rem}
main{background:var(--paper);border:1px solid var(--line);border-radius:14px;padding:2rem;width:min(30rem,100%)}
h1{font-size:1.25rem;margin:0 0 1rem}
.badge{float:right;font-size:.75rem;border:1px solid var(--line);border-radius:99px;padding:.1rem .6rem;color:var(--soft)}
ul{list-style:none;margin:0 0 1.5rem;padding:0 0 1rem;border-bottom:1px solid var(--line)}
li{display:flex;justify-content:space-between;gap:1rem}
.total{font-size:1.75rem;font-weight:650;margin:.25rem 0 1rem}
label{display:block;font-weight:600;margin:0 0 .25rem}
input,select{width:100%;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:8px;padding:.6rem .75rem;margin:0 0 1rem}
button{width:100%;font:inherit;font-weight:600;border:1px solid var(--line);border-radius:8px;padding:.65rem;margin:0 0 .6rem;background:transparent;color:inherit;cursor:pointer}
button.go{background:var(--go);border-color:var(--go);color:var(--on-go)}
input:focus-visible,select:focus-visible,a:focus-visible,button:focus-visible{outline:3px solid #7aa7ff;outline-offset:2px}
.alert{border:1px solid var(--bad);color:var(--bad);border-radius:8px;padding:.6rem .75rem;margin:0 0 1rem}
.hint{color:var(--soft);font-size:.85rem;margin:0 0 1rem}
code{font-size:.95em}
section{border-bottom:1px solid var(--line);margin:0 0 1rem;padding:0 0 .6rem}
h2{font-size:1.05rem;margin:0 0 .25rem}
a{color:inherit}";

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

/// Text as it may stand in a page.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{escape, money};

    #[test]
    fn money_is_written_with_its_minor_units() {
        assert_eq!(money(999, "usd"), "USD 9.99");
        assert_eq!(money(1000, "eur"), "EUR 10.00");
        assert_eq!(money(5, "usd"), "USD 0.05");
        assert_eq!(money(500, "jpy"), "JPY 500");
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<b a='1' c=\"2\">&"), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
    }
}
