//! `partner database …` and `partner dataset import-db`. Passwords are never arguments of their own.

use std::process::ExitCode;

use anyhow::Result;
use pc_app::api::{DatabaseEngine, DatabaseProbe, DatabaseRow, DatabaseTls, Empty};
use pc_app::{QueryFrom, QueryImport, QueryTo};
use pc_base::Secret;
use serde_json::json;

use super::{Call, dataset};
use crate::args::{Database, ImportDb};
use crate::figures;
use crate::shown::Shown;
use crate::table::{number, table, text};

/// Runs one of them.
pub async fn run(command: Database, call: &Call) -> Result<()> {
    let (app, shown, language) = (&call.app, &call.shown, call.language());
    match command {
        Database::List => {
            let rows = app.database_list(Empty {}, language).await?;
            shown.result(&json!({"databases": rows}), &list(&rows, shown));
        }
        Database::Save { name, url, password_stdin } => {
            let row = app.database_save_url(name, url, password(password_stdin, shown)?).await?;
            shown.result(
                &serde_json::to_value(&row)?,
                &format!("{} {} ({})", shown.words("Kept", "已保存"), row.name, place(&row)),
            );
        }
        Database::Remove { name } => {
            let wanted = app.database_named(name.clone()).await?;
            app.database_remove(wanted, language).await?;
            shown.result(&json!({"removed": name}), &format!("{} {name}", shown.words("Removed", "已移除")));
        }
        Database::Probe { name } => {
            let found = app.database_probe(app.database_named(name).await?, language).await?;
            shown.result(&serde_json::to_value(&found)?, &probed(&found, shown));
        }
    }
    Ok(())
}

/// Takes a query's rows; exit 1 when there were none.
pub async fn import(wanted: ImportDb, call: &Call) -> Result<ExitCode> {
    let ImportDb { url, connection, password_stdin, query: sql, name, out, recipe, keep_recipe: keep, limit } = wanted;
    let shown = &call.shown;
    // The grammar holds that one of each two is there.
    let from = match connection {
        Some(name) => QueryFrom::Kept(name),
        None => QueryFrom::Url(url.unwrap_or_default(), password(password_stdin, shown)?),
    };
    let to = match out {
        Some(out) => QueryTo::File(out),
        None => QueryTo::Dataset(name.unwrap_or_default()),
    };
    let file = if let QueryTo::File(out) = &to { out.display().to_string() } else { String::new() };
    let done = call.app.dataset_import_db(QueryImport { from, sql, recipe, keep, limit, to }, &call.live()).await?;
    let what = done.version.as_ref().map_or(file, |row| format!("{}@{}", row.name, row.version));
    shown.result(&serde_json::to_value(&done)?, &dataset::converted(&done.converted, &what, shown));
    Ok(if done.converted.report.rows > 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn password(asked: bool, shown: &Shown) -> Result<Option<Secret<String>>> {
    Ok(if asked { Some(Secret::new(shown.ask_secret(shown.words("Password", "密码"))?)) } else { None })
}

fn place(row: &DatabaseRow) -> String {
    let DatabaseRow { user, host, port, database, .. } = row;
    format!("{user}@{host}:{port}/{database}")
}

fn list(rows: &[DatabaseRow], shown: &Shown) -> String {
    if rows.is_empty() {
        return shown.words("No database connection is kept here yet.", "还没有保存数据库连接。").to_owned();
    }
    let columns = [
        text(shown.words("Name", "名称")),
        text(shown.words("Kind", "类型")),
        text(shown.words("Address", "地址")),
        text(shown.words("Encryption", "加密")),
    ];
    let cells = rows.iter().map(|row| {
        let engine = match row.engine {
            DatabaseEngine::Postgres => "PostgreSQL",
            DatabaseEngine::Mysql => "MySQL",
        };
        let tls = match row.tls {
            DatabaseTls::Off => shown.words("none", "不加密"),
            DatabaseTls::Prefer => shown.words("where offered", "服务器支持时加密"),
            DatabaseTls::VerifyFull => shown.words("required, certificate checked", "必须加密，并校验证书"),
        };
        vec![row.name.clone(), engine.to_owned(), place(row), tls.to_owned()]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}

fn probed(found: &DatabaseProbe, shown: &Shown) -> String {
    let protection = match (found.encrypted, found.verified) {
        (_, true) => shown.words("encrypted, certificate checked", "已加密，证书已校验"),
        (true, false) => shown.words("encrypted, certificate not checked", "已加密，证书未校验"),
        (false, false) => shown.words("not encrypted", "未加密"),
    };
    let mut lines = vec![format!("{} ({protection})", found.server)];
    lines.extend(found.powers.iter().cloned());
    if !found.advice.is_empty() {
        lines.push(shown.words("A user that can only read is made by:", "创建只读用户的语句：").to_owned());
        lines.push(found.advice.trim_end().to_owned());
    }
    if !found.tables.is_empty() {
        let columns = [
            text(shown.words("Table", "表")),
            number(shown.words("Rows (about)", "行数（约）")),
            text(shown.words("Columns", "列")),
        ];
        let cells = found.tables.iter().map(|table| {
            let rows = table.rows_about.map(figures::count).unwrap_or_default();
            vec![format!("{}.{}", table.schema, table.name), rows, table.columns.join(", ")]
        });
        lines.push(table(&columns, &cells.collect::<Vec<_>>()));
    }
    if found.more_tables {
        lines.push(shown.words("There are more tables than are listed.", "还有更多的表未列出。").to_owned());
    }
    lines.join("\n")
}
