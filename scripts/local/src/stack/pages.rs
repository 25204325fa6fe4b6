//! The pages for people, and what the demo page is told of the stack.

use super::StackError;
use super::seeds;
use super::settings::Settings;
use crate::demo::{self, Demo};
use crate::gateway::Document;
use crate::reference::Reference;

/// Both pages.
pub(super) struct Pages {
    pub(super) reference: Reference,
    pub(super) demo: Demo,
}

impl Pages {
    /// Starts both; the demo page waits until it is told about the stack.
    pub(super) async fn start(document: &Document, gateway_url: &str) -> Result<Self, StackError> {
        let reference = Reference::start(0, document, gateway_url).await;
        let demo = Demo::start(0).await.map_err(|error| StackError::Server("the demo page", error))?;
        let reference = reference.map_err(|error| StackError::Server("the API page", error))?;
        Ok(Self { reference, demo })
    }

    /// Sets the variables by which the functions know the pages.
    pub(super) fn introduce(&self, settings: &mut Settings<'_>) {
        let demo = self.demo.url();
        // A person may write either name of this machine.
        let by_name = demo.replace("127.0.0.1", "localhost");
        settings.set("CORS_ALLOWED_ORIGINS", format!("{demo},{by_name}"));
        settings.set("CHECKOUT_SUCCESS_URL", self.demo.success_url());
        settings.set("CHECKOUT_CANCEL_URL", self.demo.cancel_url());
        settings.set("PORTAL_RETURN_URL", self.demo.portal_return_url());
        settings.set("PUBLIC_APP_URL", demo);
    }
}

/// What the demo page shows and talks to.
pub(super) fn config(
    settings: &Settings<'_>,
    document: &Document,
    gateway_url: &str,
    reference_url: &str,
    (mail_url, desk_url): (Option<&str>, Option<&str>),
) -> Result<demo::Config, StackError> {
    let mut paths: Vec<String> = document.operations()?.into_iter().map(|operation| operation.path).collect();
    paths.dedup();
    let link = |name: &str, url: &str| demo::Link { name: name.to_owned(), url: url.to_owned() };
    let media = ["MUX_STREAM_BASE_URL", "MUX_IMAGE_BASE_URL"];
    let mut media_origins: Vec<String> =
        media.iter().filter_map(|name| settings.get(name)).map(|url| media_origin(&url)).collect();
    media_origins.dedup();
    Ok(demo::Config {
        gateway_url: gateway_url.to_owned(),
        paths,
        videos: seeds::ALL.iter().map(seeds::Seed::shown).collect(),
        mail_url: mail_url.map(str::to_owned),
        links: [("Mail", mail_url), ("Behind Stripe", desk_url)]
            .into_iter()
            .filter_map(|(name, url)| url.map(|url| link(name, url)))
            .chain([link("The API", reference_url)])
            .collect(),
        media_origins,
    })
}

/// Where what this URL leads to is loaded from: the real Mux serves playlists and segments from further hosts of its own.
fn media_origin(url: &str) -> String {
    let origin = origin(url);
    if origin.ends_with(".mux.com") { "https://*.mux.com".to_owned() } else { origin }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> String {
    let end = url.find("://").and_then(|scheme| url[scheme + 3..].find('/').map(|path| scheme + 3 + path));
    end.map_or(url, |end| &url[..end]).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{media_origin, origin};

    #[test]
    fn an_origin_is_a_url_without_its_path() {
        assert_eq!(origin("http://127.0.0.1:4000/stream"), "http://127.0.0.1:4000");
        assert_eq!(origin("https://stream.mux.com"), "https://stream.mux.com");
        assert_eq!(origin("https://stream.mux.com/"), "https://stream.mux.com");
    }

    #[test]
    fn the_real_mux_serves_from_all_of_its_hosts() {
        assert_eq!(media_origin("https://stream.mux.com"), "https://*.mux.com");
        assert_eq!(media_origin("http://127.0.0.1:4000/stream"), "http://127.0.0.1:4000");
        assert_eq!(media_origin("https://stream.mux.com.example"), "https://stream.mux.com.example");
    }
}
