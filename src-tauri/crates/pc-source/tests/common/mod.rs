//! What the tests against both engines share. Deliberately absent: the servers, which are in pc-testkit.

use std::time::{Duration, Instant};

use pc_base::{Cancel, Coded, Secret};
use pc_dataset::{Record, Records};
use pc_source::{Address, Connection, Engine, QueryOptions, Tls, query};
use pc_testkit::PASSWORD;

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
