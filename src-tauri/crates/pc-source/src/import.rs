//! A query's rows as a JSONL file, on which the mapping can run as on any other. Deliberately absent: what the columns mean.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Progress, Reporter, Unit};
use pc_dataset::Record;
use serde::{Deserialize, Serialize, Serializer};

use crate::{Column, Connection, QueryOptions, query};

/// What [`import`] wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    pub path: PathBuf,
    pub rows: u64,
    pub bytes: u64,
    pub columns: Vec<Column>,
}

/// A record as a JSON object, its columns in their order.
struct Object<'a>(&'a Record);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.names.iter().zip(&self.0.values))
    }
}

/// Rows between two reports.
const REPORT: u64 = 1000;

/// Writes one JSON object a row to `out`, with the columns in the query's order. The file appears whole at the end, or, after an
/// error or a cancel, not at all; an older one is replaced. Reports `import` in rows. Errors are those of [`query`] and of writing.
pub fn import(
    connection: &Connection,
    sql: &str,
    out: &Path,
    options: &QueryOptions,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> Result<Imported> {
    let mut rows = query(connection, sql, options, cancel)?;
    let columns = rows.columns().to_vec();
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let writing = || format!("writing {}", out.display());
    let file = tempfile::NamedTempFile::new_in(folder).with_context(writing)?;
    let mut writer = BufWriter::with_capacity(256 << 10, file);
    let report =
        |done| reporter.report(Progress { stage: "import".into(), done, total: options.limit, unit: Unit::Rows });
    report(0);
    let mut written = 0;
    for record in &mut rows {
        let record = record?;
        written = record.at;
        serde_json::to_writer(&mut writer, &Object(&record)).map_err(std::io::Error::from).with_context(writing)?;
        writer.write_all(b"\n").with_context(writing)?;
        if written % REPORT == 0 {
            report(written);
        }
    }
    report(written);
    let file = writer.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(writing)?;
    file.as_file().sync_all().with_context(writing)?;
    let bytes = file.as_file().metadata().with_context(writing)?.len();
    file.persist(out).with_context(writing)?;
    Ok(Imported { path: out.to_owned(), rows: written, bytes, columns })
}
