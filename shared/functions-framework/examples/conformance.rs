//! The functions that the Functions Framework conformance checks ask; `FUNCTION_TARGET` chooses one.
//!
//! `http` writes the body it gets to `function_output.json` in the working folder, `typed` wraps the object it gets as
//! `payload`, and `concurrent_http` and `concurrent_typed` do nothing but take a second. `panic` is no check of theirs: it
//! shows what becomes of a defect.

use functions_framework::{
    Error, Json, Problem, Request, RequestExt, RequestPayloadExt, Severity, env, run, service_fn,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

/// How long the concurrent functions take: the checks compare one request's time with ten at once.
const WORK: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    functions_framework::main(async {
        match env::read(|env| env.or("FUNCTION_TARGET", Target::Http))? {
            Target::Http => run(service_fn(http)).await,
            Target::Typed => run(service_fn(typed)).await,
            Target::ConcurrentHttp => run(service_fn(concurrent_http)).await,
            Target::ConcurrentTyped => run(service_fn(concurrent_typed)).await,
            Target::Panic => run(service_fn(fall)).await,
        }
    })
}

enum Target {
    Http,
    Typed,
    ConcurrentHttp,
    ConcurrentTyped,
    Panic,
}

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "http" => Ok(Self::Http),
            "typed" => Ok(Self::Typed),
            "concurrent_http" => Ok(Self::ConcurrentHttp),
            "concurrent_typed" => Ok(Self::ConcurrentTyped),
            "panic" => Ok(Self::Panic),
            _ => Err("must be http, typed, concurrent_http, concurrent_typed or panic"),
        }
    }
}

#[derive(Deserialize, Serialize)]
struct Message {
    message: String,
}

#[derive(Serialize)]
struct Wrapped {
    payload: Message,
}

async fn http(request: Request) -> Result<StatusCode, Error> {
    tokio::fs::write("function_output.json", request.body().as_bytes()).await?;
    Ok(StatusCode::OK)
}

async fn typed(request: Request) -> Result<Json<Wrapped>, Problem> {
    Ok(Json(Wrapped { payload: request.json()? }))
}

async fn concurrent_http(_: Request) -> Result<StatusCode, Problem> {
    tokio::time::sleep(WORK).await;
    Ok(StatusCode::OK)
}

async fn concurrent_typed(request: Request) -> Result<Json<Wrapped>, Problem> {
    let message = request.json()?;
    tokio::time::sleep(WORK).await;
    Ok(Json(Wrapped { payload: message }))
}

async fn fall(request: Request) -> Result<StatusCode, Problem> {
    request.log(Severity::Warning, "about to fall", &[("body.bytes", request.body().len().into())]);
    panic!("cannot go on with {:?}", request.body());
}
