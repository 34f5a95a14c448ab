//! `partner bench dataset`: each stage of a check over a generated file, the counting of tokens next to the `tokenizers` library,
//! and other programs over the same file in the same run, where they are installed. Deliberately absent: judging the figures.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Places};
use pc_dataset::RowTokens;
use pc_dataset::bench::{Bench, bench};
use pc_model::{CountBench, Counter, QwenTokens, RowCounter};
use serde::Serialize;

use crate::models;

/// Text that both ways of counting are given; it is held in memory.
const TOKEN_BYTES: usize = 32_000_000;
/// The model whose tokenizer the library reads, where it is on this machine.
const MODEL: &str = "gemma-3-270m";

/// All figures.
#[derive(Debug, Serialize)]
pub struct DatasetBench {
    #[serde(flatten)]
    pub ours: Bench,
    /// Whose tokens the stages count.
    pub tokens_of: &'static str,
    /// Our counting of another model's tokens and the library's, row by row equal; nothing where that model is not here.
    pub counting: Option<CountBench>,
    pub peers: Vec<Peer>,
}

/// Another program over the same file.
#[derive(Debug, Serialize)]
pub struct Peer {
    pub name: &'static str,
    /// What it does: less than ours, in each case.
    pub does: &'static str,
    pub installed: bool,
    pub bytes: u64,
    /// 10^6 bytes a second, the start of the program included; nothing where it is not installed or failed.
    pub megabytes_per_second: Option<f64>,
}

/// Measures all of it below a folder in which `bytes` and half as much again find room.
pub fn dataset_bench(places: &Places, dir: &Path, bytes: u64, cancel: &Cancel) -> Result<DatasetBench> {
    let rows = RowCounter::chatml(Counter::qwen(QwenTokens::default())?);
    let count = move |line: &str| {
        let tokens = rows.row(&serde_json::from_str(line).ok()?).ok()?;
        Some(RowTokens { longest: tokens.longest() as u64, total: tokens.total() as u64 })
    };
    let counter = pc_dataset::Counter(Arc::new(count));
    let mut peers = Vec::new();
    let others = |path: &Path| {
        let tokenizer = models::open(places, MODEL).ok().map(|model| model.folder.dir.join("tokenizer.json"));
        peers = all(path, tokenizer.as_deref(), cancel)?;
        Ok(())
    };
    let ours = bench(dir, bytes, Some(&counter), others, cancel)?;
    let counting = match models::open(places, MODEL) {
        Ok(model) => {
            let library = model.folder.tokenizer()?;
            Some(CountBench::run(&Counter::from_tokenizer(&library)?, Some(&library), TOKEN_BYTES, cancel)?)
        }
        Err(_) => None,
    };
    Ok(DatasetBench { ours, tokens_of: "qwen3", counting, peers })
}

/// Slow ones are given a part of the rows.
struct Kind {
    name: &'static str,
    does: &'static str,
    /// One line in so many.
    part: usize,
    program: &'static str,
    /// `{file}` and `{tokenizer}` stand for paths.
    arguments: &'static [&'static str],
    /// Ends well where it is installed.
    probe: &'static [&'static str],
}

const PEERS: [Kind; 6] = [
    Kind {
        name: "duckdb",
        does: "parse",
        part: 1,
        program: "python3",
        arguments: &[
            "-c",
            "import duckdb,sys; duckdb.sql(f\"SELECT count(*), max(len(messages)) FROM read_json('{sys.argv[1]}', \
             format='newline_delimited')\").fetchall()",
            "{file}",
        ],
        probe: &["-c", "import duckdb"],
    },
    Kind {
        name: "orjson",
        does: "parse, one core",
        part: 1,
        program: "python3",
        arguments: &["-c", "import orjson,sys\nfor line in open(sys.argv[1],'rb'): orjson.loads(line)", "{file}"],
        probe: &["-c", "import orjson"],
    },
    Kind {
        name: "python json",
        does: "parse, one core",
        part: 4,
        program: "python3",
        arguments: &["-c", "import json,sys\nfor line in open(sys.argv[1],'rb'): json.loads(line)", "{file}"],
        probe: &["-c", "import json"],
    },
    Kind {
        name: "jq",
        does: "parse, one core",
        part: 16,
        program: "jq",
        arguments: &["-c", "empty", "{file}"],
        probe: &["--version"],
    },
    Kind {
        name: "tokenizers (python)",
        does: "tokens of a text, all cores",
        part: 32,
        program: "python3",
        arguments: &[
            "-c",
            "import json,sys,tokenizers\nt=tokenizers.Tokenizer.from_file(sys.argv[2])\nrows=[]\n\
             for line in open(sys.argv[1],'rb'): rows.append('\\n'.join(m['content'] for m in json.loads(line)['messages']))\n\
             for at in range(0,len(rows),1000): t.encode_batch(rows[at:at+1000])",
            "{file}",
            "{tokenizer}",
        ],
        probe: &["-c", "import tokenizers"],
    },
    Kind {
        name: "datasketch",
        does: "near duplicates, one core",
        part: 128,
        program: "python3",
        arguments: &[
            "-c",
            "import json,sys,datasketch\nlsh=datasketch.MinHashLSH(threshold=0.8,num_perm=128)\n\
             for at,line in enumerate(open(sys.argv[1],'rb')):\n\
             \x20text=''.join(m['content'] for m in json.loads(line)['messages'])\n\
             \x20h=datasketch.MinHash(num_perm=128)\n\
             \x20for i in range(len(text)-2): h.update(text[i:i+3].encode())\n\
             \x20lsh.query(h); lsh.insert(str(at),h)",
            "{file}",
        ],
        probe: &["-c", "import datasketch"],
    },
];

