//! MariaDB for real: a server of Debian's, with TLS, users and tables of its own. What is expected of values is written down here
//! by hand; what must not happen is looked for in the server afterwards.

#![cfg(unix)]

mod common;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use common::{all, code, connection, encryption, import_whole_or_not, logins_that_fail, slow_reader, soon, told};
use mysql_async::prelude::Queryable as _;
use pc_base::Cancel;
use pc_source::{Column, Connection, Engine, PowerKind, QueryOptions, TableKind, Tls, probe, query, tables};
use pc_testkit::{DatabaseServer, PASSWORD};
use serde_json::{Value, json};

const SETUP: &str = "
CREATE DATABASE shop CHARACTER SET utf8mb4;
USE shop;
CREATE USER reader@'%' IDENTIFIED BY 'not-a-secret-7c1d';
CREATE USER tls_only@'%' IDENTIFIED BY 'not-a-secret-7c1d' REQUIRE SSL;
CREATE TABLE notes (id INT PRIMARY KEY, body VARCHAR(100) NOT NULL COMMENT '正文') ENGINE=InnoDB COMMENT '客服记录';
INSERT INTO notes SELECT seq, CONCAT('note ', seq) FROM seq_1_to_100;
ANALYZE TABLE notes;
CREATE TABLE hidden (id INT);
CREATE TABLE `odd ``name` (`a b` INT, `c``d` TEXT);
CREATE VIEW loud AS SELECT id, UPPER(body) AS shout FROM notes;
CREATE SEQUENCE counter;
CREATE FUNCTION scribble() RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO notes VALUES (-1, 'scribbled'); RETURN 1; END;
CREATE PROCEDURE wipe() MODIFIES SQL DATA BEGIN DELETE FROM notes; SELECT 1; END;
CREATE TABLE legacy (a VARCHAR(20) CHARACTER SET gbk, b VARCHAR(20) CHARACTER SET latin1);
INSERT INTO legacy VALUES ('中文', 'é');
CREATE TABLE kinds (
  t TINYINT, tu TINYINT UNSIGNED, s SMALLINT, m MEDIUMINT, i INT, bu BIGINT UNSIGNED, b BIGINT, yes BOOLEAN, y YEAR,
  f FLOAT, d DOUBLE, n DECIMAL(60,25), bits BIT(10), e ENUM('sad', '高兴'), st SET('a', 'b', 'c'),
  c CHAR(4), v VARCHAR(20), txt LONGTEXT, bin BINARY(3), vb VARBINARY(9), bl BLOB,
  da DATE, ti TIME(3), dt DATETIME, dt6 DATETIME(6), ts TIMESTAMP NULL, js JSON, u UUID, ip INET6, g POINT);
INSERT INTO kinds VALUES (
  -128, 255, -32768, 8388607, -2147483648, 18446744073709551615, -9223372036854775808, TRUE, 2024,
  1.1, 0.1, 12345678901234567890123456789012345.1234567890123456789012345, b'1000000001', '高兴', 'a,c',
  'ab', '中文🙂', REPEAT('长', 3), x'00ff41', x'00ff41', x'00ff41',
  '2024-02-29', '-838:59:59.5', '2024-05-06 07:08:09', '2024-05-06 07:08:09.123456', NULL, '{\"a\": [1, null]}',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '::1', POINT(1, 2));
SET time_zone = '+08:00';
UPDATE kinds SET ts = '2024-05-06 07:08:09';
INSERT INTO kinds () VALUES ();
GRANT SELECT, SHOW VIEW ON shop.notes TO reader@'%';
GRANT SELECT, SHOW VIEW ON shop.loud TO reader@'%';
";

fn server() -> &'static DatabaseServer {
    static SERVER: OnceLock<DatabaseServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = DatabaseServer::mariadb();
        let bodies = ["CREATE FUNCTION", "CREATE PROCEDURE"];
        // Bodies hold semicolons, so statements end with a line that ends with one and does not open a body.
        let mut statements = vec![String::new()];
        for line in SETUP.lines() {
            let last = statements.last_mut().unwrap();
            last.push_str(line);
            last.push('\n');
            if line.ends_with(';') && (!bodies.iter().any(|body| last.contains(body)) || line.ends_with("END;")) {
                statements.push(String::new());
            }
        }
        statements.retain(|statement| !statement.trim().is_empty());
        tell(&server, &statements.iter().map(String::as_str).collect::<Vec<_>>());
        server
    })
}

