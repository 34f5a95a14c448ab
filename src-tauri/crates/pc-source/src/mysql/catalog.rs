//! What a MySQL or MariaDB server says of itself, of its user, and of its tables. Deliberately absent: the system's own tables.

use anyhow::Result;
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::{begin, fault, open};
use crate::drive::Link;
use crate::shape::{Power, PowerKind, Probe, Table, TableColumn, TableKind, Tables};
use crate::{Address, Engine};

/// Refused before the name is looked at where nothing may be written; where it is not refused, there is nothing to drop.
const ATTEMPT: &str = "DROP TABLE partner_console_no_such_table_6f1d9a";
/// The number of that refusal.
const READ_ONLY: u16 = 1792;

/// Rights that let their owner read, or do nothing at all.
const READING: &[&str] = &[
    "USAGE",
    "SELECT",
    "SHOW DATABASES",
    "SHOW VIEW",
    "PROCESS",
    "EXECUTE",
    "REPLICATION CLIENT",
    "BINLOG MONITOR",
    "SLAVE MONITOR",
    "REPLICA MONITOR",
    "SHOW_ROUTINE",
];
/// Rights to change rows or definitions.
const WRITING: &[&str] = &[
    "ALL PRIVILEGES",
    "INSERT",
    "UPDATE",
    "DELETE",
    "DELETE HISTORY",
    "CREATE",
    "DROP",
    "ALTER",
    "INDEX",
    "REFERENCES",
    "TRIGGER",
    "EVENT",
    "LOCK TABLES",
    "CREATE VIEW",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
    "CREATE TEMPORARY TABLES",
];

const TABLES: &str = "
SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.TABLE_TYPE, CAST(t.TABLE_ROWS AS CHAR), t.TABLE_COMMENT,
  c.COLUMN_NAME, c.COLUMN_TYPE, c.IS_NULLABLE, c.COLUMN_COMMENT, c.PRIVILEGES
FROM information_schema.TABLES t LEFT JOIN information_schema.COLUMNS c
  ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME
WHERE t.TABLE_SCHEMA NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')
ORDER BY t.TABLE_SCHEMA, t.TABLE_NAME, c.ORDINAL_POSITION";

type Texts = Vec<Option<String>>;

/// The texts of all rows of a question of our own; nothing for NULL.
async fn ask(conn: &mut Conn, sql: &str) -> Result<Vec<Texts>> {
    let text = |cell| match cell {
        mysql_async::Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        _ => None,
    };
    let read = |row: mysql_async::Row| row.unwrap().into_iter().map(text).collect();
    conn.query_map(sql, read).await.map_err(|error| fault::query(error, sql, None))
}

pub(crate) async fn probe(link: &Link) -> Result<Probe> {
    let (mut conn, encryption) = open(link).await?;
    begin(&mut conn).await.map_err(|error| fault::query(error, "", None))?;
    let version = ask(&mut conn, "SELECT VERSION()").await?;
    let grants = ask(&mut conn, "SHOW GRANTS").await?;
    let attempt = conn.query_drop(ATTEMPT).await;
    let refused = |error| matches!(error, mysql_async::Error::Server(refusal) if refusal.code == READ_ONLY);
    let mut powers: Vec<Power> = grants.iter().flatten().flatten().flat_map(|grant| powers(grant)).collect();
    powers.sort_by_key(|power| power.kind);
    powers.dedup();
    powers.truncate(Probe::POWERS);
    Ok(Probe {
        engine: Engine::Mysql,
        version: version.into_iter().flatten().flatten().next().unwrap_or_default(),
        encryption,
        read_only: attempt.is_err_and(refused),
        powers,
        advice: advice(link.address()),
    })
}

/// What a line of SHOW GRANTS lets its user do beyond reading.
fn powers(grant: &str) -> Vec<Power> {
    let Some(grant) = grant.strip_prefix("GRANT ") else { return Vec::new() };
    let Some((rights, rest)) = grant.split_once(" ON ") else {
        let role = grant.split_once(" TO ").map_or(grant, |(role, _)| role);
        return vec![Power { kind: PowerKind::Member, on: Some(role.to_owned()) }];
    };
    let on = rest.split_once(" TO ").map_or(rest, |(on, _)| on);
    let everything = on == "*.*";
    let mut found: Vec<(PowerKind, Vec<&str>)> = Vec::new();
    for right in split(rights) {
        let name = right.split(" (").next().unwrap_or(right);
        let kind = match name {
            name if READING.contains(&name) => continue,
            "ALL PRIVILEGES" | "SUPER" if everything => PowerKind::Superuser,
            "FILE" => PowerKind::ServerFiles,
            "CREATE USER" | "CREATE ROLE" | "DROP ROLE" | "ROLE_ADMIN" => PowerKind::Roles,
            name if WRITING.contains(&name) => PowerKind::Write,
            _ => PowerKind::Administer,
        };
        match found.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, names)) => names.push(right),
            None => found.push((kind, vec![right])),
        }
    }
    if rest.ends_with("WITH GRANT OPTION") {
        found.push((PowerKind::Roles, vec!["GRANT OPTION"]));
    }
    let power =
        |(kind, names): (PowerKind, Vec<&str>)| Power { kind, on: Some(format!("{} ON {on}", names.join(", "))) };
    found.into_iter().map(power).collect()
}

