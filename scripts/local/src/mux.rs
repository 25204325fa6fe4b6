//! A stand-in for Mux's edge: it checks signed addresses as Mux does and serves one real, short clip, so that players
//! really play on loopback.
//!
//! It holds the public half of the key alone, so an address that the product signed wrongly fails here as it would there:
//! 404 for an unknown playback id, 400 for a token that cannot be read, 403 for one that does not fit, 412 while the asset
//! is not ready. Only claims shape the answer; query parameters beside `token` do nothing (a public asset has no token, so there they
//! count). Renditions, segments and the
//! storyboard's picture carry the token on and check it again, the stricter of two ways in which Mux may behave.
//!
//! Not modelled: playback restrictions, animations and DRM licences.

mod answer;
mod clip;
mod edge;
mod image;
mod key;
mod stills;
mod stream;
mod token;

use crate::server::Server;
use edge::Edge;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use streamly::clock::Clock;

/// How long the one clip is.
pub const CLIP_SECONDS: f64 = 24.0;

/// Takes a line for each request: method, path and status, never a token.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// What one stand-in answers to.
pub struct Options {
    /// Where it listens; 0 lets the kernel choose.
    pub port: u16,
    /// The id of the signing key: the `kid` that tokens must name.
    pub key_id: String,
    /// The public half of the signing key: PEM of a `SubjectPublicKeyInfo`.
    pub public_key: String,
    /// The playback ids that exist.
    pub assets: BTreeMap<String, Asset>,
    /// Tells whether a token has expired.
    pub clock: Clock,
    /// Where its log goes.
    pub log: Log,
}

impl Options {
    /// A stand-in on a free port, by the machine's clock, without assets and without a log.
    pub fn new(key_id: impl Into<String>, public_key: impl Into<String>) -> Self {
        Self {
            port: 0,
            key_id: key_id.into(),
            public_key: public_key.into(),
            assets: BTreeMap::new(),
            clock: Clock::system(),
            log: Arc::new(|_| ()),
        }
    }
}

/// What stands behind a playback id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Who may have it.
    pub policy: Policy,
    /// Whether it can be played.
    pub state: State,
}

impl Asset {
    /// One that plays with a signed address.
    pub const SIGNED: Self = Self { policy: Policy::Signed, state: State::Ready };
    /// One that plays with a bare address.
    pub const PUBLIC: Self = Self { policy: Policy::Public, state: State::Ready };
    /// One that needs a signed address and is still being prepared.
    pub const PREPARING: Self = Self { policy: Policy::Signed, state: State::Preparing };
}

/// Who may have an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Whoever holds a signed address.
    Signed,
    /// Everyone.
    Public,
}

/// Whether an asset can be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not yet.
    Preparing,
    /// Yes.
    Ready,
}

/// A running stand-in, which ends when this is dropped.
pub struct Mux {
    server: Server,
    edge: Arc<Edge>,
}

impl Mux {
    /// Starts one on loopback; a public key that cannot be read is `InvalidInput`.
    pub async fn start(options: Options) -> io::Result<Self> {
        let port = options.port;
        let edge = Arc::new(Edge::new(options)?);
        let server = Server::start(port, edge::routes(Arc::clone(&edge))).await?;
        Ok(Self { server, edge })
    }

    /// The base of video addresses: `MUX_STREAM_BASE_URL`.
    pub fn stream_url(&self) -> String {
        format!("{}/stream", self.server.url())
    }

    /// The base of picture addresses: `MUX_IMAGE_BASE_URL`.
    pub fn image_url(&self) -> String {
        format!("{}/image", self.server.url())
    }

    /// Puts an asset behind a playback id, from the next request on.
    pub fn put(&self, playback_id: impl Into<String>, asset: Asset) {
        self.edge.put(playback_id.into(), asset);
    }
}
