//! The variables of checkout, and the parts that are made of them.

use adapters::callers::Callers;
use adapters::variables;
use functions_framework::cors::Origins;
use functions_framework::env::{Invalid, Reader};
use std::str::FromStr;
use streamly::billing::Plans;
use streamly::billing::stripe::{InvalidPageUrl, PageUrl, Stripe};
use streamly::clock::Clock;
use streamly::db::Pool;

/// What the variables say.
pub struct Config {
    pool: Pool,
    callers: Callers,
    plans: Plans,
    stripe: Stripe,
    livemode: bool,
    pages: Pages,
    origins: Origins,
}

impl Config {
    /// Reads the variables.
    pub fn read(env: &mut Reader<'_>) -> Result<Self, Invalid> {
        let pool = variables::database(env);
        let callers = variables::callers(env);
        let plans = env.required("PLANS");
        let stripe = variables::stripe(env);
        let success = env.required::<SuccessUrl>("CHECKOUT_SUCCESS_URL");
        let cancel = env.required::<PageUrl>("CHECKOUT_CANCEL_URL");
        let origins = env.or("CORS_ALLOWED_ORIGINS", Origins::default());
        let (stripe, livemode) = stripe?;
        Ok(Self {
            pool: pool?,
            callers: callers?,
            plans: plans?,
            stripe,
            livemode,
            pages: Pages { success: success?.0, cancel: cancel?.to_string() },
            origins: origins?,
        })
    }
}

/// Where Stripe's page leads back to.
#[derive(Debug, Clone)]
pub struct Pages {
    /// After paying; carries `{CHECKOUT_SESSION_ID}`, which Stripe fills in.
    pub(crate) success: String,
    /// After leaving.
    pub(crate) cancel: String,
}

/// What Stripe replaces by the session's id.
const SESSION_ID: &str = "{CHECKOUT_SESSION_ID}";

/// The address of a page, with the place for the session's id: the page must be able to tell what was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SuccessUrl(String);

impl FromStr for SuccessUrl {
    type Err = InvalidPageUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPageUrl> {
        let url = text.parse::<PageUrl>()?.to_string();
        if url.contains(SESSION_ID) {
            return Ok(Self(url));
        }
        let (page, fragment) = match url.split_once('#') {
            Some((page, fragment)) => (page, format!("#{fragment}")),
            None => (url.as_str(), String::new()),
        };
        let separator = if page.contains('?') { '&' } else { '?' };
        Ok(Self(format!("{page}{separator}session_id={SESSION_ID}{fragment}")))
    }
}

/// What the work needs.
pub struct Parts {
    /// Tells one wish from the next.
    pub clock: Clock,
    /// The database.
    pub pool: Pool,
    /// Checks callers' tokens.
    pub callers: Callers,
    /// The plans on offer.
    pub plans: Plans,
    /// Stripe.
    pub stripe: Stripe,
    /// Whether this deployment is about real money.
    pub livemode: bool,
    /// Where Stripe's page leads back to.
    pub pages: Pages,
    /// The browser origins that may read replies.
    pub origins: Origins,
}

impl Parts {
    /// The real parts.
    pub fn real(config: Config) -> Self {
        let Config { pool, callers, plans, stripe, livemode, pages, origins } = config;
        Self { clock: Clock::system(), pool, callers, plans, stripe, livemode, pages, origins }
    }
}

#[cfg(test)]
mod tests {
    use super::{PageUrl, SuccessUrl};

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let found = text.parse::<SuccessUrl>().ok().map(|url| url.0);
        assert_eq!(found.as_deref(), expected, "{text}");
        assert_eq!(text.parse::<PageUrl>().is_ok(), expected.is_some(), "{text}");
    }

    #[test]
    fn the_success_page_is_told_the_session() {
        let told = "https://app.test/welcome?session={CHECKOUT_SESSION_ID}&x=1";
        check(told, Some(told));
        check("https://app.test", Some("https://app.test?session_id={CHECKOUT_SESSION_ID}"));
        check("http://127.0.0.1:9/w?x=1", Some("http://127.0.0.1:9/w?x=1&session_id={CHECKOUT_SESSION_ID}"));
        check(
            "https://app.test/#/welcome",
            Some("https://app.test/?session_id={CHECKOUT_SESSION_ID}#/welcome"),
        );
        check("app.test/welcome", None);
        check("javascript:alert(1)", None);
        check("https://", None);
        check("https:///path", None);
        check("https://app.test/a b", None);
        check("", None);
    }
}
