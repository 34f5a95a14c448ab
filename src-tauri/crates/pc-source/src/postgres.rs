//! PostgreSQL: a session, and a query through a cursor in a read-only transaction. Rows come as the text that the server shows,
//! which it has for every type. Deliberately absent: binary formats.

mod catalog;
mod value;

use std::error::Error as _;
use std::pin::pin;

use anyhow::{Error, Result};
use futures_util::TryStreamExt as _;
use pc_base::{Code, coded};
use tokio::task::JoinHandle;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tokio_postgres::{CancelToken, Client, NoTls, SimpleQueryMessage, SimpleQueryRow};

use crate::drive::{Link, Stop};
use crate::rows::Feed;
use crate::shape::{Column, Encryption};
use crate::wire::{self, Guard, Stopped};
use crate::{Address, Tls, fault, gate};

pub(crate) use catalog::{probe, tables};

/// Rows that one FETCH asks for.
const FETCH: u64 = 2000;
const CURSOR: &str = "partner_console_rows";
/// Everything a query sees is one moment, and nothing it does stays. The rest fixes how values are shown.
const BEGIN: &str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; \
     SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601'; SET LOCAL TimeZone = 'UTC'; \
     SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 3";

/// A login. The connection itself runs in the background and says there why it ended.
struct Session {
    client: Client,
    background: JoinHandle<Result<(), tokio_postgres::Error>>,
    encryption: Encryption,
}

impl Session {
    async fn open(link: &Link) -> Result<Self> {
        let address = link.address();
        let opened = wire::in_time(address, async {
            let (stream, encryption) = wire::postgres(address).await?;
            let readable = encryption == Encryption::None && !address.is_loopback();
            let guard = Guard::new(stream, link.longest_row, readable);
            let mut config = tokio_postgres::Config::new();
            config.user(&address.user).password(link.connection.password.expose());
            config.application_name("partner-console").ssl_mode(tokio_postgres::config::SslMode::Disable);
            if !address.database.is_empty() {
                config.dbname(&address.database);
            }
            Ok((config.connect_raw(guard, NoTls).await, encryption))
        });
        let (client, connection, encryption) = match opened.await? {
            (Ok((client, connection)), encryption) => (client, connection, encryption),
            (Err(error), encryption) => return Err(login(address, error, encryption).await),
        };
        link.stands(Stop::Postgres(client.cancel_token()));
        Ok(Self { client, background: tokio::spawn(connection), encryption })
    }

    async fn begin(&self) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute(BEGIN).await
    }

    /// The texts of all rows of a question of our own; nothing for NULL.
    async fn ask(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, tokio_postgres::Error> {
        let mut rows = Vec::new();
        for message in self.client.simple_query(sql).await? {
            if let SimpleQueryMessage::Row(row) = message {
                let cells = (0..row.len()).map(|at| Ok(row.try_get(at)?.map(str::to_owned)));
                rows.push(cells.collect::<Result<_, tokio_postgres::Error>>()?);
            }
        }
        Ok(rows)
    }

    /// What an error means after so many rows. A connection that closed says in the background why.
    async fn fault(&mut self, error: tokio_postgres::Error, feed: Option<(&Feed<'_>, &str)>) -> Error {
        let rows = feed.map_or(0, |(feed, _)| feed.rows());
        if let Some(refusal) = error.as_db_error() {
            let coded = refused(refusal, feed.map_or("", |(_, sql)| sql), rows);
            return Error::new(error).context(coded);
        }
        let cause = if error.is_closed() { (&mut self.background).await.ok().and_then(Result::err) } else { None };
        let cause = cause.unwrap_or(error);
        match (stopped(&cause), feed, cause.as_db_error()) {
            (Some(Stopped::TooLong), Some((feed, _)), _) => feed.too_long(),
            (_, _, Some(refusal)) => {
                let coded = refused(refusal, "", rows);
                Error::new(cause).context(coded)
            }
            _ => Error::new(cause).context(fault::lost(rows)),
        }
    }
}

/// Streams a query's rows into the feed.
pub(crate) async fn stream(link: &Link, sql: &str, feed: &mut Feed<'_>) -> Result<()> {
    let mut session = Session::open(link).await?;
    match rows(&session, sql, feed).await {
        Ok(()) => {}
        Err(Failed::Server(error)) => return Err(session.fault(error, Some((feed, sql))).await),
        Err(Failed::Here(error)) => return Err(error),
    }
    // Nothing was changed, so ending the connection ends the transaction.
    drop(session.client);
    Ok(())
}

/// Tells the server to stop what runs on a connection; it does so over one of its own.
pub(crate) async fn stop(address: &Address, token: &CancelToken) -> Result<()> {
    let (stream, _) = wire::postgres(address).await?;
    Ok(token.cancel_query_raw(Guard::new(stream, 0, false), NoTls).await?)
}

/// What ends a stream of rows early.
enum Failed {
    Server(tokio_postgres::Error),
    Here(Error),
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Here(error)
    }
}