fn all(path: &Path, tokenizer: Option<&Path>, cancel: &Cancel) -> Result<Vec<Peer>> {
    PEERS.iter().map(|kind| measured(kind, path, tokenizer, cancel)).collect()
}

fn measured(kind: &Kind, path: &Path, tokenizer: Option<&Path>, cancel: &Cancel) -> Result<Peer> {
    cancel.check()?;
    let needs = kind.arguments.contains(&"{tokenizer}");
    let installed = quiet(Command::new(kind.program).args(kind.probe)) && !(needs && tokenizer.is_none());
    let peer = Peer { name: kind.name, does: kind.does, installed, bytes: 0, megabytes_per_second: None };
    if !installed {
        return Ok(peer);
    }
    let part = if kind.part == 1 { None } else { Some(some_lines(path, kind.part)?) };
    let file: PathBuf = part.as_ref().map_or_else(|| path.to_owned(), |part| part.path().to_owned());
    let bytes = file.metadata().context("reading the generated file")?.len();
    let mut command = Command::new(kind.program);
    for argument in kind.arguments {
        match *argument {
            "{file}" => command.arg(&file),
            "{tokenizer}" => command.arg(tokenizer.unwrap_or(Path::new(""))),
            plain => command.arg(plain),
        };
    }
    let began = Instant::now();
    let well = quiet(&mut command);
    let seconds = began.elapsed().as_secs_f64().max(1e-9);
    Ok(Peer { bytes, megabytes_per_second: well.then_some(bytes as f64 / 1e6 / seconds), ..peer })
}

fn quiet(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The first part of a file's bytes, whole lines.
fn some_lines(path: &Path, part: usize) -> Result<tempfile::NamedTempFile> {
    use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
    let what = "writing a part of the generated file";
    let file = std::fs::File::open(path).context(what)?;
    let most = file.metadata().context(what)?.len() / part as u64;
    let (mut from, mut line, mut written) = (BufReader::new(file), Vec::new(), 0);
    let mut to =
        BufWriter::new(tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new("."))).context(what)?);
    while written < most.max(1) && from.read_until(b'\n', &mut line).context(what)? > 0 {
        to.write_all(&line).context(what)?;
        written += line.len() as u64;
        line.clear();
    }
    to.into_inner().map_err(std::io::IntoInnerError::into_error).context(what)
}

#[cfg(test)]
mod tests {
    use pc_dataset::sample;

    use super::*;

    #[test]
    fn a_part_is_whole_lines_and_what_is_not_installed_has_no_figure() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        pc_base::write_atomic(file.path(), sample::TRAIN.as_bytes()).expect("written");
        let part = some_lines(file.path(), 4).expect("the file can be read");
        let text = std::fs::read_to_string(part.path()).expect("written");
        assert!(sample::TRAIN.starts_with(&text) && text.ends_with('\n'), "a beginning, cut behind a line");
        assert!((sample::TRAIN.len() / 4..sample::TRAIN.len() / 2).contains(&text.len()), "{} bytes", text.len());
        let kind = Kind {
            name: "none",
            does: "",
            part: 1,
            program: "partner-no-such-program",
            arguments: &["{file}"],
            probe: &[],
        };
        let peer = measured(&kind, file.path(), None, &Cancel::default()).expect("nothing is started");
        assert_eq!((peer.installed, peer.megabytes_per_second), (false, None));
    }
}
