//! MySQL and MariaDB: a session, and a query as a prepared statement in a read-only transaction, its rows read as they come.
//! Deliberately absent: buffering of results, and sending a file because a server asks for it.

mod catalog;
mod fault;
mod value;

use std::panic::AssertUnwindSafe;

use anyhow::{Error, Result};
use futures_util::FutureExt as _;
use mysql_async::prelude::Queryable as _;
use mysql_async::{BinaryProtocol, Conn, DriverError, Opts, OptsBuilder, QueryResult, SslOpts, Statement};
use mysql_common::named_params::ParsedNamedParams;
use pc_base::{Code, coded};

use crate::drive::{Link, Stop};
use crate::rows::Feed;
use crate::shape::{Column, Encryption};
use crate::{Address, Tls, gate, tls, wire};

pub(crate) use catalog::{probe, tables};

/// Everything a query sees is one moment, and nothing it does stays. Zones are shown in UTC.
const BEGIN: &[&str] = &[
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
];

/// A login; says what protects it.
async fn open(link: &Link) -> Result<(Conn, Encryption)> {
    // The client library takes the process's provider. Whoever set one before has set the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let address = link.address();
    let found = wire::in_time(address, login(link)).await?;
    link.stands(Stop::Mysql(found.0.id()));
    Ok(found)
}

async fn login(link: &Link) -> Result<(Conn, Encryption)> {
    let address = link.address();
    let ips: Vec<_> = wire::resolve(address).await?.into_iter().map(|socket| socket.ip()).collect();
    let plain = options(link).resolved_ips(Some(ips));
    let (ssl, protected) = match &address.tls {
        Tls::Off => (None, Encryption::None),
        Tls::Prefer => (Some(SslOpts::default().with_danger_accept_invalid_certs(true)), Encryption::Unverified),
        Tls::VerifyFull { ca } => {
            let issuers = tls::issuers(ca.as_deref())?.into_iter().map(|der| der.to_vec().into()).collect();
            let ssl = SslOpts::default().with_disable_built_in_roots(true).with_root_certs(issuers);
            (Some(ssl), Encryption::Verified)
        }
    };
    // Only to a server whose certificate was verified may a password be shown as it is.
    let plain = plain.enable_cleartext_plugin(protected == Encryption::Verified);
    let tried = connect(plain.clone().ssl_opts(ssl)).await;
    match tried {
        Ok(conn) => Ok((conn, protected)),
        Err(mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer)) if address.tls == Tls::Prefer => {
            let conn = connect(plain).await.map_err(|error| fault::login(address, error))?;
            Ok((conn, Encryption::None))
        }
        // The server's word for a user that must come encrypted is that of a wrong password, so the password is tried encrypted.
        Err(error) if address.tls == Tls::Off && fault::is_denied(&error) => {
            let ssl = SslOpts::default().with_danger_accept_invalid_certs(true);
            match connect(plain.ssl_opts(ssl)).await {
                Ok(_) => Err(coded(Code::SourceTlsRequired).with("host", address.place()).into()),
                Err(_) => Err(fault::login(address, error)),
            }
        }
        Err(error) => Err(fault::login(address, error)),
    }
}

/// The client library takes for granted that what a server sends during a login, such as the key to wrap a password with, is of the
/// right shape, and panics where it is not.
async fn connect(options: OptsBuilder) -> Result<Conn, mysql_async::Error> {
    let tried = AssertUnwindSafe(Conn::new(options)).catch_unwind().await;
    tried.unwrap_or_else(|_| Err(DriverError::UnexpectedPacket { payload: Vec::new() }.into()))
}

/// Everything but the encryption. No socket file is looked for, no setting asked of the server, nothing compressed.
fn options(link: &Link) -> OptsBuilder {
    let Address { host, port, user, database, .. } = link.address();
    let password = link.connection.password.expose();
    OptsBuilder::from_opts(Opts::default())
        .ip_or_hostname(host.as_str())
        .tcp_port(*port)
        .user(Some(user.as_str()))
        .pass(Some(password.as_str()).filter(|password| !password.is_empty()))
        .db_name(Some(database.as_str()).filter(|database| !database.is_empty()))
        .prefer_socket(Some(false))
        .stmt_cache_size(Some(0))
        .max_allowed_packet(Some(link.longest_row))
        .wait_timeout(Some(28800))
}

async fn begin(conn: &mut Conn) -> Result<(), mysql_async::Error> {
    for statement in BEGIN {
        conn.query_drop(*statement).await?;
    }
    Ok(())
}

