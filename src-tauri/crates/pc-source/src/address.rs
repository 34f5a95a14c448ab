//! Where a database is and how it is reached: from fields or from a URL. Deliberately absent: where the password is kept.

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::Result;
use pc_base::{Code, Coded, Secret, coded};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use url::Url;

/// Which protocol the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// PostgreSQL and PolarDB for PostgreSQL.
    Postgres,
    /// MySQL, MariaDB and PolarDB for MySQL.
    Mysql,
}

impl Engine {
    /// The port that servers listen on unless told otherwise.
    pub fn port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::Mysql => 3306,
        }
    }
}

/// What the connection is protected with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "mode")]
pub enum Tls {
    /// Nothing. Only where both ends are on this machine.
    Off,
    /// Encrypted where the server can, not verified. Where it cannot, rows travel in the clear; the password never does, because a
    /// server that wants it so is refused. Nobody vouches for who the server is, though: to whoever pretends to be a MySQL server
    /// and says that it does not remember the user, the password is sent wrapped for whatever key it shows, as that protocol has it.
    Prefer,
    /// Encrypted, and the certificate speaks for the host. Its issuer is one that the system trusts, or one in this file (PEM).
    VerifyFull { ca: Option<PathBuf> },
}

/// Everything about a connection but the password. It may be stored and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub engine: Engine,
    /// A name, or an IP address without brackets.
    pub host: String,
    pub port: u16,
    /// Empty for the server's default: in PostgreSQL the one named like the user, in MySQL none.
    #[serde(default)]
    pub database: String,
    pub user: String,
    pub tls: Tls,
    /// Seconds within which the connection must stand.
    #[serde(default = "Address::connect_seconds")]
    pub connect_seconds: u32,
}

/// An address with its password: what every call takes. Deliberately without Debug and Clone.
pub struct Connection {
    pub address: Address,
    pub password: Secret<String>,
}

impl Address {
    fn connect_seconds() -> u32 {
        10
    }

    /// Whether the host names this very machine.
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// What is protected where nobody said: on this machine whatever the server has, elsewhere everything.
    pub fn usual_tls(&self) -> Tls {
        if self.is_loopback() { Tls::Prefer } else { Tls::VerifyFull { ca: None } }
    }

    /// Host and port as errors name them.
    pub(crate) fn place(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl Connection {
    /// Reads `postgres://user:password@host:port/database` or `mysql://…` (`postgresql` and `mariadb` mean the same).
    ///
    /// Parameters, by their names at libpq and at MySQL's clients: `sslmode` or `ssl-mode`, `sslrootcert` or `ssl-ca`,
    /// `connect_timeout` in seconds. Modes that encrypt but verify less than the whole (`require`, `verify-ca`) verify the whole here.
    /// A text that cannot be read is refused with `source_address_invalid`, which never repeats it.
    pub fn from_url(text: &str) -> Result<Self> {
        let url = Url::parse(text.trim()).map_err(|error| invalid(error.to_string()))?;
        let engine = match url.scheme() {
            "postgres" | "postgresql" => Engine::Postgres,
            "mysql" | "mariadb" => Engine::Mysql,
            other => return Err(invalid(format!("{other}://")).into()),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| invalid("host?"))?;
        let mut address = Address {
            engine,
            host: decoded(host.trim_start_matches('[').trim_end_matches(']'))?,
            port: url.port().unwrap_or(engine.port()),
            database: decoded(url.path().trim_start_matches('/'))?,
            user: decoded(url.username())?,
            tls: Tls::Prefer,
            connect_seconds: Address::connect_seconds(),
        };
        if address.user.is_empty() {
            return Err(invalid("user?").into());
        }
        address.tls = address.usual_tls();
        parameters(&url, &mut address)?;
        let password = Secret::new(decoded(url.password().unwrap_or_default())?);
        Ok(Self { address, password })
    }

    /// Another copy for the thread that talks to the server.
    pub(crate) fn twin(&self) -> Self {
        Self { address: self.address.clone(), password: Secret::new(self.password.expose().clone()) }
    }
}

fn invalid(why: impl std::fmt::Display) -> Coded {
    coded(Code::SourceAddressInvalid).with("why", why)
}

fn decoded(text: &str) -> Result<String> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| invalid("UTF-8"))?;
    if text.contains('\0') {
        return Err(invalid("U+0000").into());
    }
    Ok(text.into_owned())
}

