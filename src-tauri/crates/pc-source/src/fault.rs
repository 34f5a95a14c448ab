//! From what goes wrong on the way to a server to codes. What servers themselves refuse is mapped beside each engine, by the
//! numbers and states that its protocol documents, never by a message's text. Deliberately absent: the password.

use std::io;

use anyhow::Error;
use pc_base::{Code, Coded, coded};

use crate::Address;

/// The name is not known, or no way leads there.
pub(crate) fn unreachable(address: &Address, error: io::Error) -> Error {
    let coded = coded(Code::SourceUnreachable).with("host", address.place()).with("why", &error);
    Error::new(error).context(coded)
}

/// The socket could not be opened, or fell before the login was through.
pub(crate) fn connecting(address: &Address, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            let coded = coded(Code::SourceRefused).with("host", address.place());
            Error::new(error).context(coded)
        }
        _ => unreachable(address, error),
    }
}

/// The encryption could not be agreed upon.
pub(crate) fn handshake(address: &Address, error: io::Error) -> Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let code = match inner {
        Some(rustls_error) => encryption(address, rustls_error),
        None => coded(Code::SourceTlsFailed).with("host", address.place()).with("why", &error),
    };
    Error::new(error).context(code)
}

/// The code of an error of the encryption itself.
pub(crate) fn encryption(address: &Address, error: &rustls::Error) -> Coded {
    let code = match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => Code::SourceCertificateWrong,
        _ => Code::SourceTlsFailed,
    };
    coded(code).with("host", address.place()).with("why", error)
}

/// The connection fell after so many rows.
pub(crate) fn lost(rows: u64) -> Coded {
    coded(Code::SourceConnectionLost).with("rows", rows)
}

/// The line and column of a character of the statement, both from 1.
pub(crate) fn place(sql: &str, character: usize) -> String {
    let before: String = sql.chars().take(character.saturating_sub(1)).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_not_bytes() {
        let sql = "SELECT '中文',\n  wrong";
        let at = sql.chars().position(|c| c == 'w').unwrap() + 1;
        assert_eq!(place(sql, at), "2:3");
        assert_eq!((place(sql, 1).as_str(), place("", 9).as_str()), ("1:1", "1:1"));
    }
}
