//! Which browser origins may read replies (the Fetch standard's CORS protocol).

use http::{HeaderMap, HeaderValue, header};
use std::str::FromStr;
use std::sync::Arc;

/// The origins that `CORS_ALLOWED_ORIGINS` names, comma-separated; none by default. Never a wildcard.
#[derive(Debug, Clone, Default)]
pub struct Origins(Arc<[HeaderValue]>);

/// Why a list of origins was refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidOrigin {
    /// A wildcard, which would let every page read replies.
    #[error("a wildcard is not accepted: name each origin")]
    Wildcard,
    /// Not `scheme://host[:port]`.
    #[error("an origin is written https://host or https://host:port, without a path")]
    Form,
}

impl FromStr for Origins {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        text.split(',')
            .map(str::trim)
            .filter(|origin| !origin.is_empty())
            .map(origin)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn origin(text: &str) -> Result<HeaderValue, InvalidOrigin> {
    if text.contains('*') {
        return Err(InvalidOrigin::Wildcard);
    }
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@']) => {
            HeaderValue::from_str(text).map_err(|_| InvalidOrigin::Form)
        }
        _ => Err(InvalidOrigin::Form),
    }
}

impl Origins {
    /// The caller's origin, when it is one of these.
    pub(crate) fn matching(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        self.0.iter().find(|allowed| *allowed == origin).cloned()
    }
}
