//! From what MySQL and MariaDB refuse to codes, by the numbers of their error references. Deliberately absent: messages' texts,
//! which come in the server's language, as anything but words to show.

use std::io;

use anyhow::Error;
use mysql_async::{DriverError, IoError, TlsError};
use mysql_common::proto::codec::error::PacketCodecError;
use pc_base::{Code, Coded, coded};

use crate::rows::Feed;
use crate::{Address, fault};

/// Why a login failed.
pub(super) fn login(address: &Address, error: mysql_async::Error) -> Error {
    let coded = match error {
        mysql_async::Error::Io(IoError::Io(error)) => {
            let encrypted = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            return if encrypted { fault::handshake(address, error) } else { fault::connecting(address, error) };
        }
        mysql_async::Error::Io(IoError::Tls(TlsError::Tls(ref error))) => fault::encryption(address, error),
        mysql_async::Error::Io(IoError::Tls(ref error)) => {
            coded(Code::SourceTlsFailed).with("host", address.place()).with("why", error)
        }
        mysql_async::Error::Driver(ref error) => driver(address, error),
        mysql_async::Error::Server(ref refusal) => refused_login(address, refusal.code, words(&refusal.message)),
        ref other => coded(Code::SourceUnreachable).with("host", address.place()).with("why", other),
    };
    Error::new(error).context(coded)
}

fn driver(address: &Address, error: &DriverError) -> Coded {
    let code = match error {
        DriverError::NoClientSslFlagFromServer => Code::SourceTlsMissing,
        DriverError::CleartextPluginDisabled => Code::SourcePasswordInClear,
        DriverError::UnknownAuthPlugin { .. } | DriverError::MysqlOldPasswordDisabled => Code::SourceLoginUnknown,
        _ => Code::SourceUnreachable,
    };
    let coded = coded(code).with("host", address.place());
    if matches!(code, Code::SourceLoginUnknown | Code::SourceUnreachable) { coded.with("why", error) } else { coded }
}

fn refused_login(address: &Address, number: u16, why: &str) -> Coded {
    let code = match number {
        1045 | 1698 => Code::SourcePasswordWrong,
        1049 => Code::SourceDatabaseUnknown,
        3159 => Code::SourceTlsRequired,
        1040 | 1203 | 1226 => Code::SourceBusy,
        _ => Code::SourceLoginRefused,
    };
    let coded = coded(code).with("host", address.place());
    match code {
        Code::SourcePasswordWrong => coded.with("user", &address.user),
        Code::SourceDatabaseUnknown => coded.with("database", &address.database),
        Code::SourceBusy => coded.with("why", why),
        Code::SourceLoginRefused => coded.with("user", &address.user).with("why", why),
        _ => coded,
    }
}

/// Whether a login was refused for user and password.
pub(super) fn is_denied(error: &mysql_async::Error) -> bool {
    matches!(error, mysql_async::Error::Server(refusal) if matches!(refusal.code, 1045 | 1698))
}

/// Whether the statement could not be read.
pub(super) fn is_syntax(error: &mysql_async::Error) -> bool {
    matches!(error, mysql_async::Error::Server(refusal) if refusal.code == 1064)
}

/// Why a statement failed, or its rows ended.
pub(super) fn query(error: mysql_async::Error, sql: &str, feed: Option<&Feed<'_>>) -> Error {
    let rows = feed.map_or(0, Feed::rows);
    let coded = match (&error, feed) {
        (mysql_async::Error::Server(refusal), _) => refused(refusal, sql, rows),
        (mysql_async::Error::Io(IoError::Io(error)), Some(feed)) if too_long(error) => return feed.too_long(),
        (mysql_async::Error::Driver(DriverError::PacketTooLarge), Some(feed)) => return feed.too_long(),
        (mysql_async::Error::Driver(DriverError::ConnectionClosed) | mysql_async::Error::Io(_), _) => fault::lost(rows),
        (other, _) => coded(Code::SourceServerRefused).with("why", other),
    };
    Error::new(error).context(coded)
}

fn too_long(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<PacketCodecError>());
    matches!(inner, Some(PacketCodecError::PacketTooLarge))
}

fn refused(refusal: &mysql_async::ServerError, sql: &str, rows: u64) -> Coded {
    let why = words(&refusal.message);
    let code = match refusal.code {
        1792 | 1836 => Code::SourceWriteRefused,
        1044 | 1142 | 1143 | 1227 | 1345 | 1370 | 1449 => Code::SourcePermissionDenied,
        1053 | 1077 | 1079 | 1080 | 1152 | 1184 | 1927 => return fault::lost(rows),
        1064 => match line(sql, &refusal.message) {
            Some(place) => return coded(Code::SourceQueryWrongAt).with("place", place).with("why", why),
            None => Code::SourceQueryInvalid,
        },
        _ if refusal.state.starts_with("42") || refusal.state.starts_with("22") => Code::SourceQueryInvalid,
        _ => Code::SourceServerRefused,
    };
    coded(code).with("why", why)
}

fn words(message: &str) -> &str {
    message.trim_end_matches('.')
}

/// The place of a syntax error, for people: the server quotes the text from there on, at most 80 characters, and its line.
fn line(sql: &str, message: &str) -> Option<String> {
    let quoted = message.split_once('\'')?.1.rsplit_once('\'')?.0;
    let found = if quoted.is_empty() { sql.trim_end().len() } else { sql.rfind(quoted)? };
    Some(fault::place(sql, sql[..found].chars().count() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_where_the_quoted_text_begins() {
        let message = "You have an error in your SQL syntax; check the manual near 'FORM t' at line 2";
        assert_eq!(line("SELECT '好',\n 1 FORM t", message).as_deref(), Some("2:4"));
        assert_eq!(line("SELECT (", "near '' at line 1").as_deref(), Some("1:9"), "the text ended too early");
        assert_eq!(line("SELECT", "语法错误"), None, "a server's language may not quote at all");
    }
}
