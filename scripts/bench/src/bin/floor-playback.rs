//! The floor of playback: hyper over the same pool with the same statements and a fixed reply. No token is checked, nothing
//! is decided, signed or logged.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::sync::Arc;
use streamly::billing::plans::Plans;
use streamly::db::streams::{self, Opening};
use streamly::db::videos::{self, PlaybackQuestion};
use streamly::db::viewers::Rules;
use streamly::db::{Pool, PoolSize};

type Failure = Box<dyn Error + Send + Sync>;

/// As long as playback's reply for a title of Mux.
static REPLY: [u8; 3_000] = [b'x'; 3_000];

struct Parts {
    pool: Pool,
    plans: Plans,
}

fn main() -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve())
}

async fn serve() -> Result<(), Failure> {
    let pool = Pool::new(variable("DATABASE_URL")?.parse()?, None, PoolSize::default());
    let parts = Arc::new(Parts { pool, plans: variable("PLANS")?.parse()? });
    let listener = tokio::net::TcpListener::bind(("0.0.0.0", variable("PORT")?.parse::<u16>()?)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let parts = Arc::clone(&parts);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&parts), request));
            // A broken connection is the client's affair.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(parts: Arc<Parts>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Failure> {
    let mut ids = request.uri().path().split('/').skip(1);
    let mut id = || ids.next().ok_or("an id is missing");
    let (video, user, session, play) = (id()?.parse()?, id()?.parse()?, id()?.parse()?, id()?.parse()?);
    let connection = parts.pool.get().await?;
    let plans = parts.plans.slugs_by_tier_ascending();
    let rules = Rules { livemode: false, renewal_leeway_hours: 72, past_due_grace_days: 7, plans: &plans };
    let question = PlaybackQuestion { video, caller: Some((user, session)), rules };
    videos::for_playback(&*connection, question).await?;
    let opening = Opening { user, video, named: Some(play), device: None, plays_max: 1 };
    streams::open(connection, &opening).await?;
    Ok(Response::new(Full::new(Bytes::from_static(&REPLY))))
}

#[expect(clippy::disallowed_methods, reason = "a floor program has no framework to read its variables")]
fn variable(name: &str) -> Result<String, Failure> {
    Ok(std::env::var(name)?)
}
