//! `migrations/schema.sql` is what the migrations add up to, so that a change of the schema is seen in its review.

use std::fmt::Write;
use std::path::Path;
use testkit::Database;
use tokio_postgres::Client;

/// Set to anything, it makes the test write the file instead of comparing it.
const UPDATE: &str = "STREAMLY_UPDATE";

const TABLES: &str = "
    select c.relname, c.oid
      from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
     order by c.relname";

const COLUMNS: &str = "
    select a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
             || case when a.attnotnull then ' not null' else '' end
             || case when a.attidentity = 'a' then ' generated always as identity' else '' end
             || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
      from pg_attribute a
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
     order by a.attnum";

/// PostgreSQL 18 lists `not null` as constraints too; they stand with their columns here.
const CONSTRAINTS: &str = "
    select 'constraint ' || conname || ' ' || pg_get_constraintdef(oid)
      from pg_constraint
     where conrelid = $1 and contype <> 'n'
     order by conname";

const INDEXES: &str = "
    select pg_get_indexdef(i.indexrelid)
      from pg_index i
     where i.indrelid = $1 and not exists (select from pg_constraint where conindid = i.indexrelid)
     order by 1";

const GRANTS: &str = "
    select 'grant ' || string_agg(lower(privilege) || columns, ', ' order by privilege) || ' on ' || $2 || ' to ' || grantee
      from (
        select grantee::regrole::text, privilege_type as privilege, '' as columns
          from pg_class c, aclexplode(c.relacl)
         where c.oid = $1 and grantee <> c.relowner
        union all
        select grantee::regrole::text, privilege_type, ' (' || string_agg(a.attname, ', ' order by a.attnum) || ')'
          from pg_attribute a, aclexplode(a.attacl)
         where a.attrelid = $1
         group by grantee, privilege_type
      ) granted
     group by grantee
     order by grantee";

#[tokio::test]
async fn the_file_shows_what_the_migrations_add_up_to() {
    let database = Database::new().await;
    let found = dump(&database.owner().await).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/schema.sql");
    #[expect(
        clippy::disallowed_methods,
        reason = "the one switch of this test, no configuration of a function"
    )]
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, found).expect("the file can be written");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, found, "run: {UPDATE}=1 cargo test -p journeys schema");
}

async fn dump(owner: &Client) -> String {
    let mut text = "-- What the migrations add up to. Written by a test; see README.md.\n".to_owned();
    for table in owner.query(TABLES, &[]).await.expect("the catalogue is readable") {
        let (name, oid): (String, u32) = (table.get(0), table.get(1));
        let mut members = lines(owner, COLUMNS, oid).await;
        members.extend(lines(owner, CONSTRAINTS, oid).await);
        let _ = write!(text, "\ncreate table {name} (\n  {}\n);\n", members.join(",\n  "));
        for index in lines(owner, INDEXES, oid).await {
            let _ = writeln!(text, "{index};");
        }
        let grants = owner.query(GRANTS, &[&oid, &name]).await.expect("the catalogue is readable");
        for grant in grants {
            let _ = writeln!(text, "{};", grant.get::<_, String>(0));
        }
    }
    text
}

async fn lines(owner: &Client, sql: &str, oid: u32) -> Vec<String> {
    let rows = owner.query(sql, &[&oid]).await.expect("the catalogue is readable");
    rows.iter().map(|row| row.get(0)).collect()
}
