//! What MySQL's own server does differently from MariaDB, which Debian has: the way of logging in that is its default since 8.0,
//! a JSON type, collations beyond 255, grants that are listed one by one. The server here is a script that says what MySQL 8.0's
//! protocol documents, so it shows that this side understands it, not that a server says it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use pc_base::{Cancel, Coded, Secret};
use pc_source::{Address, Connection, Encryption, Engine, PowerKind, QueryOptions, Tls, probe, query, tables};
use rustls::pki_types::PrivateKeyDer;
use serde_json::json;

const PASSWORD: &str = "not-a-secret-7c1d";

/// How a login goes on after the client's first answer.
#[derive(Clone, Copy)]
enum Login {
    /// The server remembers the user.
    Known,
    /// It does not: the password itself is asked for.
    Full,
    /// The same, and this is sent as the server's key.
    Key(&'static [u8]),
    /// A first packet that is no MySQL 8's.
    Noise(&'static [u8]),
}

/// A public key of 2048 bits as servers send theirs. Nobody has the private one any more.
const PUBLIC: &[u8] = b"\x01-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAl7zLNG4woz01EMtffDtl
Vw5kJcvqjhPxQGSeaeIZFOm++fn7Jeo5C7Bv3ruVYS7KWWMMdY62oXG2FkHvg7FZ
UVUecko08JqnnP8qbJViJ7M826cfZRYqt10txVnnpgFmwzrIIpAgmBgjHGYYT1wX
To/7Hu3Z9VwsAvNoeq6eNujVvzrOUxOklnTk1EAIX2KWkUqux8bb0oNgOKYCjSkK
+J4urCSLiUaB4rhxuOD78jXvXzVi/qCsoa7Yp/sJwH5hYp5HfJC2JxzHs2EHiLUG
qVENBYXFDt38mr1appSPvnA8wsLLpPucHswhfMEZX122iEF/nAdIV4JC2kcNXI1y
lQIDAQAB
-----END PUBLIC KEY-----
";

/// A scripted server: its port, and every byte that it read after the greeting.
struct Script {
    port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Script {
    fn start(login: Login, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (port, heard) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Vec<u8>>>::default());
        let ears = heard.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, ears) = (tls.clone(), ears.clone());
                // Whoever hangs up ends the script.
                std::thread::spawn(move || talk(stream, login, tls, &ears));
            }
        });
        Self { port, heard }
    }

    fn connection(&self, tls: Tls) -> Connection {
        let address = Address {
            engine: Engine::Mysql,
            host: "localhost".into(),
            port: self.port,
            database: "shop".into(),
            user: "reader".into(),
            tls,
            connect_seconds: 10,
        };
        Connection { address, password: Secret::new(PASSWORD.into()) }
    }

    fn heard(&self, text: &[u8]) -> bool {
        self.heard.lock().unwrap().windows(text.len()).any(|window| window == text)
    }
}

fn talk(
    mut stream: TcpStream,
    login: Login,
    tls: Option<Arc<rustls::ServerConfig>>,
    heard: &Mutex<Vec<u8>>,
) -> Option<()> {
    let greeting = match login {
        Login::Noise(noise) => noise.to_vec(),
        _ => greeting(tls.is_some()),
    };
    send(&mut stream, 0, &greeting)?;
    let (number, first) = receive(&mut stream, heard)?;
    let Some(config) = tls.filter(|_| first.len() == 32) else {
        return session(&mut stream, login, number, heard);
    };
    let mut server = rustls::ServerConnection::new(config).unwrap();
    let mut secured = rustls::Stream::new(&mut server, &mut stream);
    let (number, _) = receive(&mut secured, heard)?;
    session(&mut secured, login, number, heard)
}

/// Version, number of the connection, half of the nonce, what it can do, character set, state, the other half, way of logging in.
fn greeting(tls: bool) -> Vec<u8> {
    let can: u32 = 0x0138_a209 | if tls { 0x800 } else { 0 };
    let mut greeting = b"\x0a8.0.36\0\x07\0\0\0nonce-12\0".to_vec();
    greeting.extend(&can.to_le_bytes()[..2]);
    greeting.extend(b"\xff\x02\0");
    greeting.extend(&can.to_le_bytes()[2..]);
    greeting.extend(b"\x15\0\0\0\0\0\0\0\0\0\0abcdefghijkl\0caching_sha2_password\0");
    greeting
}

const FINE: &[u8] = b"\0\0\0\x02\0\0\0";

