//! Who sent a request: the person whose token it carries, and the client that it came from.

use functions_framework::{Problem, Request, RequestExt};
use http::header;
use streamly::accounts::client::Client;
use streamly::accounts::verify::{Caller, TokenHeader, Verifier};

/// Checks the tokens of callers where the deployment puts them.
#[derive(Debug)]
pub struct Callers {
    /// Checks a token.
    pub verifier: Verifier,
    /// The one header that carries it.
    pub token_header: TokenHeader,
}

impl Callers {
    /// The caller of a route that is nobody else's; noted in the request's line. Whether their session goes on, the
    /// database knows.
    pub fn of(&self, request: &Request) -> Result<Caller, Problem> {
        let token = request.required_bearer(self.token_header.name())?;
        let caller = self.verifier.verify(token).map_err(|_| Problem::invalid_token())?;
        request.log_field("user.id", caller.user_id().to_string());
        Ok(caller)
    }
}

/// The client of a request that passed so many proxies of ours.
pub fn client(request: &Request, proxy_hops: usize) -> Client {
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Client::new(request.client_address(proxy_hops), agent, request.request_id())
}
