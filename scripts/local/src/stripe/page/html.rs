//! The page itself.

use crate::stripe::objects::{LineItem, Session, SessionStatus};
use std::fmt::Write;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1a1f36;--soft:#5a6478;--line:#d5dbe5;--paper:#fff;--ground:#f4f6fa;--go:#0a7d55;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#eef1f7;--soft:#a3adc2;--line:#39435a;--paper:#1b2233;--ground:#10151f;--go:#2fb885;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif;min-height:100vh;display:grid;place-items:center;padding:1rem}
main{background:var(--paper);border:1px solid var(--line);border-radius:14px;padding:2rem;width:min(30rem,100%)}
h1{font-size:1.25rem;margin:0 0 1rem}
.badge{float:right;font-size:.75rem;border:1px solid var(--line);border-radius:99px;padding:.1rem .6rem;color:var(--soft)}
ul{list-style:none;margin:0 0 1.5rem;padding:0 0 1rem;border-bottom:1px solid var(--line)}
li{display:flex;justify-content:space-between;gap:1rem}
.total{font-size:1.75rem;font-weight:650;margin:.25rem 0 1rem}
label{display:block;font-weight:600;margin:0 0 .25rem}
input{width:100%;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:8px;padding:.6rem .75rem;margin:0 0 1rem}
button{width:100%;font:inherit;font-weight:600;border:1px solid var(--line);border-radius:8px;padding:.65rem;margin:0 0 .6rem;background:transparent;color:inherit;cursor:pointer}
button.go{background:var(--go);border-color:var(--go);color:#fff}
input:focus-visible,button:focus-visible{outline:3px solid #7aa7ff;outline-offset:2px}
.alert{border:1px solid var(--bad);color:var(--bad);border-radius:8px;padding:.6rem .75rem;margin:0 0 1rem}
.hint{color:var(--soft);font-size:.85rem;margin:0 0 1rem}
code{font-size:.95em}";

/// The page of this session, with what the payer is to know first.
pub(super) fn page(session: &Session, message: Option<&str>) -> String {
    match session.status {
        SessionStatus::Open => form(session, message),
        SessionStatus::Complete => notice("You have paid already", "This checkout session is complete."),
        SessionStatus::Expired => {
            notice("This page has expired", "Go back to the shop and begin again; nothing was paid.")
        }
    }
}

/// A page that only says something.
pub(super) fn notice(heading: &str, text: &str) -> String {
    document(heading, &format!("<h1>{}</h1><p>{}</p>", escape(heading), escape(text)))
}

fn form(session: &Session, message: Option<&str>) -> String {
    let mut items = String::new();
    for item in &session.line_items {
        write!(items, "<li><span>{}</span><span>{}</span></li>", escape(&item.name), per_period(item))
            .expect("writing to a string does not fail");
    }
    let alert = message.map(|message| format!("<p class=\"alert\" role=\"alert\">{}</p>", escape(message)));
    let trial = session.trial_days.map(|days| {
        let later = money(session.price_of_a_period(), session.currency());
        format!("<p class=\"hint\">{days} days free, then {later} a period.</p>")
    });
    let email = match &session.payer_email {
        Some(email) => format!("<p class=\"hint\">Paying as {}</p>", escape(email)),
        None => "<label for=\"email\">Email</label>\
                 <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"email\">"
            .to_owned(),
    };
    let body = format!(
        "<span class=\"badge\">stand-in, no real money</span><h1>Subscribe</h1>\
         <p class=\"total\">{total}</p>{trial}<ul>{items}</ul>{alert}\
         <form method=\"post\">{email}\
         <label for=\"card_number\">Card number</label>\
         <input id=\"card_number\" name=\"card_number\" inputmode=\"numeric\" autocomplete=\"off\" \
         value=\"4242 4242 4242 4242\" aria-describedby=\"cards\">\
         <p class=\"hint\" id=\"cards\"><code>4242 4242 4242 4242</code> pays, <code>4000 0000 0000 0002</code> is \
         declined, <code>4000 0000 0000 0341</code> is declined when it is charged.</p>\
         <button class=\"go\" name=\"action\" value=\"pay\">Pay</button>\
         <button name=\"action\" value=\"delayed\">Pay with a delayed method</button>\
         <button name=\"action\" value=\"decline\">Decline</button>\
         <button name=\"action\" value=\"leave\">Leave</button></form>",
        total = money(session.total(), session.currency()),
        trial = trial.unwrap_or_default(),
        alert = alert.unwrap_or_default(),
    );
    document("Checkout", &body)
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>\n",
        escape(title)
    )
}

fn per_period(item: &LineItem) -> String {
    let amount = money(item.amount(), &item.price.currency);
    match item.price.recurring.as_ref() {
        Some(every) if every.count == 1 => format!("{amount} a {}", escape(&every.interval)),
        Some(every) => format!("{amount} every {} {}s", every.count, escape(&every.interval)),
        None => amount,
    }
}

/// Minor units as people read them. Currencies without minor units are few, and Stripe's list of them is short.
fn money(amount: i64, currency: &str) -> String {
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

fn escape(text: &str) -> String {
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
