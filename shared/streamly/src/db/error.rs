//! A statement that failed, or a connection that could not be had: ours to log, never a client's to read.

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

/// A statement that failed, or a connection that could not be had. Questions ask the SQLSTATE, never the text.
#[derive(Debug, thiserror::Error)]
#[error("{statement} failed")]
pub struct Error {
    statement: &'static str,
    #[source]
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error(transparent)]
    Database(tokio_postgres::Error),
    #[error(transparent)]
    Pool(PoolError),
    #[error("a stored value cannot be read: {0}")]
    Value(String),
}

impl Error {
    pub(crate) fn new(statement: &'static str, source: tokio_postgres::Error) -> Self {
        Self { statement, cause: Cause::Database(source) }
    }

    pub(crate) fn pool(source: PoolError) -> Self {
        Self { statement: "pool::get", cause: Cause::Pool(source) }
    }

    /// A value that the schema's checks should have refused.
    pub(crate) fn value(statement: &'static str, what: impl Into<String>) -> Self {
        Self { statement, cause: Cause::Value(what.into()) }
    }

    /// Whether a unique index refused the row.
    pub fn is_unique_violation(&self) -> bool {
        self.sql_state() == Some(&SqlState::UNIQUE_VIOLATION)
    }

    /// Whether the same request may succeed later: the database is away, overloaded, locked or read-only. Everything
    /// else is a defect of ours.
    pub fn is_unavailable(&self) -> bool {
        let source = match &self.cause {
            Cause::Database(source) | Cause::Pool(PoolError::Backend(source)) => source,
            // No connection in time.
            Cause::Pool(_) => return true,
            Cause::Value(_) => return false,
        };
        match source.code() {
            Some(state) => is_passing(state.code()),
            // Without a SQLSTATE the fault is the connection's, unless the driver could not convert a value.
            None => source.is_closed() || is_io(source) || matches!(self.cause, Cause::Pool(_)),
        }
    }

    fn sql_state(&self) -> Option<&SqlState> {
        match &self.cause {
            Cause::Database(source) | Cause::Pool(PoolError::Backend(source)) => source.code(),
            Cause::Pool(_) | Cause::Value(_) => None,
        }
    }
}

/// SQLSTATEs that say "not now" (PostgreSQL, appendix A).
fn is_passing(code: &str) -> bool {
    match code {
        // Read-only transaction; statement or lock time-out; deadlock; serialization; a password, a role or a database
        // that is being changed, which is an operator's matter and passes.
        "25006" | "57014" | "55P03" | "40P01" | "40001" | "28P01" | "28000" | "3D000" => true,
        // Connection exceptions; insufficient resources; operator intervention; system errors.
        _ => ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class)),
    }
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<std::io::Error>() {
            return true;
        }
        source = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::is_passing;

    #[track_caller]
    fn check(code: &str, passing: bool) {
        assert_eq!(is_passing(code), passing, "{code}");
    }

    #[test]
    fn a_state_that_passes_is_told_from_a_defect() {
        check("08006", true);
        check("25006", true);
        check("40P01", true);
        check("53300", true);
        check("53100", true);
        check("55P03", true);
        check("57014", true);
        check("57P01", true);
        check("57P03", true);
        check("58030", true);
        check("22P02", false);
        check("23505", false);
        check("23503", false);
        check("42501", false);
        check("42601", false);
        check("42P01", false);
    }
}
