//! The steps, in order.

use bytes::Bytes;
use http::{Method, header};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{JourneyError, Reply, get, hls, hosted, send, shortened};
use crate::stack::seeds;

/// The longest wait for a payment that a stand-in takes, in seconds.
const PAID_S_MAX: u64 = 20;
/// The longest wait for one that a person makes on Stripe's own page.
const PERSON_S_MAX: u64 = 900;
/// How often the right to watch is asked for meanwhile, in milliseconds.
const POLL_MS: u64 = 250;

/// Somebody on their way.
pub(super) struct Walk<'a> {
    gateway: &'a str,
    plan: String,
    is_stand_in: bool,
    tell: &'a (dyn Fn(&str) + Send + Sync),
    steps: usize,
}

#[derive(Deserialize)]
struct Registered {
    user: User,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

#[derive(Deserialize)]
struct TokenSet {
    access_token: String,
    expires_in: u64,
    session_id: String,
}

#[derive(Deserialize)]
struct Checkout {
    checkout_session_id: String,
    url: String,
}

#[derive(Deserialize)]
struct Playback {
    kind: String,
    hls_url: String,
    expires_at: String,
    entitlement: Entitlement,
}

#[derive(Deserialize)]
struct Entitlement {
    reason: String,
    tier: Option<String>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        environment: &'a BTreeMap<String, String>,
        tell: &'a (dyn Fn(&str) + Send + Sync),
    ) -> Result<Self, JourneyError> {
        #[derive(Deserialize)]
        struct Plan {
            slug: String,
        }
        let get = |name| environment.get(name).ok_or(JourneyError::Variable(name));
        let plans: Vec<Plan> = serde_json::from_str(get("PLANS")?).unwrap_or_default();
        let plan = plans.into_iter().next().ok_or(JourneyError::Variable("PLANS"))?.slug;
        let is_stand_in = get("STRIPE_API_BASE")?.starts_with("http://");
        Ok(Self { gateway: get("STREAMLY_GATEWAY_URL")?, plan, is_stand_in, tell, steps: 0 })
    }

    pub(super) async fn all(mut self) -> Result<usize, JourneyError> {
        let email = format!("demo-{}@example.com", uuid::Uuid::new_v4().simple());
        let password = uuid::Uuid::new_v4().to_string();
        self.register(&email, &password).await?;
        let token = self.log_in(&email, &password).await?;
        self.be_refused(&token).await?;
        let page = self.check_out(&token).await?;
        self.pay(&page).await?;
        let address = self.may_watch(&token).await?;
        self.play(&address).await?;
        Ok(self.steps)
    }

    async fn register(&mut self, email: &str, password: &str) -> Result<(), JourneyError> {
        let body = json!({"email": email, "password": password});
        let reply = self.post("/v1/register", None, &body).await?.expect(201)?;
        let id = reply.json::<Registered>()?.user.id;
        self.held(&format!("register: POST /v1/register {{\"email\":\"{email}\",…}} -> 201, account {id}"));
        Ok(())
    }

    async fn log_in(&mut self, email: &str, password: &str) -> Result<String, JourneyError> {
        let body = json!({"email": email, "password": password});
        let reply = self.post("/v1/login", None, &body).await?.expect(200)?;
        let tokens: TokenSet = reply.json()?;
        self.held(&format!(
            "log in: POST /v1/login {{\"email\":\"{email}\",…}} -> 200, session {}, access token for {} s",
            tokens.session_id, tokens.expires_in
        ));
        Ok(format!("Bearer {}", tokens.access_token))
    }

    async fn be_refused(&mut self, token: &str) -> Result<(), JourneyError> {
        let path = playback_path();
        self.watch(None).await?.expect_problem(401, "missing-token")?;
        self.held(&format!("watch without a token: GET {path} -> 401 missing-token"));
        self.watch(Some(token)).await?.expect_problem(403, "subscription-required")?;
        self.held(&format!("watch without a plan: GET {path} -> 403 subscription-required"));
        Ok(())
    }

    async fn check_out(&mut self, token: &str) -> Result<String, JourneyError> {
        let body = json!({"plan": self.plan});
        let reply = self.post("/v1/checkout", Some(token), &body).await?.expect(200)?;
        let Checkout { checkout_session_id, url } = reply.json()?;
        self.held(&format!(
            "subscribe: POST /v1/checkout {body} -> 200, {checkout_session_id}, a page at {}",
            shortened(&url)
        ));
        Ok(url)
    }

