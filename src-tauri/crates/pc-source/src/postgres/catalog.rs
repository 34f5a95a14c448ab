//! What a PostgreSQL server says of itself, of its role, and of its tables. Deliberately absent: the system's own tables.

use anyhow::Result;
use tokio_postgres::error::SqlState;

use super::Session;
use crate::drive::Link;
use crate::shape::{Power, PowerKind, Probe, Table, TableColumn, TableKind, Tables};
use crate::{Address, Engine};

/// Refused before the name is looked at where nothing may be written; where it is not refused, there is nothing to drop.
const ATTEMPT: &str = "DROP TABLE partner_console_no_such_table_6f1d9a";

const POWERS: &str = "
WITH me AS (SELECT * FROM pg_catalog.pg_roles WHERE rolname = current_user),
spaces AS (SELECT * FROM pg_catalog.pg_namespace
  WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)')
SELECT 'superuser', NULL FROM me WHERE rolsuper
UNION ALL SELECT 'roles', NULL FROM me WHERE rolcreaterole AND NOT rolsuper
UNION ALL SELECT 'databases', NULL FROM me WHERE rolcreatedb AND NOT rolsuper
UNION ALL SELECT CASE r.rolname WHEN 'pg_execute_server_program' THEN 'programs' WHEN 'pg_write_all_data' THEN 'write'
    ELSE 'server_files' END, r.rolname
  FROM me, pg_catalog.pg_roles r WHERE NOT me.rolsuper AND pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER')
  AND r.rolname IN ('pg_execute_server_program', 'pg_write_all_data', 'pg_write_server_files', 'pg_read_server_files')
UNION ALL (SELECT 'schema', n.nspname FROM me, spaces n
  WHERE NOT me.rolsuper AND pg_catalog.has_schema_privilege(n.oid, 'CREATE') ORDER BY 2 LIMIT 20)
UNION ALL (SELECT 'write', n.nspname || '.' || c.relname FROM me, pg_catalog.pg_class c JOIN spaces n ON n.oid = c.relnamespace
  WHERE NOT me.rolsuper AND c.relkind IN ('r', 'p', 'v', 'f')
  AND pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY 2 LIMIT 20)";

const TABLES: &str = "
SELECT n.nspname, c.relname, c.relkind, CASE WHEN c.reltuples >= 0 AND c.relkind IN ('r', 'm') THEN c.reltuples::bigint END,
  pg_catalog.has_table_privilege(c.oid, 'SELECT'), pg_catalog.obj_description(c.oid, 'pg_class'),
  a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_catalog.col_description(c.oid, a.attnum)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY n.nspname, c.relname, a.attnum";

pub(crate) async fn probe(link: &Link) -> Result<Probe> {
    let mut session = Session::open(link).await?;
    let asked = async {
        session.begin().await?;
        let version = session.ask("SHOW server_version").await?;
        let powers = session.ask(POWERS).await?;
        // Last, because a refusal ends the transaction.
        let attempt = session.client.batch_execute(ATTEMPT).await;
        let refused = |error: tokio_postgres::Error| error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION);
        Ok((version, powers, attempt.is_err_and(refused)))
    };
    let (version, powers, read_only) = match asked.await {
        Ok(found) => found,
        Err(error) => return Err(session.fault(error, None).await),
    };
    let power = |row: &Vec<Option<String>>| {
        let [Some(kind), on] = row.as_slice() else { return None };
        Some(Power { kind: kind_of(kind)?, on: on.clone() })
    };
    let mut powers: Vec<Power> = powers.iter().filter_map(power).collect();
    powers.sort_by_key(|power| power.kind);
    powers.truncate(Probe::POWERS);
    Ok(Probe {
        engine: Engine::Postgres,
        version: version.into_iter().flatten().flatten().next().unwrap_or_default(),
        encryption: session.encryption,
        read_only,
        powers,
        advice: advice(link.address()),
    })
}

fn kind_of(word: &str) -> Option<PowerKind> {
    Some(match word {
        "superuser" => PowerKind::Superuser,
        "roles" => PowerKind::Roles,
        "databases" => PowerKind::Databases,
        "programs" => PowerKind::Programs,
        "server_files" => PowerKind::ServerFiles,
        "schema" => PowerKind::Schema,
        "write" => PowerKind::Write,
        _ => return None,
    })
}

fn advice(address: &Address) -> String {
    let name = if address.database.is_empty() { &address.user } else { &address.database };
    let database = name.replace('"', "\"\"");
    format!(
        "CREATE ROLE partner_reader LOGIN PASSWORD '...';\n\
         ALTER ROLE partner_reader SET default_transaction_read_only = on;\n\
         GRANT CONNECT ON DATABASE \"{database}\" TO partner_reader;\n\
         GRANT USAGE ON SCHEMA public TO partner_reader;\n\
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO partner_reader;\n"
    )
}

pub(crate) async fn tables(link: &Link) -> Result<Tables> {
    let mut session = Session::open(link).await?;
    let asked = async {
        session.begin().await?;
        session.ask(&format!("{TABLES} LIMIT {}", Tables::COLUMNS + 1)).await
    };
    let mut rows = match asked.await {
        Ok(rows) => rows,
        Err(error) => return Err(session.fault(error, None).await),
    };
    let mut found = Tables { truncated: rows.len() > Tables::COLUMNS, ..Tables::default() };
    rows.truncate(Tables::COLUMNS);
    for row in rows {
        let Ok([schema, name, kind, rows, readable, comment, column, data_type, fixed, note]) =
            <[_; 10]>::try_from(row)
        else {
            continue;
        };
        let table = Table {
            schema: schema.unwrap_or_default(),
            name: name.unwrap_or_default(),
            kind: match kind.as_deref() {
                Some("v") => TableKind::View,
                Some("m") => TableKind::MaterializedView,
                Some("f") => TableKind::Foreign,
                _ => TableKind::Table,
            },
            rows: rows.and_then(|rows| rows.parse().ok()),
            readable: readable.as_deref() == Some("t"),
            comment,
            columns: Vec::new(),
        };
        let column = column.map(|name| TableColumn {
            name,
            data_type: data_type.unwrap_or_default(),
            nullable: fixed.as_deref() != Some("t"),
            comment: note,
        });
        found.take(table, column);
    }
    Ok(found)
}