/// Takes the parameters in; one that is not known is named, because a misspelt `sslmode` must not go unheard.
fn parameters(url: &Url, address: &mut Address) -> Result<()> {
    let (mut ca, mut mode_given) = (None, false);
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "sslmode" | "ssl-mode" => (address.tls, mode_given) = (mode(&name, &value)?, true),
            "sslrootcert" | "ssl-ca" => ca = Some(PathBuf::from(value.as_ref())),
            "connect_timeout" => {
                let seconds = value.parse().ok().filter(|seconds| (1..=3600).contains(seconds));
                address.connect_seconds = seconds.ok_or_else(|| invalid("connect_timeout"))?;
            }
            "application_name" | "charset" | "client_encoding" => {}
            other => return Err(invalid(other).into()),
        }
    }
    // Whoever names an authority wants it asked, unless he said otherwise.
    let verify = matches!(address.tls, Tls::VerifyFull { .. }) || !mode_given;
    if let Some(ca) = ca.filter(|_| verify) {
        address.tls = Tls::VerifyFull { ca: Some(ca) };
    }
    Ok(())
}

fn mode(name: &str, value: &str) -> Result<Tls> {
    match value.to_ascii_lowercase().as_str() {
        "disable" | "disabled" | "off" => Ok(Tls::Off),
        "allow" | "prefer" | "preferred" => Ok(Tls::Prefer),
        "require" | "required" | "verify-ca" | "verify_ca" | "verify-full" | "verify_identity" => {
            Ok(Tls::VerifyFull { ca: None })
        }
        _ => Err(invalid(name).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Connection {
        Connection::from_url(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn every_part_of_a_url_is_taken_and_unescaped() {
        let connection =
            read("postgresql://an%40na:p%2Fw%25@db.example:6432/sh%20op?sslmode=verify-full&sslrootcert=/ca.pem");
        let wanted = Address {
            engine: Engine::Postgres,
            host: "db.example".into(),
            port: 6432,
            database: "sh op".into(),
            user: "an@na".into(),
            tls: Tls::VerifyFull { ca: Some("/ca.pem".into()) },
            connect_seconds: 10,
        };
        assert_eq!(connection.address, wanted);
        assert_eq!(connection.password.expose(), "p/w%");
    }

    #[test]
    fn what_is_not_said_is_safe() {
        let near = read("mysql://me@127.0.0.1").address;
        assert_eq!((near.port, near.tls, near.database.as_str()), (3306, Tls::Prefer, ""));
        let far = read("mysql://me@db.example").address;
        assert_eq!(far.tls, Tls::VerifyFull { ca: None }, "beyond this machine nothing travels unprotected by default");
        let named = read("mariadb://me@localhost/x?ssl-ca=/ca.pem").address;
        assert_eq!(named.tls, Tls::VerifyFull { ca: Some("/ca.pem".into()) });
        assert_eq!(read("postgres://me@[::1]:5/x").address.place(), "[::1]:5");
    }

    #[test]
    fn modes_that_verify_less_than_the_whole_verify_the_whole() {
        for mode in ["require", "verify-ca", "REQUIRED", "VERIFY_IDENTITY"] {
            let address = read(&format!("postgres://me@localhost/x?sslmode={mode}")).address;
            assert_eq!(address.tls, Tls::VerifyFull { ca: None }, "{mode}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_read_is_refused_without_being_repeated() {
        for text in [
            "postgres://me:hunter2@/x",
            "postgres://:hunter2@host/x",
            "oracle://me:hunter2@host/x",
            "postgres://me:hunter2@host:99999/x",
            "postgres://me:hunter2@host/x?sslmod=off",
            "postgres://me:hunter2@host/x?sslmode=hunter2",
            "postgres://me:hunter2%00@host/x",
            "postgres://me:hunter2%FF@host/x",
            "postgres://me:hunter2@host/x?connect_timeout=0",
            "hunter2",
        ] {
            let Err(error) = Connection::from_url(text) else { panic!("{text} was taken") };
            assert!(!format!("{error:?}").contains("hunter2"), "{text}: {error:?}");
        }
    }
}