/// A word with a server by other means than what is tested; the texts of the last statement's rows, joined.
fn tell(server: &DatabaseServer, statements: &[&str]) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = mysql_async::OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(server.port())
            .user(Some("boss"))
            .pass(Some(PASSWORD))
            .prefer_socket(Some(false));
        let mut conn = mysql_async::Conn::new(options).await.unwrap();
        let mut found = Vec::new();
        for statement in statements {
            let rows: Vec<mysql_async::Row> =
                conn.query(*statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
            found = rows.into_iter().map(|row| row.unwrap().iter().map(|cell| cell.as_sql(true)).collect()).collect();
        }
        conn.disconnect().await.unwrap();
        found
    })
}

fn boss() -> Connection {
    connection(Engine::Mysql, server().port(), "boss", "shop")
}

fn one(sql: &str) -> Value {
    let rows = all(&boss(), sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows[0].values[0].clone()
}

#[test]
fn every_type_becomes_the_json_that_is_promised() {
    let rows = all(&boss(), "SELECT * FROM kinds ORDER BY t IS NULL").unwrap();
    for (name, wanted) in [
        ("t", json!(-128)),
        ("tu", json!(255)),
        ("s", json!(-32768)),
        ("m", json!(8_388_607)),
        ("i", json!(i32::MIN)),
        ("bu", json!(u64::MAX)),
        ("b", json!(i64::MIN)),
        ("yes", json!(1)),
        ("y", json!(2024)),
        ("f", json!(1.1)),
        ("d", json!(0.1)),
        ("n", json!("12345678901234567890123456789012345.1234567890123456789012345")),
        ("bits", json!("1000000001")),
        ("e", json!("高兴")),
        ("st", json!("a,c")),
        ("c", json!("ab")),
        ("v", json!("中文🙂")),
        ("txt", json!("长长长")),
        ("bin", json!("AP9B")),
        ("vb", json!("AP9B")),
        ("bl", json!("AP9B")),
        ("da", json!("2024-02-29")),
        ("ti", json!("-838:59:59.500")),
        ("dt", json!("2024-05-06T07:08:09")),
        ("dt6", json!("2024-05-06T07:08:09.123456")),
        ("ts", json!("2024-05-05T23:08:09Z")),
        ("js", json!("{\"a\": [1, null]}")),
        ("u", json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
        ("ip", json!("::1")),
    ] {
        assert_eq!(rows[0].get(name), Some(&wanted), "{name}");
    }
    let point = rows[0].get("g").unwrap().as_str().unwrap();
    assert_eq!(point, "AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==", "a reference system and well-known binary");
    assert!(rows[1].values.iter().all(Value::is_null), "{:?}", rows[1].values);
}

#[test]
fn expressions_and_other_encodings_arrive_too() {
    assert_eq!(all(&boss(), "SELECT a, b FROM legacy").unwrap()[0].values, [json!("中文"), json!("é")]);
    for (sql, wanted) in [
        ("SELECT 1.50", json!("1.50")),
        ("SELECT CAST(NULL AS DATE)", json!(null)),
        ("SELECT 'it''s -- \"?\" :name'", json!("it's -- \"?\" :name")),
        ("SELECT CONCAT(1, '中')", json!("1中")),
        ("SELECT TIME('25:00:00')", json!("25:00:00")),
        ("WITH x AS (SELECT 2 AS n) SELECT n FROM x", json!(2)),
        ("VALUES (3)", json!(3)),
        ("(SELECT 4)", json!(4)),
        ("/* asks */ SELECT 5;", json!(5)),
        ("SELECT COUNT(*) FROM notes", json!(100)),
        ("SELECT DATE('0000-00-00')", json!("0000-00-00")),
    ] {
        assert_eq!(one(sql), wanted, "{sql}");
    }
}

#[test]
fn columns_are_named_with_their_types_even_without_rows() {
    let sql = "SELECT id, body, id, 1.5 AS n, CAST(1 AS UNSIGNED) AS u, x'00' AS b FROM notes WHERE FALSE";
    let mut rows = query(&boss(), sql, &QueryOptions::default(), &Cancel::default()).unwrap();
    let named: Vec<_> =
        rows.columns().iter().map(|Column { name, data_type }| (name.as_str(), data_type.as_str())).collect();
    let wanted = [
        ("id", "int"),
        ("body", "varchar"),
        ("id_2", "int"),
        ("n", "decimal"),
        ("u", "int unsigned"),
        ("b", "varbinary"),
    ];
    assert_eq!(named, wanted);
    assert!(rows.next().is_none());
}

/// Everything that a statement could have changed, to compare before and after.
fn state() -> Vec<String> {
    tell(
        server(),
        &[
            "SET SESSION group_concat_max_len = 1000000",
            "SELECT GROUP_CONCAT(id, body ORDER BY id) FROM shop.notes \
           UNION ALL SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'shop' \
           UNION ALL SELECT next_not_cached_value FROM shop.counter",
        ],
    )
}

#[test]
fn nothing_can_be_written_even_by_a_superuser() {
    let file = server().folder().join("written");
    let outfile = format!("SELECT * FROM notes INTO OUTFILE '{}'", file.display());
    let outfile_first = format!("SELECT id INTO OUTFILE '{}' FROM notes", file.display());
    let dumpfile = format!("SELECT 'x' INTO DUMPFILE '{}'", file.display());
    let before = state();
    for (sql, wanted) in [
        ("INSERT INTO notes VALUES (0, 'x')", "source_write_refused"),
        ("INSERT INTO notes VALUES (0, 'x') RETURNING id", "source_write_refused"),
        ("DELETE FROM notes RETURNING id", "source_write_refused"),
        ("REPLACE INTO notes VALUES (1, 'x')", "source_write_refused"),
        ("CREATE TABLE made AS SELECT 1", "source_write_refused"),
        ("DROP TABLE notes", "source_not_a_query"),
        ("TRUNCATE notes", "source_not_a_query"),
        ("SELECT 1 INTO @x", "source_not_a_query"),
        (&outfile, "source_not_a_query"),
        (&outfile_first, "source_not_a_query"),
        (&dumpfile, "source_not_a_query"),
        ("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE notes", "source_write_refused"),
        ("CALL wipe()", "source_not_a_query"),
        ("OPTIMIZE TABLE notes", "source_not_a_query"),
        ("ANALYZE TABLE notes", "source_not_a_query"),
        ("ANALYZE DELETE FROM notes", "source_write_refused"),
        ("SHOW TABLES", "source_not_a_query"),
        ("SELECT scribble()", "source_write_refused"),
        ("SELECT NEXTVAL(counter)", "source_write_refused"),
        ("SELECT 1; DELETE FROM notes", "source_many_statements"),
        ("SELECT ';' ; COMMIT; DELETE FROM notes", "source_many_statements"),
        ("/*!50000 DELETE FROM notes */", "source_not_a_query"),
        ("COMMIT", "source_not_a_query"),
        ("", "source_not_a_query"),
    ] {
        let got = match all(&boss(), sql) {
            Ok(rows) => panic!("{sql} went well: {rows:?}"),
            outcome => code(outcome),
        };
        assert_eq!(got, wanted, "{sql}");
    }
    assert_eq!(state(), before);
    assert!(!file.exists(), "no file came into being");
}

#[test]
fn a_file_of_the_server_is_read_only_by_whom_it_lets() {
    let file = server().folder().join("log");
    let sql = format!("SELECT LOAD_FILE('{}') AS content", file.display());
    let reader = all(&connection(Engine::Mysql, server().port(), "reader", "shop"), &sql).unwrap();
    assert_eq!(reader[0].values, [Value::Null], "a role that only reads has no right to files");
}

#[test]
fn a_wrong_query_is_told_with_its_place() {
    let told = |sql: &str| told(&boss(), sql);
    assert_eq!(told("SELECT '中文',\n  1 FORM notes WHERE"), ("source_query_wrong_at", "2:10".into()));
    assert_eq!(told("SELEC 1"), ("source_query_wrong_at", "1:1".into()));
    assert_eq!(told("SELECT nothing FROM notes").0, "source_query_invalid");
    assert_eq!(told("SELECT 1 FROM nowhere").0, "source_query_invalid");
    assert_eq!(told("SELECT ?").0, "source_query_open");
    assert_eq!(told("SELECT id FROM notes WHERE id = :id").0, "source_query_open");
}

#[test]
fn logins_that_fail_say_why_and_never_the_password() {
    logins_that_fail(&boss, b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n", false);
    let denied = connection(Engine::Mysql, server().port(), "reader", "shop");
    assert_eq!(code(all(&denied, "SELECT * FROM hidden")), "source_permission_denied");
    assert_eq!(
        code(probe(&connection(Engine::Mysql, server().port(), "reader", "mysql"), &Cancel::default())),
        "source_login_refused"
    );
}

#[test]
fn encryption_is_what_was_asked_for_or_nothing() {
    encryption(Engine::Mysql, server(), "");
}

#[test]
fn a_probe_tells_what_the_role_could_write() {
    let as_user =
        |user: &str| probe(&connection(Engine::Mysql, server().port(), user, "shop"), &Cancel::default()).unwrap();
    let boss = as_user("boss");
    assert!(boss.read_only, "the transaction is read-only whoever asks");
    assert_eq!(boss.powers[0].kind, PowerKind::Superuser);
    assert!(boss.version.contains("MariaDB"), "{}", boss.version);
    assert!(boss.advice.contains("GRANT SELECT, SHOW VIEW ON `shop`.*"));
    let reader = as_user("reader");
    assert!(reader.read_only && reader.role_only_reads(), "{:?}", reader.powers);
}

#[test]
fn tables_come_with_estimates_columns_and_comments() {
    let found = tables(&boss(), &Cancel::default()).unwrap();
    assert!(!found.truncated);
    let table = |name: &str| found.tables.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("{name}"));
    let notes = table("notes");
    assert_eq!(
        (notes.schema.as_str(), notes.kind, notes.rows, notes.readable),
        ("shop", TableKind::Table, Some(100), true)
    );
    assert_eq!(notes.comment.as_deref(), Some("客服记录"));
    let columns: Vec<_> = notes
        .columns
        .iter()
        .map(|it| (it.name.as_str(), it.data_type.as_str(), it.nullable, it.comment.as_deref()))
        .collect();
    assert_eq!(columns, [("id", "int(11)", false, None), ("body", "varchar(100)", false, Some("正文"))]);
    assert_eq!((table("loud").kind, table("loud").rows, table("loud").comment.clone()), (TableKind::View, None, None));
    assert_eq!(all(&boss(), &notes.query(Engine::Mysql)).unwrap().len(), 100);
    assert!(all(&boss(), &table("odd `name").query(Engine::Mysql)).unwrap().is_empty(), "names are quoted");
    let reader = tables(&connection(Engine::Mysql, server().port(), "reader", ""), &Cancel::default()).unwrap();
    assert_eq!(
        reader.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(),
        ["loud", "notes"],
        "only what it may see"
    );
}

/// Whether the server still runs something with these words in it.
fn runs(words: &str) -> bool {
    let sql =
        format!("SELECT id FROM information_schema.processlist WHERE info LIKE '%{words}%' AND id <> CONNECTION_ID()");
    !tell(server(), &[&sql]).is_empty()
}

#[test]
fn a_cancel_ends_the_query_at_the_server() {
    let cancel = Cancel::default();
    let mut rows = query(&boss(), "SELECT 'long ago', SLEEP(61)", &QueryOptions::default(), &cancel).unwrap();
    let asked = cancel.clone();
    let canceller = std::thread::spawn(move || {
        soon("the query", || runs("long ago"));
        asked.cancel();
        Instant::now()
    });
    assert_eq!(code(rows.next().unwrap()), "cancelled");
    let since = canceller.join().unwrap().elapsed();
    assert!(since < Duration::from_secs(2), "it took {since:?}");
    assert!(rows.next().is_none(), "nothing follows an error");
    soon("the end of it", || !runs("long ago"));
}

#[test]
fn whoever_goes_away_or_waits_too_long_leaves_nothing_running() {
    let endless = "SELECT seq, 'away' FROM seq_1_to_100000000 WHERE seq < 3 OR SLEEP(0.01) IS NOT NULL";
    let limited = QueryOptions { limit: Some(2), ..QueryOptions::default() };
    // The server gathers 16 kB before it sends, so the first rows must be wide.
    let wide = "SELECT seq, REPEAT('away', 10000) FROM seq_1_to_100000000 WHERE seq < 3 OR SLEEP(0.01) IS NOT NULL";
    let mut rows = query(&boss(), wide, &limited, &Cancel::default()).unwrap();
    assert_eq!(rows.by_ref().count(), 2, "a limit ends reading well");
    drop(rows);
    drop(query(&boss(), endless, &QueryOptions::default(), &Cancel::default()).unwrap());
    soon("the end of it", || !runs("away"));
    let patient = QueryOptions { patience: Some(Duration::from_millis(400)), ..QueryOptions::default() };
    let mut late = query(&boss(), "SELECT 'too late', SLEEP(62)", &patient, &Cancel::default()).unwrap();
    let begun = Instant::now();
    assert_eq!(code(late.next().unwrap()), "source_timeout");
    assert!(begun.elapsed() < Duration::from_secs(3));
    soon("the end of it", || !runs("too late"));
}

#[test]
fn a_reader_that_is_slow_is_not_the_servers_fault() {
    slow_reader(&boss(), "SELECT seq, REPEAT('x', 2000) FROM seq_1_to_20000");
}

#[test]
fn a_connection_that_is_lost_says_after_how_many_rows() {
    let server = DatabaseServer::mariadb();
    tell(&server, &["SET GLOBAL require_secure_transport = ON"]);
    let mut connection = connection(Engine::Mysql, server.port(), "boss", "");
    connection.address.tls = Tls::Off;
    assert_eq!(code(probe(&connection, &Cancel::default())), "source_tls_required");
    connection.address.tls = Tls::Prefer;
    let sql = "SELECT seq, REPEAT('x', 1000) FROM mysql.seq_1_to_10000000";
    let mut rows = query(&connection, sql, &QueryOptions::default(), &Cancel::default()).unwrap();
    assert!(rows.by_ref().take(3000).all(|row| row.is_ok()));
    server.strike();
    let error = rows.find_map(Result::err).expect("ten million rows were not yet sent");
    assert_eq!(code::<()>(Err(error)), "source_connection_lost");
    assert!(rows.next().is_none());
}

#[test]
fn a_cell_or_a_row_too_large_is_refused_and_nothing_else() {
    let options = QueryOptions { cell_limit: 1 << 20, ..QueryOptions::default() };
    let first = |sql: &str| query(&boss(), sql, &options, &Cancel::default()).and_then(|mut rows| rows.next().unwrap());
    assert_eq!(first("SELECT REPEAT('x', 1 << 20) AS fits").unwrap().values[0].as_str().unwrap().len(), 1 << 20);
    assert_eq!(code(first("SELECT 1, REPEAT('x', (1 << 20) + 1) AS big")), "source_cell_large");
    assert_eq!(code(first("SELECT REPEAT('x', 60 * 1024 * 1024) AS huge")), "source_row_large");
}

#[test]
fn an_import_is_whole_or_not_there() {
    let sql = "SELECT id, body, 1.50 AS price FROM notes ORDER BY id";
    let failing = "SELECT (SELECT id FROM notes WHERE id > 0 AND seq > 3000) FROM seq_1_to_5000";
    let failed = import_whole_or_not(&boss(), sql, r#"{"id":1,"body":"note 1","price":"1.50"}"#, failing);
    assert!(failed.is_err());
}