    /// The stand-in's page is paid here, by its own form; on Stripe's a person pays.
    async fn pay(&mut self, page: &str) -> Result<(), JourneyError> {
        if !self.is_stand_in {
            (self.tell)(&format!("      now pay at {page}"));
            return Ok(());
        }
        let reply = hosted::pay(page).await?;
        let location = reply.location.clone().ok_or_else(|| reply.unexpected("an address to go on to"))?;
        self.held(&format!("pay: POST the page's form, action=pay -> 303, on to {location}"));
        Ok(())
    }

    /// Paying is heard of by webhook, so the right to watch follows the payment and is asked for until it is there.
    async fn may_watch(&mut self, token: &str) -> Result<String, JourneyError> {
        let seconds = if self.is_stand_in { PAID_S_MAX } else { PERSON_S_MAX };
        let started = Instant::now();
        let reply = loop {
            let reply = self.watch(Some(token)).await?;
            if reply.status == 200 || started.elapsed() > Duration::from_secs(seconds) {
                break reply.expect(200)?;
            }
            tokio::time::sleep(Duration::from_millis(POLL_MS)).await;
        };
        let playback: Playback = reply.json()?;
        let (reason, tier) = (&playback.entitlement.reason, playback.entitlement.tier.as_deref());
        if reason != "subscription" || playback.kind != "full" {
            return Err(reply.unexpected("the whole film for a subscription"));
        }
        self.held(&format!(
            "watch: GET {} -> 200, {} by {reason} ({}), signed until {}",
            playback_path(),
            playback.kind,
            tier.unwrap_or("no tier"),
            playback.expires_at
        ));
        Ok(playback.hls_url)
    }

    /// As a player does: the list of renditions, one rendition's list of segments, the first segment.
    async fn play(&mut self, address: &str) -> Result<(), JourneyError> {
        let bare = address.split('?').next().unwrap_or(address);
        get(bare).await?.expect(403)?;
        self.held(&format!("play unsigned: GET {bare} -> 403"));
        let (rendition, count) = playlist(address).await?;
        self.held(&format!("play: GET {bare}?token=… -> 200, {count} renditions"));
        let (segment, count) = playlist(&rendition).await?;
        self.held(&format!("rendition: GET {} -> 200, {count} segments", shown(&rendition)));
        let reply = get(&segment).await?.expect(200)?;
        if !hls::is_transport_stream(&reply.body) {
            return Err(reply.unexpected("a transport stream"));
        }
        self.held(&format!("segment: GET {} -> 200, {} bytes of video", shown(&segment), reply.body.len()));
        Ok(())
    }

    async fn watch(&self, token: Option<&str>) -> Result<Reply, JourneyError> {
        let headers: Vec<_> = token.map(|token| (header::AUTHORIZATION, token)).into_iter().collect();
        send(Method::GET, &format!("{}{}", self.gateway, playback_path()), &headers, Bytes::new()).await
    }

    async fn post(
        &self,
        path: &str,
        token: Option<&str>,
        body: &serde_json::Value,
    ) -> Result<Reply, JourneyError> {
        let mut headers = vec![(header::CONTENT_TYPE, "application/json")];
        headers.extend(token.map(|token| (header::AUTHORIZATION, token)));
        send(Method::POST, &format!("{}{path}", self.gateway), &headers, body.to_string().into()).await
    }

    fn held(&mut self, line: &str) {
        self.steps += 1;
        (self.tell)(&format!("{:>3}. {line}", self.steps));
    }
}

fn playback_path() -> String {
    format!("/v1/videos/{}/playback", seeds::MEMBERS.id)
}

/// The first address of a playlist, and how many there are.
async fn playlist(url: &str) -> Result<(String, usize), JourneyError> {
    let reply = get(url).await?.expect(200)?;
    let text = reply.text();
    let first = hls::first_address(&text).ok_or_else(|| reply.unexpected("a playlist"))?;
    let count = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    Ok((hls::resolve(url, first), count))
}

/// An address without its token.
fn shown(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}
