//! A million rows from each engine while the memory stays where it was. Alone in its program, because memory is counted for the
//! whole of it. The figures are printed; what is asserted is the bound.

#![cfg(unix)]

use std::time::Instant;

use pc_base::Cancel;
use pc_source::{Connection, QueryOptions, query};
use pc_testkit::{DatabaseServer, PASSWORD};

const ROWS: u64 = 1_000_000;
/// Megabytes by which the peak may rise while two hundred and more pass through: what may wait is eight.
const RISE: u64 = 48;

/// Megabytes of memory in use now or at most, by the name that Linux gives them.
fn memory(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

#[expect(clippy::print_stdout, reason = "figures are for whoever runs it with --nocapture")]
fn say(figures: &str) {
    println!("{figures}");
}

fn connection(scheme: &str, server: &DatabaseServer, database: &str) -> Connection {
    let url = format!("{scheme}://boss:{PASSWORD}@127.0.0.1:{}/{database}", server.port());
    Connection::from_url(&url).unwrap()
}

fn million(scheme: &str, server: &DatabaseServer, database: &str, sql: &str) {
    let connection = connection(scheme, server, database);
    let before = memory("VmRSS:").unwrap_or(0);
    let begun = Instant::now();
    let (mut count, mut sum, mut bytes) = (0, 0, 0);
    for record in query(&connection, sql, &QueryOptions::default(), &Cancel::default()).unwrap() {
        let record = record.unwrap();
        count += 1;
        assert_eq!(record.at, count);
        sum += record.values[0].as_u64().unwrap();
        bytes += record.values[1].as_str().unwrap().len();
    }
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!((count, sum), (ROWS, ROWS * (ROWS + 1) / 2), "every row came once");
    let rise = memory("VmHWM:").map(|peak| peak.saturating_sub(before));
    let (rate, text) = (ROWS as f64 / seconds, bytes as f64 / 1e6 / seconds);
    say(&format!("{scheme}: {rate:.0} rows/s, {text:.0} MB of text/s, peak +{} MB", rise.unwrap_or(0)));
    if let Some(rise) = rise {
        assert!(rise < RISE, "the peak rose by {rise} MB");
    }
}

/// Megabytes by which the peak may rise while rows of thirty megabytes pass: a few of them are under way at a time.
const WIDE_RISE: u64 = 200;

fn wide(scheme: &str, server: &DatabaseServer, database: &str, sql: &str) {
    let connection = connection(scheme, server, database);
    let before = memory("VmRSS:").unwrap_or(0);
    let rows = query(&connection, sql, &QueryOptions::default(), &Cancel::default()).unwrap();
    let lengths = rows.map(|row| row.unwrap().values.iter().map(|value| value.as_str().unwrap().len()).sum::<usize>());
    assert!(lengths.eq([30 << 20; 12]), "every byte came");
    let rise = memory("VmHWM:").map_or(0, |peak| peak.saturating_sub(before));
    say(&format!("{scheme}: rows of 30 MB, peak +{rise} MB"));
    assert!(rise < WIDE_RISE, "the peak rose by {rise} MB");
}

/// Megabytes by which the peak may rise while the densest JSON that is taken in passes.
const NESTED_RISE: u64 = 450;

fn nested(server: &DatabaseServer) {
    let connection = connection("postgres", server, "postgres");
    let before = memory("VmRSS:").unwrap_or(0);
    let sql = "SELECT ('[' || repeat('[1],', 262000) || '[1]]')::json FROM generate_series(1, 10)";
    let rows = query(&connection, sql, &QueryOptions::default(), &Cancel::default()).unwrap();
    let lengths = rows.map(|row| row.unwrap().values[0].as_array().unwrap().len());
    assert!(lengths.eq([262_001; 10]), "every value came");
    let rise = memory("VmHWM:").map_or(0, |peak| peak.saturating_sub(before));
    say(&format!("postgres: JSON of 1 MB, peak +{rise} MB"));
    assert!(rise < NESTED_RISE, "the peak rose by {rise} MB");
}

#[test]
fn a_million_rows_and_wide_ones_pass_in_bounded_memory() {
    let (postgres, mariadb) = (DatabaseServer::postgres(), DatabaseServer::mariadb());
    let text = "n, 'row ' || n || repeat(' 文', 60), n * 0.5::float8, CASE WHEN n % 3 = 0 THEN NULL ELSE now() END";
    million("postgres", &postgres, "postgres", &format!("SELECT {text} FROM generate_series(1, {ROWS}) n"));
    let text = "seq, CONCAT('row ', seq, REPEAT(' 文', 60)), seq * 5e-1, IF(seq % 3 = 0, NULL, NOW(6))";
    million("mysql", &mariadb, "mysql", &format!("SELECT {text} FROM seq_1_to_{ROWS}"));
    // Last, because a peak stays in the count.
    let text = "repeat('x', 15 << 20), repeat('y', 15 << 20)";
    wide("postgres", &postgres, "postgres", &format!("SELECT {text} FROM generate_series(1, 12) n"));
    wide("mysql", &mariadb, "mysql", &format!("SELECT {text} FROM seq_1_to_12"));
    nested(&postgres);
}