async fn rows(session: &Session, sql: &str, feed: &mut Feed<'_>) -> Result<(), Failed> {
    session.begin().await?;
    // Alone first: errors name places in the text as it was given, several statements are refused, and the types become known.
    let statement = session.client.prepare(sql).await?;
    if !statement.params().is_empty() {
        return Err(Error::from(coded(Code::SourceQueryOpen)).into());
    }
    if statement.columns().is_empty() {
        return Err(Error::from(gate::not_a_query(sql)).into());
    }
    declare(session, sql).await?;
    let columns = statement.columns().iter();
    let named =
        columns.clone().map(|column| Column { name: column.name().into(), data_type: column.type_().name().into() });
    feed.columns(named.collect())?;
    let kinds: Vec<_> = columns.map(|column| value::Kind::of(column.type_())).collect();
    let names: Vec<&str> = statement.columns().iter().map(tokio_postgres::Column::name).collect();
    loop {
        let wanted = feed.wanted(FETCH);
        let mut got = 0;
        let mut answers =
            pin!(session.client.simple_query_raw(&format!("FETCH FORWARD {wanted} FROM {CURSOR}")).await?);
        while let Some(message) = answers.try_next().await? {
            if let SimpleQueryMessage::Row(row) = message {
                got += 1;
                let (values, bytes) = cells(&row, &kinds, &names, feed)?;
                feed.row(values, bytes).await?;
            }
        }
        if got < wanted || feed.wanted(1) == 0 {
            return Ok(());
        }
    }
}

/// Opens the cursor. PostgreSQL's grammar takes nothing but a query here, so what it does not take is not one.
async fn declare(session: &Session, sql: &str) -> Result<(), Failed> {
    let declare = format!("DECLARE {CURSOR} NO SCROLL CURSOR FOR {sql}");
    let Err(error) = session.client.execute(&declare, &[]).await else { return Ok(()) };
    let not_a_query = [&SqlState::SYNTAX_ERROR, &SqlState::FEATURE_NOT_SUPPORTED, &SqlState::INVALID_CURSOR_DEFINITION];
    if error.code().is_some_and(|state| not_a_query.contains(&state)) {
        return Err(Error::new(error).context(gate::not_a_query(sql)).into());
    }
    Err(error.into())
}

/// A row's values and their weight.
fn cells(
    row: &SimpleQueryRow,
    kinds: &[value::Kind],
    names: &[&str],
    feed: &Feed<'_>,
) -> Result<(Vec<serde_json::Value>, usize)> {
    let mut bytes = 0;
    let mut values = Vec::with_capacity(kinds.len());
    for (at, kind) in kinds.iter().enumerate() {
        let damaged = |_| coded(Code::SourceTextDamaged).with("row", feed.rows() + 1).with("column", names[at]);
        let text = row.try_get(at).map_err(damaged)?;
        bytes += feed.weigh(text.map_or(0, str::len), kind.is_nested(), names[at])?;
        values.push(text.map_or(serde_json::Value::Null, |text| kind.read(text)));
    }
    Ok((values, bytes))
}

/// What a guard stopped, if it was one.
fn stopped(error: &tokio_postgres::Error) -> Option<&Stopped> {
    error.source()?.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref()
}

/// Why a login failed.
async fn login(address: &Address, error: tokio_postgres::Error, encryption: Encryption) -> Error {
    let host = || address.place();
    let coded = match (error.code(), stopped(&error)) {
        (_, Some(Stopped::PasswordInTheClear)) => coded(Code::SourcePasswordInClear).with("host", host()),
        (Some(state), _) if *state == SqlState::INVALID_PASSWORD => {
            coded(Code::SourcePasswordWrong).with("host", host()).with("user", &address.user)
        }
        (Some(state), _) if *state == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            // The server says only that no rule lets this login in; without encryption that may be all that is missing.
            if encryption == Encryption::None && address.tls == Tls::Off && wire::encrypts(address).await {
                coded(Code::SourceTlsRequired).with("host", host())
            } else {
                coded(Code::SourceLoginRefused)
                    .with("host", host())
                    .with("user", &address.user)
                    .with("why", words(&error))
            }
        }
        (Some(state), _) if *state == SqlState::INVALID_CATALOG_NAME => {
            let database = if address.database.is_empty() { &address.user } else { &address.database };
            coded(Code::SourceDatabaseUnknown).with("host", host()).with("database", database)
        }
        (Some(state), _) if matches!(state.code(), "53300" | "57P03") => {
            coded(Code::SourceBusy).with("host", host()).with("why", words(&error))
        }
        (Some(_), _) => {
            coded(Code::SourceLoginRefused).with("host", host()).with("user", &address.user).with("why", words(&error))
        }
        (None, _) => match error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>()) {
            Some(io) => coded(Code::SourceUnreachable).with("host", host()).with("why", io),
            None if error.is_closed() => coded(Code::SourceUnreachable).with("host", host()).with("why", &error),
            None => {
                let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                coded(Code::SourceLoginUnknown).with("host", host()).with("why", why)
            }
        },
    };
    Error::new(error).context(coded)
}

/// The server's sentence.
fn words(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |refusal| refusal.message().trim_end_matches('.').to_owned())
}

/// What the server's refusal of a statement means. States are those of appendix A of PostgreSQL's manual.
fn refused(refusal: &DbError, sql: &str, rows: u64) -> pc_base::Coded {
    let why = refusal.message().trim_end_matches('.');
    let state = refusal.code().code();
    match state {
        "25006" => return coded(Code::SourceWriteRefused).with("why", why),
        "42501" => return coded(Code::SourcePermissionDenied).with("why", why),
        "57P01" | "57P02" | "57P03" | "57P05" => return fault::lost(rows),
        // The only syntax error without a place is raised where a single statement is expected; it bears this function's name.
        "42601" if refusal.routine() == Some("exec_parse_message") => return coded(Code::SourceManyStatements),
        _ => {}
    }
    match (state.get(..2), refusal.position()) {
        (Some("42"), Some(ErrorPosition::Original(at))) => {
            coded(Code::SourceQueryWrongAt).with("place", fault::place(sql, *at as usize)).with("why", why)
        }
        (Some("42" | "22" | "0A"), _) => coded(Code::SourceQueryInvalid).with("why", why),
        (Some("08"), _) => fault::lost(rows),
        _ => coded(Code::SourceServerRefused).with("why", why),
    }
}
