//! What a program really sends to the database for one request: the server's log of it, each text matched with the
//! product's own statement. What is measured against it can then not drift from the product.

use std::error::Error;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use streamly::db::statements;
use testkit::Database;
use tokio_postgres::types::Type;

use crate::fixture;
use crate::load::{Connection, Shot};
use crate::process::Program;

/// One statement as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    /// Its name: the product's, or its first word.
    pub(crate) name: String,
    /// Its text.
    pub(crate) sql: String,
    /// The types of its parameters.
    pub(crate) types: &'static [Type],
    /// Their values as text; none where null.
    pub(crate) values: Vec<Option<String>>,
}

/// Everything that a program of this role sends for one request.
pub(crate) async fn capture(
    program: &Path,
    variables: &[(String, String)],
    (database, role): (&Database, &str),
    shot: &Shot,
) -> Result<Vec<Sent>, Box<dyn Error>> {
    let superuser = database.superuser().await;
    let setting = |to: &str| format!("alter role {role} in database {} {to}", database.name());
    superuser.batch_execute(&setting("set log_statement = 'all'")).await?;
    let mut log = std::fs::File::open(database.server().folder().join("postgres.log"))?;
    log.seek(SeekFrom::End(0))?;
    let program = Program::start(program, variables)?;
    fixture::ready(program.address).await?;
    let shot = Connection::open(program.address).await?.shoot(shot).await;
    // Its connections end with it, so that nothing that is measured is logged.
    drop(program);
    superuser.batch_execute(&setting("reset log_statement")).await?;
    shot?;
    let mut text = String::new();
    log.read_to_string(&mut text)?;
    read(&text)
}

/// The statements in a piece of the server's log.
fn read(log: &str) -> Result<Vec<Sent>, Box<dyn Error>> {
    // A message's further lines begin with a tab.
    let log = log.replace("\n\t", "\u{1}");
    let mut sent: Vec<Sent> = Vec::new();
    for line in log.lines() {
        let line = line.replace('\u{1}', "\n");
        if let Some((_, sql)) = line.split_once("LOG:  execute <unnamed>: ") {
            let known = statements().find(|statement| statement.sql() == sql);
            let statement = known.ok_or_else(|| format!("no statement of the product: {sql}"))?;
            sent.push(Sent {
                name: statement.name().to_owned(),
                sql: sql.to_owned(),
                types: statement.types(),
                values: Vec::new(),
            });
        } else if let Some((_, texts)) = line.split_once("LOG:  statement: ") {
            // Whatever has no parameters may be several in one text.
            sent.extend(texts.split(';').map(str::trim).map(|sql| Sent {
                name: sql.split(' ').next().unwrap_or(sql).to_owned(),
                sql: sql.to_owned(),
                types: &[],
                values: Vec::new(),
            }));
        } else if let (Some((_, list)), Some(last)) =
            (line.split_once("DETAIL:  parameters: "), sent.last_mut())
        {
            last.values = values(list);
        }
    }
    let complete = sent.iter().all(|sent| sent.types.len() == sent.values.len());
    if complete && !sent.is_empty() { Ok(sent) } else { Err("the server's log is incomplete".into()) }
}

/// `$1 = 'a', $2 = NULL`: the values; a quote within one is doubled.
fn values(list: &str) -> Vec<Option<String>> {
    let (mut values, mut rest) = (Vec::new(), list);
    while let Some((_, after)) = rest.split_once(" = ") {
        let Some(quoted) = after.strip_prefix('\'') else {
            values.push(None);
            rest = after;
            continue;
        };
        let (mut value, mut characters) = (String::new(), quoted.chars());
        while let Some(character) = characters.next() {
            if character == '\'' && !characters.as_str().starts_with('\'') {
                break;
            } else if character == '\'' {
                characters.next();
            }
            value.push(character);
        }
        values.push(Some(value));
        rest = characters.as_str();
    }
    values
}

#[cfg(test)]
mod tests {
    use super::{read, values};

    #[test]
    fn values_are_read_as_the_server_writes_them() {
        let list = "$1 = 'it''s = ''x'', $2 = NULL', $2 = NULL, $3 = '', $4 = '{a,b}'";
        let expected = [Some("it's = 'x', $2 = NULL"), None, Some(""), Some("{a,b}")];
        assert_eq!(values(list), expected.map(|value| value.map(str::to_owned)));
    }

    #[test]
    fn statements_are_those_of_the_product() {
        let statement = streamly::db::statements().find(|found| found.name() == "payment_logs::IS_KNOWN");
        let sql = statement.expect("the product asks that").sql();
        let log = format!(
            "t [1] LOG:  statement: begin; set local lock_timeout = 5\nt [1] LOG:  execute <unnamed>: {}\n\
             t [1] DETAIL:  parameters: $1 = 'evt_1'\n",
            sql.replace('\n', "\n\t")
        );
        let sent = read(&log).expect("a whole log");
        let names: Vec<&str> = sent.iter().map(|sent| sent.name.as_str()).collect();
        assert_eq!(names, ["begin", "set", "payment_logs::IS_KNOWN"]);
        assert_eq!((sent[2].sql.as_str(), &sent[2].values), (sql, &vec![Some("evt_1".to_owned())]));
        assert!(read("t [1] LOG:  execute <unnamed>: select 1\n").is_err());
        assert!(read("").is_err());
    }
}