/// Rights between commas; those of columns list them in brackets.
fn split(rights: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, letter) in rights.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(rights[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(rights[start..].trim());
    parts
}

fn advice(address: &Address) -> String {
    let on = match address.database.as_str() {
        "" => "*".to_owned(),
        database => format!("`{}`", database.replace('`', "``")),
    };
    format!(
        "CREATE USER 'partner_reader'@'%' IDENTIFIED BY '...' REQUIRE SSL;\n\
         GRANT SELECT, SHOW VIEW ON {on}.* TO 'partner_reader'@'%';\n"
    )
}

pub(crate) async fn tables(link: &Link) -> Result<Tables> {
    let (mut conn, _) = open(link).await?;
    begin(&mut conn).await.map_err(|error| fault::query(error, "", None))?;
    let mut rows = ask(&mut conn, &format!("{TABLES} LIMIT {}", Tables::COLUMNS + 1)).await?;
    let mut found = Tables { truncated: rows.len() > Tables::COLUMNS, ..Tables::default() };
    rows.truncate(Tables::COLUMNS);
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    for row in rows {
        let Ok([schema, name, kind, rows, comment, column, data_type, nullable, note, rights]) =
            <[_; 10]>::try_from(row)
        else {
            continue;
        };
        let view = kind.as_deref().is_some_and(|kind| kind.contains("VIEW"));
        let table = Table {
            schema: schema.unwrap_or_default(),
            name: name.unwrap_or_default(),
            kind: if view { TableKind::View } else { TableKind::Table },
            rows: rows.and_then(|rows| rows.parse().ok()),
            readable: rights.is_some_and(|rights| rights.split(',').any(|right| right.eq_ignore_ascii_case("select"))),
            // What stands at a view is the word VIEW.
            comment: said(comment).filter(|_| !view),
            columns: Vec::new(),
        };
        let column = column.map(|name| TableColumn {
            name,
            data_type: data_type.unwrap_or_default(),
            nullable: nullable.as_deref() == Some("YES"),
            comment: said(note),
        });
        found.take(table, column);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(grant: &str) -> Vec<(PowerKind, String)> {
        powers(grant).into_iter().map(|power| (power.kind, power.on.unwrap_or_default())).collect()
    }

    #[test]
    fn a_grant_that_only_reads_is_no_power() {
        assert!(kinds("GRANT USAGE ON *.* TO `r`@`%` IDENTIFIED BY PASSWORD '*2470C0C06DEE'").is_empty());
        assert!(kinds("GRANT SELECT, SHOW VIEW ON `shop`.* TO `r`@`%`").is_empty());
        assert!(kinds("GRANT SELECT (`a, b`, `c`), EXECUTE ON `shop`.`t` TO `r`@`%`").is_empty());
    }

    #[test]
    fn other_grants_are_powers_by_what_they_allow() {
        let root = "GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION";
        let wanted = [(PowerKind::Superuser, "ALL PRIVILEGES ON *.*"), (PowerKind::Roles, "GRANT OPTION ON *.*")];
        assert_eq!(kinds(root), wanted.map(|(kind, on)| (kind, on.to_owned())));
        let mixed = "GRANT SELECT, INSERT (`a`, `b`), UPDATE ON `shop`.`t` TO `w`@`%`";
        assert_eq!(kinds(mixed), [(PowerKind::Write, "INSERT (`a`, `b`), UPDATE ON `shop`.`t`".to_owned())]);
        assert_eq!(kinds("GRANT FILE ON *.* TO `f`@`%`")[0].0, PowerKind::ServerFiles);
        assert_eq!(kinds("GRANT ALL PRIVILEGES ON `shop`.* TO `o`@`%`")[0].0, PowerKind::Write);
        assert_eq!(kinds("GRANT BACKUP_ADMIN ON *.* TO `b`@`%`")[0].0, PowerKind::Administer);
        assert_eq!(kinds("GRANT `staff`@`%` TO `m`@`%`"), [(PowerKind::Member, "`staff`@`%`".to_owned())]);
    }
}
