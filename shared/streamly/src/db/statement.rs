//! One statement as a constant: named for errors, typed for one round trip, listed for the tests that prepare it.

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{GenericClient, Row};

use super::Error;

/// A parameter of a statement.
pub(crate) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// One statement: its name for errors and tests, its parameter types, its text.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    name: &'static str,
    types: &'static [Type],
    sql: &'static str,
}

impl Statement {
    /// A statement; `name` is `<table>::<CONSTANT>`.
    #[must_use]
    pub const fn new(name: &'static str, types: &'static [Type], sql: &'static str) -> Self {
        Self { name, types, sql }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its text.
    pub const fn sql(&self) -> &'static str {
        self.sql
    }

    /// Its parameters' types.
    pub const fn types(&self) -> &'static [Type] {
        self.types
    }

    /// Every row.
    pub async fn rows(
        &self,
        client: &impl GenericClient,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Error> {
        let typed = self.typed(parameters);
        client.query_typed(self.sql, &typed).await.map_err(|source| Error::new(self.name, source))
    }

    /// The row, or none; the statement finds one at most.
    pub async fn optional(
        &self,
        client: &impl GenericClient,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Row>, Error> {
        let typed = self.typed(parameters);
        client.query_typed_opt(self.sql, &typed).await.map_err(|source| Error::new(self.name, source))
    }

    /// The row of a statement that always has exactly one.
    pub async fn one(&self, client: &impl GenericClient, parameters: &[Parameter<'_>]) -> Result<Row, Error> {
        let typed = self.typed(parameters);
        client.query_typed_one(self.sql, &typed).await.map_err(|source| Error::new(self.name, source))
    }

    /// How many rows it changed.
    pub async fn execute(
        &self,
        client: &impl GenericClient,
        parameters: &[Parameter<'_>],
    ) -> Result<u64, Error> {
        let typed = self.typed(parameters);
        client.execute_typed(self.sql, &typed).await.map_err(|source| Error::new(self.name, source))
    }

    fn typed<'a>(&self, parameters: &[Parameter<'a>]) -> Vec<(Parameter<'a>, Type)> {
        assert_eq!(parameters.len(), self.types.len(), "{} takes {} parameters", self.name, self.types.len());
        parameters.iter().copied().zip(self.types.iter().cloned()).collect()
    }
}
