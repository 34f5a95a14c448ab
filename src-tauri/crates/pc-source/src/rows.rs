//! The rows of one query as an iterator. The thread that reads them from the server sends batches, and stops reading while
//! more than a few megabytes wait; so a slow reader slows the server down and nothing piles up. Deliberately absent: how an
//! engine is asked.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result, anyhow};
use pc_base::{Cancel, Code, coded};
use pc_dataset::Record;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::drive::{Link, run};
use crate::{Column, Connection, Engine, QueryOptions, gate, mysql, postgres};

/// Bytes of values that may wait for the reader, besides one batch that is larger by itself.
const WAITING: usize = 8 << 20;
/// Bytes and rows after which a batch is sent.
const BATCH: (usize, usize) = (256 << 10, 512);

/// The part of the limit that a nested value may have, and the bytes of memory that one of its bytes may become: `[1],` becomes
/// a list with room for four values.
const NESTED_SHARE: usize = 16;
const NESTED_WEIGHT: usize = 64;

/// Rows of a query, in the server's order; nothing follows an error. Dropping it ends the query at the server before it returns,
/// which may take a few seconds where the server does not answer. It is a [`pc_dataset::Records`] when boxed.
pub struct Rows {
    columns: Vec<Column>,
    names: Arc<[String]>,
    receiver: Receiver<Result<Sent>>,
    batch: std::vec::IntoIter<Vec<Value>>,
    /// What the batch holds of the room, given back when the next one is taken.
    room: u32,
    at: u64,
    shared: Arc<Shared>,
    cancel: Cancel,
    thread: Option<JoinHandle<()>>,
    over: bool,
}

/// What the thread and the reader share.
pub(crate) struct Shared {
    link: Link,
    room: Semaphore,
}

enum Sent {
    Columns(Vec<Column>),
    Batch(Vec<Vec<Value>>, u32),
}

impl Rows {
    pub(crate) fn start(connection: &Connection, sql: &str, options: &QueryOptions, cancel: &Cancel) -> Result<Self> {
        gate::sendable(sql)?;
        cancel.check()?;
        let longest = options.cell_limit.saturating_mul(2).clamp(1 << 20, 1 << 30);
        let link = Link::new(connection.twin(), longest, options.patience, cancel);
        let shared = Arc::new(Shared { link, room: Semaphore::new(WAITING) });
        let (sender, receiver) = channel();
        let (sql, options, theirs) = (sql.to_owned(), options.clone(), Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("pc-source".into())
            .spawn(move || {
                let end = talk(&theirs, &sql, &options, &sender);
                if let Err(error) = end {
                    // Nobody listens where the reader went away.
                    let _ = sender.send(Err(error));
                }
            })
            .context("starting a database's thread")?;
        let mut rows = Self {
            columns: Vec::new(),
            names: Arc::new([]),
            receiver,
            batch: Vec::new().into_iter(),
            room: 0,
            at: 0,
            shared,
            cancel: cancel.clone(),
            thread: Some(thread),
            over: false,
        };
        match rows.receiver.recv() {
            Ok(Ok(Sent::Columns(columns))) => rows.head(columns),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(Sent::Batch(..))) | Err(_) => return Err(rows.broken()),
        }
        Ok(rows)
    }

    /// The result's columns; known before the first row, and for a result without rows.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn head(&mut self, columns: Vec<Column>) {
        self.names = columns.iter().map(|column| column.name.clone()).collect();
        self.columns = columns;
    }

    /// The next batch; nothing at the end.
    fn refill(&mut self) -> Result<bool> {
        loop {
            self.shared.room.add_permits(std::mem::take(&mut self.room) as usize);
            match self.receiver.recv() {
                Ok(Ok(Sent::Batch(batch, room))) => {
                    self.room = room;
                    // After a cancel nothing more is handed out; the thread's last word is awaited, which says that it took hold.
                    if !self.cancel.is_cancelled() {
                        self.batch = batch.into_iter();
                        return Ok(true);
                    }
                }
                Ok(Err(error)) => return Err(error),
                Ok(Ok(Sent::Columns(_))) => return Err(self.broken()),
                Err(_) => {
                    let sound = self.thread.take().is_none_or(|thread| thread.join().is_ok());
                    return if sound { Ok(false) } else { Err(self.broken()) };
                }
            }
        }
    }

    fn broken(&self) -> anyhow::Error {
        anyhow!("the database's thread broke off without a word")
    }
}

