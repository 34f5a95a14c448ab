//! PostgreSQL for real: a server of Debian's, with TLS, users and tables of its own. What is expected of values is written down
//! here by hand; what must not happen is looked for in the server afterwards.

#![cfg(unix)]

mod common;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use common::{all, code, connection, dumb, encryption, import_whole_or_not, logins_that_fail, slow_reader, soon, told};
use pc_base::Cancel;
use pc_source::{Column, Connection, Engine, PowerKind, QueryOptions, TableKind, Tls, probe, query, tables};
use pc_testkit::{DatabaseServer, PASSWORD};
use serde_json::{Value, json};

const SETUP: &str = r#"
CREATE ROLE reader LOGIN PASSWORD 'not-a-secret-7c1d';
CREATE ROLE tls_only LOGIN PASSWORD 'not-a-secret-7c1d';
CREATE ROLE writer LOGIN PASSWORD 'not-a-secret-7c1d';
CREATE TABLE notes (id int PRIMARY KEY, body text NOT NULL);
COMMENT ON TABLE notes IS '客服记录';
COMMENT ON COLUMN notes.body IS '正文';
INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, 100) n;
ANALYZE notes;
CREATE TABLE hidden (id int);
CREATE TABLE "odd ""name" ("a b" int, "c""d" text);
CREATE VIEW loud AS SELECT id, upper(body) AS shout FROM notes;
CREATE MATERIALIZED VIEW frozen AS SELECT 1 AS one;
CREATE SEQUENCE counter;
CREATE FUNCTION scribble() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO notes VALUES (-1, 'scribbled'); RETURN 1; END $$;
CREATE PROCEDURE wipe() LANGUAGE sql AS $$ DELETE FROM notes $$;
CREATE TYPE mood AS ENUM ('sad', '高兴');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN small AS int CHECK (VALUE < 10);
GRANT SELECT ON notes, loud TO reader;
GRANT SELECT, UPDATE ON notes TO writer;
GRANT SELECT ON "odd ""name" TO reader;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
"#;

fn server() -> &'static DatabaseServer {
    static SERVER: OnceLock<DatabaseServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = DatabaseServer::postgres();
        ask(&server, SETUP);
        server
    })
}

/// A word with a server by other means than what is tested; the first value of each row.
fn ask(server: &DatabaseServer, sql: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(server.port()).user("boss").password(PASSWORD).dbname("postgres");
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let messages = client.simple_query(sql).await.unwrap();
        let row = |message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        messages.into_iter().filter_map(row).collect()
    })
}

fn boss() -> Connection {
    connection(Engine::Postgres, server().port(), "boss", "postgres")
}