fn session(stream: &mut (impl Read + Write), login: Login, number: u8, heard: &Mutex<Vec<u8>>) -> Option<()> {
    let mut number = number + 1;
    if let Login::Known = login {
        send(stream, number, b"\x01\x03")?;
    } else {
        send(stream, number, b"\x01\x04")?;
        let (at, said) = receive(stream, heard)?;
        number = at;
        if said == [2] {
            let key = if let Login::Key(key) = login { key } else { PUBLIC };
            send(stream, number + 1, key)?;
            number = receive(stream, heard)?.0;
        }
    }
    send(stream, number + 1, FINE)?;
    loop {
        let (_, asked) = receive(stream, heard)?;
        match asked.split_first()? {
            (1, _) => return Some(()),
            (3, sql) => send_all(stream, &answer(&String::from_utf8_lossy(sql)))?,
            (0x16, _) => send_all(stream, &prepared())?,
            (0x17, _) => send_all(stream, &executed())?,
            (0x19, _) => {}
            _ => send(stream, 1, FINE)?,
        }
    }
}

/// Answers to what this side asks of every server.
fn answer(sql: &str) -> Vec<Vec<u8>> {
    let text = |rows: &[&[Option<&str>]]| {
        let width = rows[0].len();
        let mut packets = vec![vec![width as u8]];
        packets.extend((0..width).map(|at| column(&format!("c{at}"), 253, 255, 0)));
        packets.extend(rows.iter().map(|row| row.iter().flat_map(|cell| cell.map_or(vec![0xfb], string)).collect()));
        packets.push(END.to_vec());
        packets
    };
    if sql.contains("VERSION()") {
        return text(&[&[Some("8.0.36")]]);
    }
    if sql.starts_with("SHOW GRANTS") {
        return text(&[
            &[Some("GRANT SELECT, INSERT, RELOAD, SUPER ON *.* TO `reader`@`%` WITH GRANT OPTION")],
            &[Some("GRANT APPLICATION_PASSWORD_ADMIN,SHOW_ROUTINE ON *.* TO `reader`@`%` WITH GRANT OPTION")],
            &[Some("GRANT `staff`@`%` TO `reader`@`%`")],
        ]);
    }
    if sql.starts_with("DROP") {
        return vec![b"\xff\x00\x07#25006Cannot execute statement in a READ ONLY transaction.".to_vec()];
    }
    if sql.contains("information_schema") {
        let row = |column: &'static str, kind: &'static str, rights: &'static str| {
            let table = [Some("shop"), Some("faq"), Some("BASE TABLE"), Some("1840"), Some("常见问题")];
            let rest = [Some(column), Some(kind), Some("NO"), Some(""), Some(rights)];
            [table, rest].concat()
        };
        let rows = [row("id", "bigint unsigned", "select,insert"), row("doc", "json", "select")];
        return text(&rows.each_ref().map(Vec::as_slice));
    }
    vec![FINE.to_vec()]
}

const END: &[u8] = b"\xfe\0\0\x02\0\0\0";

/// A number, a JSON value, and text in the collation that is the default since 8.0, whose number is 255.
fn columns() -> [Vec<u8>; 3] {
    [column("id", 8, 63, 0x20), column("doc", 245, 63, 0x90), column("note", 253, 255, 0)]
}

fn prepared() -> Vec<Vec<u8>> {
    let head = b"\0\x01\0\0\0\x03\0\0\0\0\0\0".to_vec();
    [head].into_iter().chain(columns()).collect()
}