impl Iterator for Rows {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        if self.cancel.is_cancelled() {
            self.batch = Vec::new().into_iter();
        }
        if self.batch.len() == 0 {
            match self.refill() {
                Ok(true) => {}
                Ok(false) => {
                    self.over = true;
                    return self.cancel.check().err().map(Err);
                }
                Err(error) => {
                    self.over = true;
                    return Some(Err(error));
                }
            }
        }
        self.at += 1;
        self.batch.next().map(|values| Ok(Record { at: self.at, names: Arc::clone(&self.names), values }))
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.shared.link.leave();
        // A thread that waits for room goes on, notices that nobody is there, and ends.
        self.shared.room.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn talk(shared: &Shared, sql: &str, options: &QueryOptions, sender: &Sender<Result<Sent>>) -> Result<()> {
    let mut feed = Feed { shared, sender, options, batch: Vec::new(), bytes: 0, rows: 0 };
    run(shared.link.watched(async {
        match shared.link.engine() {
            Engine::Postgres => postgres::stream(&shared.link, sql, &mut feed).await,
            Engine::Mysql => mysql::stream(&shared.link, sql, &mut feed).await,
        }?;
        feed.flush().await
    }))
}

/// Where an engine puts what it reads.
pub(crate) struct Feed<'a> {
    shared: &'a Shared,
    sender: &'a Sender<Result<Sent>>,
    options: &'a QueryOptions,
    batch: Vec<Vec<Value>>,
    bytes: usize,
    rows: u64,
}

impl Feed<'_> {
    /// Rows taken in so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many rows are still wanted, at most so many.
    pub fn wanted(&self, most: u64) -> u64 {
        self.options.limit.map_or(most, |limit| limit.saturating_sub(self.rows).min(most))
    }

    /// Says the columns, once and first; each gets a name of its own.
    pub fn columns(&self, mut columns: Vec<Column>) -> Result<()> {
        distinct(&mut columns);
        self.sender.send(Ok(Sent::Columns(columns))).map_err(|_| coded(Code::Cancelled).into())
    }

    /// What a value of the row at hand takes in memory, or the refusal of one that is larger than the limit. A `nested` one
    /// becomes a tree of many small things.
    pub fn weigh(&self, bytes: usize, nested: bool, column: &str) -> Result<usize> {
        let limit = if nested { self.options.cell_limit / NESTED_SHARE } else { self.options.cell_limit };
        if bytes <= limit {
            return Ok(if nested { bytes * NESTED_WEIGHT } else { bytes });
        }
        let coded = coded(Code::SourceCellLarge).with("row", self.rows + 1).with("column", column);
        Err(coded.with("limit", size(limit)).into())
    }

    /// The refusal of a row that is longer than any that is taken in.
    pub fn too_long(&self) -> anyhow::Error {
        coded(Code::SourceRowLarge).with("row", self.rows).with("limit", size(self.shared.link.longest_row)).into()
    }

    /// Takes one row, of such a weight. False when no more are wanted.
    pub async fn row(&mut self, values: Vec<Value>, bytes: usize) -> Result<bool> {
        // A value costs its text and its place.
        self.bytes += bytes + values.len() * size_of::<Value>();
        self.batch.push(values);
        self.rows += 1;
        self.shared.link.hear();
        if self.bytes >= BATCH.0 || self.batch.len() >= BATCH.1 {
            self.flush().await?;
        }
        Ok(self.wanted(1) > 0)
    }

    /// Sends what was gathered, as soon as there is room.
    pub async fn flush(&mut self) -> Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let gone = || coded(Code::Cancelled);
        let room = self.bytes.min(WAITING) as u32;
        self.shared.link.hold(true);
        let permit = self.shared.room.acquire_many(room).await;
        self.shared.link.hold(false);
        permit.map_err(|_| gone())?.forget();
        self.bytes = 0;
        self.sender.send(Ok(Sent::Batch(std::mem::take(&mut self.batch), room))).map_err(|_| gone().into())
    }
}

fn size(bytes: usize) -> String {
    if bytes >= 1 << 20 { format!("{} MB", bytes >> 20) } else { format!("{bytes} B") }
}

/// Numbers the columns that bear another's name, so that none is lost where names are keys.
fn distinct(columns: &mut [Column]) {
    let mut taken: std::collections::HashSet<String> = columns.iter().map(|column| column.name.clone()).collect();
    let mut seen = std::collections::HashSet::new();
    for column in columns {
        if seen.insert(column.name.clone()) {
            continue;
        }
        let free = (2..).map(|n| format!("{}_{n}", column.name)).find(|name| !taken.contains(name));
        column.name = free.unwrap_or_default();
        taken.insert(column.name.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_one_name_are_told_apart_and_no_given_name_is_taken() {
        let column = |name: &str| Column { name: name.into(), data_type: "text".into() };
        let mut columns = ["id", "id", "id_2", "id", ""].map(column);
        distinct(&mut columns);
        assert_eq!(columns.map(|column| column.name), ["id", "id_3", "id_2", "id_4", ""]);
    }
}