fn one(sql: &str) -> Value {
    let rows = all(&boss(), sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows[0].values[0].clone()
}

#[test]
fn every_type_becomes_the_json_that_is_promised() {
    for (sql, wanted) in [
        ("1::smallint", json!(1)),
        ("(-2147483648)::int", json!(i32::MIN)),
        ("9223372036854775807::bigint", json!(i64::MAX)),
        ("4294967295::oid", json!(4_294_967_295_u32)),
        ("7::small", json!(7)),
        (
            "1234567890123456789012345678901234567890.000000000000000000001::numeric",
            json!("1234567890123456789012345678901234567890.000000000000000000001"),
        ),
        ("1.50::numeric(10,2)", json!("1.50")),
        ("'NaN'::numeric", json!("NaN")),
        ("0.1::float8", json!(0.1)),
        ("1.1::float4", json!(1.1)),
        ("5e-324::float8", json!(5e-324)),
        ("'NaN'::float8", json!("NaN")),
        ("'-Infinity'::float4", json!("-Infinity")),
        ("true", json!(true)),
        ("false", json!(false)),
        ("'中文🙂 \"quoted\"\n'::text", json!("中文🙂 \"quoted\"\n")),
        ("'ab'::char(4)", json!("ab  ")),
        ("'x'::\"char\"", json!("x")),
        ("'n'::name", json!("n")),
        ("'2024-02-29'::date", json!("2024-02-29")),
        ("'infinity'::date", json!("infinity")),
        ("'07:08:09.123456'::time", json!("07:08:09.123456")),
        ("'07:08:09+02'::timetz", json!("07:08:09+02")),
        ("'2024-05-06 07:08:09.5'::timestamp", json!("2024-05-06T07:08:09.5")),
        ("'2024-05-06 07:08:09+08'::timestamptz", json!("2024-05-05T23:08:09Z")),
        ("'0044-03-15 BC'::timestamp", json!("0044-03-15 00:00:00 BC")),
        ("'1 day 02:03:04.5'::interval", json!("P1DT2H3M4.5S")),
        ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
        ("'{\"b\": [1, null, \"x\"], \"a\": 1.5}'::json", json!({"b": [1, null, "x"], "a": 1.5})),
        ("'{\"n\": 9007199254740993}'::jsonb", json!({"n": 9_007_199_254_740_993_i64})),
        ("'null'::jsonb", json!(null)),
        ("'\\x00ff41'::bytea", json!("AP9B")),
        ("ARRAY[1, NULL, 3]", json!([1, null, 3])),
        ("ARRAY[[1.5, 2], [3, 'NaN']]::float8[]", json!([[1.5, 2.0], [3.0, "NaN"]])),
        ("ARRAY['a,b', 'NULL', NULL, '\"', '中']", json!(["a,b", "NULL", null, "\"", "中"])),
        ("'[0:1]={5,6}'::int[]", json!([5, 6])),
        ("ARRAY['{\"k\": 1}'::jsonb]", json!([{"k": 1}])),
        ("ARRAY['\\x41'::bytea]", json!(["QQ=="])),
        ("ARRAY['sad', '高兴']::mood[]", json!(["sad", "高兴"])),
        ("ARRAY[]::text[]", json!([])),
        ("'高兴'::mood", json!("高兴")),
        ("ROW(1, 'x')::pair", json!("(1,x)")),
        ("B'1011'", json!("1011")),
        ("B'101'::varbit(8)", json!("101")),
        ("'192.168.0.1/24'::inet", json!("192.168.0.1/24")),
        ("'08:00:2b:01:02:03'::macaddr", json!("08:00:2b:01:02:03")),
        ("'(1,2)'::point", json!("(1,2)")),
        ("ARRAY['(1,1),(0,0)'::box]", json!(["(1,1),(0,0)"])),
        ("'[1,5)'::int4range", json!("[1,5)")),
        ("'<a>b</a>'::xml", json!("<a>b</a>")),
        ("to_tsvector('simple', 'a b')", json!("'a':1 'b':2")),
        ("12.34::money", json!("$12.34")),
        ("'pg_class'::regclass", json!("pg_class")),
        ("'1 2'::int2vector", json!("1 2")),
        ("NULL", json!(null)),
        ("NULL::int[]", json!(null)),
    ] {
        if sql.contains("money") {
            // How it looks is the server's locale.
            assert!(one(&format!("SELECT {sql}")).is_string());
            continue;
        }
        assert_eq!(one(&format!("SELECT {sql}")), wanted, "{sql}");
    }
}

#[test]
fn other_encodings_arrive_as_utf8_and_broken_text_is_named() {
    ask(server(), "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    ask(server(), "CREATE DATABASE raw ENCODING 'SQL_ASCII' TEMPLATE template0");
    let to = |database: &str| connection(Engine::Postgres, server().port(), "boss", database);
    let latin = all(&to("latin"), "SELECT chr(233) AS e, 'ü'::text AS u").unwrap();
    assert_eq!(latin[0].values, [json!("é"), json!("ü")]);
    // A database that knows no encoding: the server itself refuses to call it UTF-8.
    assert_eq!(code(all(&to("raw"), "SELECT 1 AS fine, chr(200) AS torn")), "source_query_invalid");
    // Whoever changes the encoding in the query gets bytes that are none.
    let changed =
        "SELECT set_config('client_encoding', 'LATIN1', true) AS e, chr(233) AS torn FROM generate_series(1, 2)";
    assert_eq!(code(all(&boss(), changed)), "source_text_damaged");
}

#[test]
fn columns_are_named_with_their_types_even_without_rows() {
    let rows = query(
        &boss(),
        "SELECT id, body, id, 1.5::numeric AS n FROM notes WHERE false",
        &QueryOptions::default(),
        &Cancel::default(),
    );
    let mut rows = rows.unwrap();
    let column = |name: &str, data_type: &str| Column { name: name.into(), data_type: data_type.into() };
    assert_eq!(
        rows.columns(),
        [column("id", "int4"), column("body", "text"), column("id_2", "int4"), column("n", "numeric")]
    );
    assert!(rows.next().is_none());
}

/// Everything that a statement could have changed, to compare before and after.
fn state() -> Vec<String> {
    ask(
        server(),
        "SELECT string_agg(id || body, ',' ORDER BY id) FROM notes UNION ALL SELECT count(*)::text FROM pg_class WHERE relkind IN ('r', 'v') \
         UNION ALL SELECT last_value || is_called::text FROM counter UNION ALL SELECT count(*)::text FROM pg_largeobject_metadata",
    )
}

#[test]
fn nothing_can_be_written_even_by_a_superuser() {
    let file = server().folder().join("written");
    let program = format!("COPY notes TO PROGRAM 'cat > {}'", file.display());
    let copied = format!("COPY (SELECT 1) TO '{}'", file.display());
    let before = state();
    for (sql, wanted) in [
        ("INSERT INTO notes VALUES (0, 'x')", "source_not_a_query"),
        ("INSERT INTO notes VALUES (0, 'x') RETURNING id", "source_not_a_query"),
        ("UPDATE notes SET body = 'x' RETURNING *", "source_not_a_query"),
        ("WITH gone AS (DELETE FROM notes RETURNING *) SELECT * FROM gone", "source_not_a_query"),
        ("SELECT * INTO copy_of_notes FROM notes", "source_not_a_query"),
        ("CREATE TABLE made AS SELECT 1", "source_not_a_query"),
        ("DROP TABLE notes", "source_not_a_query"),
        ("TRUNCATE notes", "source_not_a_query"),
        ("DO $$ BEGIN DELETE FROM notes; END $$", "source_not_a_query"),
        ("CALL wipe()", "source_not_a_query"),
        (&program, "source_not_a_query"),
        (&copied, "source_not_a_query"),
        ("SELECT scribble()", "source_write_refused"),
        ("SELECT nextval('counter')", "source_write_refused"),
        ("SELECT setval('counter', 99)", "source_write_refused"),
        ("SELECT * FROM notes FOR UPDATE", "source_write_refused"),
        ("SELECT 1; DELETE FROM notes", "source_many_statements"),
        ("SELECT 1; COMMIT; DELETE FROM notes", "source_many_statements"),
        ("COMMIT", "source_not_a_query"),
        ("SELECT set_config('transaction_read_only', 'off', false), scribble()", "source_server_refused"),
        ("SET TRANSACTION READ WRITE", "source_not_a_query"),
        ("", "source_not_a_query"),
        ("-- nothing", "source_not_a_query"),
    ] {
        let got = match all(&boss(), sql) {
            Ok(rows) => panic!("{sql} went well: {rows:?}"),
            outcome => code(outcome),
        };
        assert_eq!(got, wanted, "{sql}");
    }
    // What a server of this version lets through is undone, because nothing is ever committed.
    assert!(one("SELECT lo_create(0)").is_number());
    assert_eq!(state(), before);
    assert!(!file.exists(), "no file came into being");
}

#[test]
fn a_wrong_query_is_told_with_its_place() {
    let told = |sql: &str| told(&boss(), sql);
    assert_eq!(told("SELECT '中文',\n  nothing FROM notes"), ("source_query_wrong_at", "2:3".into()));
    assert_eq!(told("SELECT 1 FROM nowhere"), ("source_query_wrong_at", "1:15".into()));
    assert_eq!(told("SELEC 1"), ("source_query_wrong_at", "1:1".into()));
    assert_eq!(told("SELECT $1::int").0, "source_query_open");
    assert_eq!(told("SELECT 1 / (id - 50) FROM notes").0, "source_query_invalid");
    assert_eq!(told("SELECT 'a\0'").0, "source_query_invalid");
}

#[test]
fn logins_that_fail_say_why_and_never_the_password() {
    logins_that_fail(&boss, b"HTTP/1.1 400 Bad Request\r\n\r\n", true);
    let mut denied = boss();
    denied.address.user = "reader".into();
    assert_eq!(code(all(&denied, "SELECT * FROM hidden")), "source_permission_denied");
}

#[test]
fn encryption_is_what_was_asked_for_or_nothing() {
    encryption(Engine::Postgres, server(), "postgres");
    let mut plain = connection(Engine::Postgres, dumb(b"N", true), "boss", "postgres");
    plain.address.tls = Tls::VerifyFull { ca: Some(server().authority()) };
    assert_eq!(code(probe(&plain, &Cancel::default())), "source_tls_missing");
}

#[test]
fn a_probe_tells_what_the_role_could_write() {
    let as_user = |user: &str| {
        probe(&connection(Engine::Postgres, server().port(), user, "postgres"), &Cancel::default()).unwrap()
    };
    let boss = as_user("boss");
    assert!(boss.read_only, "the transaction is read-only whoever asks");
    assert_eq!((boss.powers.len(), boss.powers[0].kind), (1, PowerKind::Superuser));
    assert!(boss.version.starts_with(|first: char| first.is_ascii_digit()), "{}", boss.version);
    assert!(boss.advice.contains("GRANT SELECT"));
    let reader = as_user("reader");
    assert!(reader.read_only && reader.role_only_reads(), "{:?}", reader.powers);
    let writer = as_user("writer");
    assert_eq!(
        writer.powers.iter().map(|power| (power.kind, power.on.as_deref())).collect::<Vec<_>>(),
        [(PowerKind::Write, Some("public.notes"))]
    );
}

#[test]
fn tables_come_with_estimates_columns_and_comments() {
    let found =
        tables(&connection(Engine::Postgres, server().port(), "reader", "postgres"), &Cancel::default()).unwrap();
    assert!(!found.truncated);
    let table = |name: &str| found.tables.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("{name}"));
    let notes = table("notes");
    assert_eq!(
        (notes.schema.as_str(), notes.kind, notes.rows, notes.readable),
        ("public", TableKind::Table, Some(100), true)
    );
    assert_eq!(notes.comment.as_deref(), Some("客服记录"));
    let columns: Vec<_> = notes
        .columns
        .iter()
        .map(|it| (it.name.as_str(), it.data_type.as_str(), it.nullable, it.comment.as_deref()))
        .collect();
    assert_eq!(columns, [("id", "integer", false, None), ("body", "text", false, Some("正文"))]);
    assert_eq!((table("loud").kind, table("loud").rows), (TableKind::View, None));
    assert_eq!(table("frozen").kind, TableKind::MaterializedView);
    assert!(!table("hidden").readable);
    assert_eq!(all(&boss(), &notes.query(Engine::Postgres)).unwrap().len(), 100);
    assert!(all(&boss(), &table("odd \"name").query(Engine::Postgres)).unwrap().is_empty(), "names are quoted");
}

/// Whether the server sleeps for somebody. All who let it do so here end it, and none of them within what [`soon`] waits.
fn sleeps() -> bool {
    !ask(server(), "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'").is_empty()
}

#[test]
fn a_cancel_ends_the_query_at_the_server() {
    let cancel = Cancel::default();
    let rows = query(&boss(), "SELECT 1, pg_sleep(61)", &QueryOptions::default(), &cancel);
    let mut rows = rows.unwrap();
    let asked = cancel.clone();
    let canceller = std::thread::spawn(move || {
        soon("the query", sleeps);
        asked.cancel();
        Instant::now()
    });
    assert_eq!(code(rows.next().unwrap()), "cancelled");
    let since = canceller.join().unwrap().elapsed();
    assert!(since < Duration::from_secs(2), "it took {since:?}");
    assert!(rows.next().is_none(), "nothing follows an error");
    soon("the end of it", || !sleeps());
    assert_eq!(code(all_with(&boss(), "SELECT 1", &cancel)), "cancelled", "a cancel before the beginning counts, too");
}

fn all_with(connection: &Connection, sql: &str, cancel: &Cancel) -> anyhow::Result<usize> {
    query(connection, sql, &QueryOptions::default(), cancel)?.try_fold(0, |count, row| row.map(|_| count + 1))
}

#[test]
fn whoever_goes_away_or_waits_too_long_leaves_nothing_running() {
    let endless = "SELECT n, 'away' FROM generate_series(1, 200000) n WHERE n < 3 OR pg_sleep(0.01) IS NOT NULL";
    let mut rows =
        query(&boss(), endless, &QueryOptions { limit: Some(2), ..QueryOptions::default() }, &Cancel::default())
            .unwrap();
    assert_eq!(rows.by_ref().count(), 2, "a limit ends reading well");
    drop(rows);
    let rows = query(&boss(), endless, &QueryOptions::default(), &Cancel::default()).unwrap();
    drop(rows);
    let patient = QueryOptions { patience: Some(Duration::from_millis(400)), ..QueryOptions::default() };
    let mut late = query(&boss(), "SELECT 'late', pg_sleep(62)", &patient, &Cancel::default()).unwrap();
    let begun = Instant::now();
    assert_eq!(code(late.next().unwrap()), "source_timeout");
    assert!(begun.elapsed() < Duration::from_secs(3));
    soon("the end of all of it", || !sleeps());
}

#[test]
fn a_reader_that_is_slow_is_not_the_servers_fault() {
    slow_reader(&boss(), "SELECT n, repeat('x', 2000) FROM generate_series(1, 20000) n");
}

#[test]
fn a_connection_that_is_lost_says_after_how_many_rows() {
    let server = DatabaseServer::postgres();
    let mut rows = query(
        &connection(Engine::Postgres, server.port(), "boss", "postgres"),
        "SELECT n, repeat('x', 1000) FROM generate_series(1, 10000000) n",
        &QueryOptions::default(),
        &Cancel::default(),
    )
    .unwrap();
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
    assert_eq!(first("SELECT repeat('x', 1 << 20) AS fits").unwrap().values[0].as_str().unwrap().len(), 1 << 20);
    assert_eq!(code(first("SELECT 1, repeat('x', (1 << 20) + 1) AS big")), "source_cell_large");
    assert_eq!(code(first("SELECT repeat('x', 60 * 1024 * 1024) AS huge")), "source_row_large");
    assert_eq!(code(first("SELECT to_json(repeat('x', 300000)) AS tree")), "source_cell_large");
    let three = "SELECT repeat('x', 1 << 20), repeat('y', 1 << 20), repeat('z', 1 << 20)";
    assert_eq!(code(first(three)), "source_row_large");
}

#[test]
fn an_import_is_whole_or_not_there() {
    let sql = "SELECT id, body, ARRAY[id] AS list FROM notes ORDER BY id";
    let failing = "SELECT 1 / (3000 - n) FROM generate_series(1, 5000) n";
    let failed = import_whole_or_not(&boss(), sql, r#"{"id":1,"body":"note 1","list":[1]}"#, failing);
    assert_eq!(code(failed), "source_query_invalid");
}

#[test]
fn it_may_be_called_from_inside_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let count = runtime.block_on(async { all(&boss(), "SELECT * FROM notes").unwrap().len() });
    assert_eq!(count, 100);
}
