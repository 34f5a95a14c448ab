//! What holds for both engines alike: ways to a server, and the suites of logins, encryption, imports and slow readers.
//! Deliberately absent: the servers, which are in pc-testkit, and whatever an engine does in a way of its own.

use std::time::{Duration, Instant};

use pc_base::{Cancel, Coded, Progress, Secret, Silent};
use pc_dataset::{Record, Records};
use pc_source::{Address, Connection, Encryption, Engine, Imported, QueryOptions, Tls, import, probe, query};
use pc_testkit::{DatabaseServer, PASSWORD};

/// A way to a server on this machine.
pub fn connection(engine: Engine, port: u16, user: &str, database: &str) -> Connection {
    let address = Address {
        engine,
        host: "127.0.0.1".into(),
        port,
        database: database.into(),
        user: user.into(),
        tls: Tls::Prefer,
        connect_seconds: 10,
    };
    Connection { address, password: Secret::new(PASSWORD.into()) }
}

/// All rows of a query, taken as the rows of any source.
pub fn all(connection: &Connection, sql: &str) -> anyhow::Result<Vec<Record>> {
    let records: Records = Box::new(query(connection, sql, &QueryOptions::default(), &Cancel::default())?);
    records.collect()
}

/// The code of what must go wrong, after a look that no password stands in it.
pub fn code<T>(outcome: anyhow::Result<T>) -> &'static str {
    let Err(error) = outcome else { panic!("it went well") };
    let told = format!("{error:?}");
    assert!(!told.contains(PASSWORD) && !told.contains("wrong-password"), "{told}");
    error.downcast_ref::<Coded>().unwrap_or_else(|| panic!("no code: {told}")).code.name()
}

/// Waits for something to become true.
pub fn soon(what: &str, mut is: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(10);
    while !is() {
        assert!(Instant::now() < until, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// A server that answers every connection with these bytes, once the client spoke or at once.
pub fn dumb(answer: &'static [u8], client_speaks: bool) -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            if client_speaks {
                let _ = stream.read(&mut [0; 8]);
            }
            let _ = stream.write_all(answer);
            std::thread::spawn(move || {
                // Until the client goes away.
                let _ = std::io::copy(&mut stream, &mut std::io::sink());
            });
        }
    });
    port
}

/// The code of a query that is wrong, and where it is.
pub fn told(connection: &Connection, sql: &str) -> (&'static str, String) {
    let error = all(connection, sql).unwrap_err();
    let coded = error.downcast_ref::<Coded>().unwrap().clone();
    (coded.code.name(), coded.values.get("place").cloned().unwrap_or_default())
}

/// Logins of every kind that fail. `noise` is what a server of something else says, once the client spoke or at once.
pub fn logins_that_fail(boss: &dyn Fn() -> Connection, noise: &'static [u8], client_speaks: bool) {
    let with = |change: &dyn Fn(&mut Connection)| {
        let mut connection = boss();
        change(&mut connection);
        code(probe(&connection, &Cancel::default()))
    };
    assert_eq!(with(&|it| it.password = Secret::new("wrong-password".into())), "source_password_wrong");
    assert_eq!(with(&|it| it.password = Secret::new(String::new())), "source_password_wrong");
    assert_eq!(with(&|it| it.address.user = "nobody".into()), "source_password_wrong");
    assert_eq!(with(&|it| it.address.database = "nowhere".into()), "source_database_unknown");
    assert_eq!(with(&|it| it.address.port = pc_testkit::free_port()), "source_refused");
    // Where nobody can be asked for names, the answer takes its time.
    let lost =
        |it: &mut Connection| (it.address.host, it.address.connect_seconds) = ("no-such-host.invalid".into(), 50);
    assert_eq!(with(&lost), "source_unreachable");
    let silent = dumb(b"", client_speaks);
    let mute = |it: &mut Connection| (it.address.port, it.address.connect_seconds) = (silent, 1);
    assert_eq!(with(&mute), "source_connect_timeout");
    let other = dumb(noise, client_speaks);
    assert_eq!(with(&|it| it.address.port = other), "source_unreachable");
}

/// Encryption is what was asked for, or nothing comes about.
pub fn encryption(engine: Engine, server: &DatabaseServer, database: &str) {
    let with = |host: &str, user: &str, tls: Tls| {
        let mut connection = connection(engine, server.port(), user, database);
        (connection.address.host, connection.address.tls) = (host.into(), tls);
        probe(&connection, &Cancel::default())
    };
    let full = |ca| Tls::VerifyFull { ca: Some(ca) };
    let found = |host: &str, user: &str, tls| with(host, user, tls).unwrap().encryption;
    assert_eq!(found("localhost", "tls_only", full(server.authority())), Encryption::Verified);
    assert_eq!(found("127.0.0.1", "tls_only", Tls::Prefer), Encryption::Unverified);
    assert_eq!(found("127.0.0.1", "boss", Tls::Off), Encryption::None);
    assert_eq!(code(with("localhost", "boss", full(server.stranger()))), "source_certificate_wrong");
    assert_eq!(code(with("localhost", "boss", Tls::VerifyFull { ca: None })), "source_certificate_wrong");
    assert_eq!(
        code(with("127.0.0.1", "boss", full(server.authority()))),
        "source_certificate_wrong",
        "the name counts, too"
    );
    assert_eq!(code(with("localhost", "boss", full("/no/such/file".into()))), "file_unreadable");
    assert_eq!(code(with("localhost", "boss", full("/etc/hostname".into()))), "source_authority_invalid");
    assert_eq!(code(with("127.0.0.1", "tls_only", Tls::Off)), "source_tls_required");
    assert_eq!(code(with("192.0.2.1", "boss", Tls::Off)), "source_tls_off_remote", "before anything is sent");
}

/// An import of a hundred rows is whole or not there; answers what the failing one said.
pub fn import_whole_or_not(boss: &Connection, sql: &str, first: &str, failing: &str) -> anyhow::Result<Imported> {
    let home = pc_testkit::Home::new();
    let folder = home.root().join("import");
    let out = folder.join("notes.jsonl");
    let last = std::sync::Mutex::new(0);
    let report = |progress: Progress| *last.lock().unwrap() = progress.done;
    let done = import(boss, sql, &out, &QueryOptions::default(), &report, &Cancel::default()).unwrap();
    let text = std::fs::read_to_string(&out).unwrap();
    assert_eq!((done.rows, done.bytes, *last.lock().unwrap()), (100, text.len() as u64, 100));
    assert_eq!(text.lines().next(), Some(first));
    let failed = import(boss, failing, &out, &QueryOptions::default(), &Silent, &Cancel::default());
    assert_eq!(std::fs::read_to_string(&out).unwrap(), text, "the older file is as it was");
    let cancel = Cancel::default();
    let stopped = import(boss, sql, &out, &QueryOptions::default(), &|_: Progress| cancel.cancel(), &cancel);
    assert_eq!(code(stopped), "cancelled");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), text, "the older file is as it was, again");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "and nothing lies beside it");
    failed
}

/// A reader that takes longer than the patience with the server gets all 20,000 rows of a query.
pub fn slow_reader(boss: &Connection, sql: &str) {
    let options = QueryOptions { patience: Some(Duration::from_millis(300)), ..QueryOptions::default() };
    let mut rows = query(boss, sql, &options, &Cancel::default()).unwrap();
    assert!(rows.next().unwrap().is_ok());
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(rows.filter(Result::is_ok).count(), 19999);
}