fn executed() -> Vec<Vec<u8>> {
    let row = |id: u64, doc: Option<&str>, note: &str| {
        let nulls = if doc.is_none() { 1 << 3 } else { 0 };
        [&[0, nulls][..], &id.to_le_bytes(), &doc.map(string).unwrap_or_default(), &string(note)].concat()
    };
    let rows = [row(u64::MAX, Some(r#"{"a": [1, 2.5, "中"]}"#), "早餐几点？😀"), row(2, None, "")];
    [vec![3]].into_iter().chain(columns()).chain(rows).chain([END.to_vec()]).collect()
}

fn string(text: &str) -> Vec<u8> {
    assert!(text.len() < 251, "short ones only");
    [&[text.len() as u8], text.as_bytes()].concat()
}

fn column(name: &str, kind: u8, charset: u16, flags: u16) -> Vec<u8> {
    let names = ["def", "shop", "faq", "faq", name, name].map(string).concat();
    [&names[..], &[0x0c], &charset.to_le_bytes(), &[0xff, 0, 0, 0, kind], &flags.to_le_bytes(), &[0, 0, 0]].concat()
}

fn send(stream: &mut impl Write, number: u8, payload: &[u8]) -> Option<()> {
    let length = (payload.len() as u32).to_le_bytes();
    stream.write_all(&[&length[..3], &[number], payload].concat()).ok()?;
    stream.flush().ok()
}

fn send_all(stream: &mut impl Write, payloads: &[Vec<u8>]) -> Option<()> {
    (1..).zip(payloads).try_for_each(|(number, payload)| send(stream, number, payload))
}

fn receive(stream: &mut impl Read, heard: &Mutex<Vec<u8>>) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).ok()?;
    let mut payload = vec![0; u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize];
    stream.read_exact(&mut payload).ok()?;
    heard.lock().unwrap().extend(&payload);
    Some((head[3], payload))
}

/// A certificate for `localhost`, and the file of who vouches for it.
fn certified() -> (tempfile::NamedTempFile, Arc<rustls::ServerConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(made.cert.pem().as_bytes()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    (file, Arc::new(config))
}

fn rows(connection: &Connection) -> anyhow::Result<Vec<Vec<serde_json::Value>>> {
    let rows = query(connection, "SELECT id, doc, note FROM faq", &QueryOptions::default(), &Cancel::default())?;
    rows.map(|row| row.map(|row| row.values)).collect()
}

fn wanted() -> Vec<Vec<serde_json::Value>> {
    vec![
        vec![json!(u64::MAX), json!({"a": [1, 2.5, "中"]}), json!("早餐几点？😀")],
        vec![json!(2), json!(null), json!("")],
    ]
}

#[test]
fn a_user_that_the_server_remembers_reads_numbers_json_and_text() {
    let script = Script::start(Login::Known, None);
    assert_eq!(rows(&script.connection(Tls::Prefer)).unwrap(), wanted());
    assert!(!script.heard(PASSWORD.as_bytes()), "only a hash of it travels");
}

#[test]
fn a_probe_and_its_tables_are_read_from_mysqls_own_words() {
    let script = Script::start(Login::Known, None);
    let found = probe(&script.connection(Tls::Prefer), &Cancel::default()).unwrap();
    assert_eq!((found.version.as_str(), found.read_only, found.encryption), ("8.0.36", true, Encryption::None));
    let kinds: Vec<PowerKind> = found.powers.iter().map(|power| power.kind).collect();
    for kind in [PowerKind::Superuser, PowerKind::Roles, PowerKind::Administer, PowerKind::Member, PowerKind::Write] {
        assert!(kinds.contains(&kind), "{kind:?} in {kinds:?}");
    }
    let found = tables(&script.connection(Tls::Prefer), &Cancel::default()).unwrap();
    let columns: Vec<&str> = found.tables[0].columns.iter().map(|column| column.data_type.as_str()).collect();
    assert_eq!((found.tables.len(), found.tables[0].rows, columns), (1, Some(1840), vec!["bigint unsigned", "json"]));
}

#[test]
fn a_password_that_must_be_shown_is_shown_over_tls_alone() {
    let (issuer, config) = certified();
    let script = Script::start(Login::Full, Some(config));
    let full = Tls::VerifyFull { ca: Some(issuer.path().to_owned()) };
    assert_eq!(rows(&script.connection(full)).unwrap(), wanted());
    assert!(script.heard(format!("{PASSWORD}\0").as_bytes()), "MySQL asks for it itself, and nobody else reads along");
    // Without TLS it is wrapped for the key that the server sends.
    let script = Script::start(Login::Full, None);
    assert_eq!(rows(&script.connection(Tls::Prefer)).unwrap(), wanted());
    assert!(!script.heard(PASSWORD.as_bytes()), "it does not travel as it is");
}

#[test]
fn a_server_that_breaks_the_rules_of_a_login_is_told_in_a_sentence() {
    for login in [
        Login::Key(b""),
        Login::Key(b"\x01"),
        Login::Key(b"\x01-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
        Login::Key(b"\x01no key at all"),
        Login::Noise(b""),
        Login::Noise(b"\x0a"),
        Login::Noise(b"\x0a8.0.36\0"),
        Login::Noise(b"\xff\x69\x04Host is blocked"),
    ] {
        let script = Script::start(login, None);
        let error = rows(&script.connection(Tls::Prefer)).expect_err("no login came about");
        let told = format!("{error:?}");
        let code = error.downcast_ref::<Coded>().unwrap_or_else(|| panic!("no code: {told}")).code.name();
        assert!(["source_unreachable", "source_login_refused"].contains(&code), "{code}: {told}");
        assert!(!told.contains(PASSWORD) && !script.heard(PASSWORD.as_bytes()), "{told}");
    }
}
