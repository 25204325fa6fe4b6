//! `one_time_tokens`: hashes of tokens that were mailed. A newer one takes the place of the older of its purpose.

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::{Error, Statement};
use crate::ids::UserId;

/// Every statement of this file.
pub const STATEMENTS: &[Statement] = &[REPLACE_VERIFY, DELETE];

/// A token that proves an address, good for a day. Whoever uses the older one at this moment is waited for.
const REPLACE_VERIFY: Statement = Statement::new(
    "one_time_tokens::REPLACE_VERIFY",
    &[Type::BYTEA, Type::UUID, Type::TEXT],
    "
    insert into one_time_tokens (hash, user_id, purpose, email, expires_at)
    values ($1, $2, 'verify', $3, now() + interval '24 hours')
    on conflict (user_id, purpose) do update set
      hash = excluded.hash, email = excluded.email, expires_at = excluded.expires_at",
);

const DELETE: Statement = Statement::new(
    "one_time_tokens::DELETE",
    &[Type::BYTEA],
    "
    delete from one_time_tokens
     where hash = $1",
);

/// Writes the hash of a token that proves this address.
pub async fn replace_verify(
    client: &impl GenericClient,
    hash: &[u8],
    user: UserId,
    email: &str,
) -> Result<(), Error> {
    REPLACE_VERIFY.execute(client, &[&hash, &user.uuid(), &email]).await?;
    Ok(())
}

/// Takes a token away again.
pub async fn delete(client: &impl GenericClient, hash: &[u8]) -> Result<(), Error> {
    DELETE.execute(client, &[&hash]).await?;
    Ok(())
}
