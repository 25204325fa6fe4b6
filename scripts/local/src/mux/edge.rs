//! The edge's routes: which asset, whether the token opens it, then what it serves.

use super::answer::{Content, Refusal};
use super::clip::{self, Rendition};
use super::image::Picture;
use super::key::Key;
use super::token::{self, Audience, Grant, Parameters};
use super::{Asset, Log, Options, Policy, State as Readiness, stream};
use axum::extract::{Path, RawQuery, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, uri::Authority};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use streamly::clock::Clock;

/// What the routes share.
pub(super) struct Edge {
    key: Key,
    assets: RwLock<BTreeMap<String, Asset>>,
    clock: Clock,
    log: Log,
    renditions: Vec<Rendition>,
}

/// What a request may have of an asset, and the query that the addresses in its answer carry on.
struct Opened {
    grant: Grant,
    query: String,
}

impl Edge {
    pub(super) fn new(options: Options) -> io::Result<Self> {
        let key = Key::from_pem(options.key_id, &options.public_key).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the public key is no RSA public key in PEM")
        })?;
        Ok(Self {
            key,
            assets: RwLock::new(options.assets),
            clock: options.clock,
            log: options.log,
            renditions: clip::renditions(),
        })
    }

    pub(super) fn put(&self, playback_id: String, asset: Asset) {
        self.assets.write().unwrap_or_else(PoisonError::into_inner).insert(playback_id, asset);
    }

    fn asset(&self, playback_id: &str) -> Option<Asset> {
        self.assets.read().unwrap_or_else(PoisonError::into_inner).get(playback_id).copied()
    }

    /// Unknown, malformed, forbidden, not ready: the first that fits refuses.
    fn open(&self, playback_id: &str, query: Option<&str>, audience: Audience) -> Result<Opened, Refusal> {
        let asset = self.asset(playback_id).ok_or(Refusal::UnknownId)?;
        let opened = match asset.policy {
            Policy::Public => bare(query)?,
            Policy::Signed => {
                let token = only_token(query)?.ok_or(Refusal::Forbidden("it is missing"))?;
                let grant =
                    token::verify(&token, &self.key, playback_id, audience, self.clock.unix_seconds())?;
                Opened { grant, query: format!("?token={token}") }
            }
        };
        match asset.state {
            Readiness::Ready => Ok(opened),
            Readiness::Preparing => Err(Refusal::NotReady),
        }
    }
}

/// An address without a token says in its query what a token says in its claims; a token there does nothing.
fn bare(query: Option<&str>) -> Result<Opened, Refusal> {
    let mut parameters = Parameters::default();
    let mut carried = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs(query) {
        let place = match &*name {
            "asset_end_time" => &mut parameters.asset_end_time,
            "max_resolution" => &mut parameters.max_resolution,
            "time" => &mut parameters.time,
            "width" => &mut parameters.width,
            _ => continue,
        };
        carried.append_pair(&name, &value);
        *place = Some(value.into_owned());
    }
    let carried = carried.finish();
    let query = if carried.is_empty() { carried } else { format!("?{carried}") };
    Ok(Opened { grant: token::grant(&parameters)?, query })
}

/// The one `token` of a query; nothing where it is absent or empty.
fn only_token(query: Option<&str>) -> Result<Option<String>, Refusal> {
    let mut tokens = pairs(query).filter(|(name, _)| name == "token").map(|(_, token)| token.into_owned());
    let token = tokens.next().filter(|token| !token.is_empty());
    if tokens.next().is_some() { Err(Refusal::Malformed("there is a second token")) } else { Ok(token) }
}

fn pairs(query: Option<&str>) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
}

pub(super) fn routes(edge: Arc<Edge>) -> Router {
    Router::new()
        .route("/stream/{file}", get(master))
        .route("/stream/{playback_id}/{file}", get(rendition))
        .route("/stream/{playback_id}/{rendition}/{file}", get(segment))
        .route("/image/{playback_id}/{file}", get(picture))
        .layer(middleware::from_fn_with_state(Arc::clone(&edge), open_and_logged))
        .with_state(edge)
}

async fn master(
    State(edge): State<Arc<Edge>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Content, Refusal> {
    let playback_id = file.strip_suffix(".m3u8").ok_or(Refusal::NothingHere)?;
    let opened = edge.open(playback_id, query.as_deref(), Audience::Video)?;
    Ok(stream::master(&edge.renditions, playback_id, &opened.grant, &opened.query))
}

async fn rendition(
    State(edge): State<Arc<Edge>>,
    Path((playback_id, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Content, Refusal> {
    let opened = edge.open(&playback_id, query.as_deref(), Audience::Video)?;
    let name = file.strip_suffix(".m3u8").ok_or(Refusal::NothingHere)?;
    stream::rendition(&edge.renditions, name, &opened.grant, &opened.query)
}

async fn segment(
    State(edge): State<Arc<Edge>>,
    Path((playback_id, rendition, file)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Content, Refusal> {
    let opened = edge.open(&playback_id, query.as_deref(), Audience::Video)?;
    let index = file.strip_suffix(".ts").ok_or(Refusal::NothingHere)?;
    stream::segment(&edge.renditions, &rendition, index, &opened.grant)
}

async fn picture(
    State(edge): State<Arc<Edge>>,
    Path((playback_id, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Content, Refusal> {
    let picture = Picture::from_name(&file).ok_or(Refusal::NothingHere)?;
    let opened = edge.open(&playback_id, query.as_deref(), picture.audience())?;
    // A player puts the addresses of the list into its own page, where relative ones would lead nowhere.
    let authority = headers.get(header::HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let base = authority.map_or(String::new(), |host| format!("http://{host}/image/{playback_id}/"));
    Ok(picture.content(&opened.grant, &format!("{base}storyboard.jpg{}", opened.query)))
}

/// Every answer may be read from every origin, refusals too, so that a page can tell them apart.
async fn open_and_logged(State(edge): State<Arc<Edge>>, request: Request, next: Next) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    let mut response = if request.method() == Method::OPTIONS {
        let allowed = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "Range"),
        ];
        (StatusCode::NO_CONTENT, allowed).into_response()
    } else {
        next.run(request).await
    };
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    (edge.log)(&format!("{line} {}", response.status().as_u16()));
    response
}