/// Streams a query's rows into the feed.
pub(crate) async fn stream(link: &Link, sql: &str, feed: &mut Feed<'_>) -> Result<()> {
    let (mut conn, _) = open(link).await?;
    let wrong = |error, feed: &Feed<'_>| fault::query(error, sql, Some(feed));
    begin(&mut conn).await.map_err(|error| wrong(error, feed))?;
    let statement = prepare(&mut conn, sql, feed).await?;
    let columns = statement.columns();
    feed.columns(
        columns
            .iter()
            .map(|column| Column { name: column.name_str().into(), data_type: value::name(column) })
            .collect(),
    )?;
    let kinds: Vec<_> = columns.iter().map(value::Kind::of).collect();
    let names: Vec<_> = columns.iter().map(|column| column.name_str().into_owned()).collect();
    if feed.wanted(1) == 0 {
        return Ok(());
    }
    let mut result: QueryResult<'_, '_, BinaryProtocol> =
        conn.exec_iter(&statement, ()).await.map_err(|error| wrong(error, feed))?;
    while let Some(row) = result.next().await.map_err(|error| wrong(error, feed))? {
        let (values, bytes) = cells(row.unwrap(), &kinds, &names, feed)?;
        if !feed.row(values, bytes).await? {
            break;
        }
    }
    drop(result);
    if feed.wanted(1) == 0 {
        // The rest is not wanted: without this the server would go on until it notices that nobody reads. Where it fails, the
        // connection's end does the same, later.
        let _ = stop(link, conn.id()).await;
    }
    Ok(())
}

/// Tells the server to stop what runs on a connection; it does so over one of its own.
pub(crate) async fn stop(link: &Link, number: u32) -> Result<()> {
    let (mut conn, _) = wire::in_time(link.address(), login(link)).await?;
    conn.query_drop(format!("KILL QUERY {number}")).await?;
    Ok(conn.disconnect().await?)
}

/// Has the server read the statement, which takes one only, and refuses what is not a query. What has no columns is not run at all:
/// some of it, such as `SELECT … INTO OUTFILE`, a read-only transaction would let through.
async fn prepare(conn: &mut Conn, sql: &str, feed: &Feed<'_>) -> Result<Statement> {
    // The client library would put a place for a value where it takes a colon for the beginning of a name.
    if ParsedNamedParams::parse(sql.as_bytes()).is_ok_and(|parsed| !parsed.params().is_empty()) {
        return Err(coded(Code::SourceQueryOpen).into());
    }
    let statement = match conn.prep(sql).await {
        Ok(statement) => statement,
        Err(error) if several(conn, sql, &error).await => return Err(coded(Code::SourceManyStatements).into()),
        Err(error) => return Err(fault::query(error, sql, Some(feed))),
    };
    if statement.num_params() > 0 {
        return Err(coded(Code::SourceQueryOpen).into());
    }
    if statement.columns().is_empty() {
        return Err(gate::not_a_query(sql).into());
    }
    gate::query(sql)?;
    Ok(statement)
}

/// Whether a statement is wrong only because another one follows: then what stands before one of the first semicolons is right.
async fn several(conn: &mut Conn, sql: &str, error: &mysql_async::Error) -> bool {
    const TRIED: usize = 8;
    if !fault::is_syntax(error) {
        return false;
    }
    for (at, _) in sql.match_indices(';').take(TRIED) {
        if sql[at + 1..].trim().is_empty() {
            return false;
        }
        if let Ok(statement) = conn.prep(&sql[..at]).await {
            return conn.close(statement).await.is_ok();
        }
    }
    false
}

/// A row's values and their weight.
fn cells(
    row: Vec<mysql_async::Value>,
    kinds: &[value::Kind],
    names: &[String],
    feed: &Feed<'_>,
) -> Result<(Vec<serde_json::Value>, usize)> {
    let mut bytes = 0;
    let mut values = Vec::with_capacity(kinds.len());
    for (at, cell) in row.into_iter().enumerate() {
        let (Some(kind), Some(name)) = (kinds.get(at), names.get(at)) else { break };
        if let mysql_async::Value::Bytes(text) = &cell {
            bytes += feed.weigh(text.len(), kind.is_nested(), name)?;
        }
        let damaged = || coded(Code::SourceTextDamaged).with("row", feed.rows() + 1).with("column", name);
        values.push(kind.read(cell).ok_or_else(|| Error::new(damaged()))?);
    }
    Ok((values, bytes))
}
