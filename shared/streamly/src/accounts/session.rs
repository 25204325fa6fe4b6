//! The start of a session, and the tokens of one.

use serde::Serialize;
use tokio_postgres::GenericClient;

use super::Scope;
use super::client::Client;
use super::hash::Phc;
use super::refresh::{Named, RefreshKey};
use super::throttle::Key;
use super::token::{EXPIRES_IN_S, Signer, SigningFailed, Subject};
use crate::db::{Connection, Error, TransactionLimits, credentials, sessions};
use crate::ids::{EventId, SessionId, UserId};

/// The reply that gives tokens.
#[derive(Serialize)]
pub struct TokenSet {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    refresh_token: String,
    refresh_expires_in: i64,
    session_id: SessionId,
}

/// What a password was verified against, and what takes its place.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'a> {
    /// Whose password it is.
    pub user_id: UserId,
    /// The stored hash that it fits.
    pub verified: &'a Phc,
    /// A hash of the present cost, where the stored one is of another.
    pub rehashed: Option<&'a Phc>,
}

/// A session that was begun.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    session_id: SessionId,
    row: sessions::Begun,
}

/// Begins a session in one transaction: the credential is locked, its hash must still be the verified one, the least
/// recently used sessions beyond the limit end, and the account's counters start anew. None where the hash has changed
/// meanwhile, or the account must not log in any more; then nothing was written.
pub async fn begin(
    connection: Connection,
    proof: Proof<'_>,
    account: Key,
    client: &Client,
) -> Result<Option<Begun>, Error> {
    let transaction = connection.begin(TransactionLimits::default()).await?;
    let rehashed = proof.rehashed.map(Phc::expose);
    // All three are sent at once. The second finds nothing to do where the first failed to.
    let (proven, begun, committed) = tokio::join!(
        biased;
        credentials::prove(&*transaction, proof.user_id, proof.verified.expose(), rehashed),
        begin_within(&*transaction, proof.user_id, proof.rehashed.unwrap_or(proof.verified), account, client),
        transaction.commit_in_turn(),
    );
    proven?;
    let begun = begun?;
    committed?;
    Ok(begun)
}

/// Begins a session in a transaction that has locked the credential; none where that has another hash, or the account must
/// not log in.
pub async fn begin_within(
    database: &impl GenericClient,
    user_id: UserId,
    phc: &Phc,
    account: Key,
    client: &Client,
) -> Result<Option<Begun>, Error> {
    let session_id = SessionId::new();
    let row = sessions::NewSession {
        id: session_id,
        user_id,
        phc: phc.expose(),
        account: account.as_bytes(),
        event_id: EventId::new(),
        user_agent: client.user_agent(),
        ip_prefix: client.ip_prefix(),
        request_id: client.request_id(),
    };
    let begun = sessions::begin(database, &row).await?;
    Ok(begun.map(|row| Begun { session_id, row }))
}

impl TokenSet {
    /// The first tokens of a session.
    pub fn first(
        begun: &Begun,
        user_id: UserId,
        scope: Scope,
        signer: &Signer,
        refresh_key: &RefreshKey,
    ) -> Result<Self, SigningFailed> {
        let Begun { session_id, row } = *begun;
        let subject = Subject { user_id, session_id, auth_time: row.auth_time, scope };
        Self::of(&subject, 0, row.refresh_expires_in_s, signer, refresh_key)
    }

    /// The tokens of a session that was refreshed so often.
    pub fn of(
        subject: &Subject,
        counter: u64,
        refresh_expires_in_s: i64,
        signer: &Signer,
        refresh_key: &RefreshKey,
    ) -> Result<Self, SigningFailed> {
        let session_id = subject.session_id;
        Ok(Self {
            access_token: signer.sign(subject)?,
            token_type: "Bearer",
            expires_in: EXPIRES_IN_S,
            refresh_token: refresh_key.token(Named { session_id, counter }),
            refresh_expires_in: refresh_expires_in_s,
            session_id,
        })
    }
}
