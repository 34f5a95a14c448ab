//! The bench of the check: a generated file of varied rows in Chinese and English, no line twice, and the speed
//! of each stage over it. Printing the figures is the caller's part.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use md5::Md5;
use pc_base::{Cancel, Silent};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::Limits;
use crate::check::{self, CheckOptions};
use crate::near::NearOptions;
use crate::privacy::{Detector, Rules, ScanOptions, scan_file};

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Bench {
    pub bytes: u64,
    pub rows: u64,
    pub stages: Vec<Stage>,
    /// The process's greatest resident set, in bytes, where the system tells it (Linux).
    pub peak_memory: Option<u64>,
}

/// One stage over the whole file.
#[derive(Clone, Debug, Serialize)]
pub struct Stage {
    /// `hash` (SHA-256 and MD5 one after the other, one core), `judge` (parse and format rules, all cores), `near` (near
    /// duplicates), `privacy` (personal data and secrets, all cores), or `check` (all of it together, as a user gets it).
    pub name: String,
    pub seconds: f64,
    /// Seconds of processor time of all cores, where the system tells it (Linux): what the stage costs on a machine that
    /// does other things, too.
    pub processor_seconds: Option<f64>,
    /// 10^6 bytes a second.
    pub megabytes_per_second: f64,
}

/// Writes about `bytes` of rows below `dir`, measures over them, and removes them again.
pub fn bench(dir: &Path, bytes: u64, cancel: &Cancel) -> anyhow::Result<Bench> {
    let path = dir.join("bench-dataset.jsonl");
    let result = generate(&path, bytes, cancel).and_then(|()| measure(&path, cancel));
    // The figures matter more than a leftover that the next run overwrites.
    let _ = std::fs::remove_file(&path);
    result
}

fn measure(path: &Path, cancel: &Cancel) -> anyhow::Result<Bench> {
    let bytes = path.metadata().context("reading the generated file")?.len();
    let mut stages = Vec::new();
    let mut stage = |name: &str, (from, spent): (Instant, Option<f64>)| {
        let seconds = from.elapsed().as_secs_f64().max(1e-9);
        stages.push(Stage {
            name: name.into(),
            seconds,
            processor_seconds: processor_seconds().zip(spent).map(|(after, before)| after - before),
            megabytes_per_second: bytes as f64 / 1e6 / seconds,
        });
    };
    let start = || (Instant::now(), processor_seconds());
    let from = start();
    hash(path, cancel)?;
    stage("hash", from);
    let from = start();
    check::judge_file(path, cancel)?;
    stage("judge", from);
    let from = start();
    crate::near::duplicates(path, &NearOptions::default(), &Silent, cancel)?;
    stage("near", from);
    let from = start();
    let detector = Detector::new(&Rules::default())?;
    scan_file(path, &detector, &ScanOptions::default(), &Silent, cancel)?;
    stage("privacy", from);
    let from = start();
    let options = CheckOptions {
        limits: Limits { file_bytes: u64::MAX, console_bytes: u64::MAX, ..Limits::default() },
        ..CheckOptions::default()
    };
    let report = check::check(path, &options, &Silent, cancel)?;
    stage("check", from);
    anyhow::ensure!(
        report.errors_total == 0,
        "the generated rows have errors, so the figures mean nothing: {:?}",
        report.findings.first()
    );
    Ok(Bench { bytes, rows: report.rows, stages, peak_memory: peak_memory() })
}

fn hash(path: &Path, cancel: &Cancel) -> anyhow::Result<()> {
    let mut file = File::open(path).context("reading the generated file")?;
    let (mut sha256, mut md5, mut buffer) = (Sha256::new(), Md5::new(), vec![0; 1 << 20]);
    loop {
        cancel.check()?;
        let read = file.read(&mut buffer).context("reading the generated file")?;
        if read == 0 {
            return Ok(());
        }
        sha256.update(&buffer[..read]);
        md5.update(&buffer[..read]);
    }
}

/// Characters and syllables that the words of rows are made of.
const CHINESE: &str = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经\
    客房早餐请问几点预订价格您好海景退行李需服务前台间铁附近票取消";
const ENGLISH: &[&str] = &[
    "ba", "con", "de", "der", "di", "en", "er", "es", "for", "ing", "in", "ka", "li", "ment", "mo", "ne", "o", "per",
    "ra", "re", "ser", "sta", "ta", "tion", "tu", "un", "ver", "vi", "y", "ze",
];
/// Words of each language; a small share of them makes most of a text, as in any language.
const WORDS: usize = 6_000;

/// The words that rows are made of.
struct Vocabulary {
    chinese: Vec<String>,
    english: Vec<String>,
}

impl Vocabulary {
    fn new(next: &mut impl FnMut(usize) -> usize) -> Self {
        let characters: Vec<char> = CHINESE.chars().filter(|c| !c.is_whitespace()).collect();
        let chinese = (0..WORDS).map(|_| (0..1 + next(3)).map(|_| characters[next(characters.len())]).collect());
        let chinese = chinese.collect();
        let english = (0..WORDS).map(|_| (0..1 + next(4)).map(|_| ENGLISH[next(ENGLISH.len())]).collect()).collect();
        Self { chinese, english }
    }
}

fn generate(path: &Path, bytes: u64, cancel: &Cancel) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).context("creating the generated file")?);
    let (mut written, mut number, mut state) = (0, 0_u64, 0x9e37_79b9_7f4a_7c15_u64);
    let mut next = move |below: usize| {
        // Xorshift (Marsaglia 2003): quick and the same every time, which is all that a bench needs.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let vocabulary = Vocabulary::new(&mut next);
    let mut line = String::new();
    while written < bytes {
        if number % 4096 == 0 {
            cancel.check()?;
        }
        number += 1;
        line.clear();
        row(&mut line, number, &vocabulary, &mut next);
        out.write_all(line.as_bytes()).context("writing the generated file")?;
        written += line.len() as u64;
    }
    out.flush().context("writing the generated file")
}

fn row(line: &mut String, number: u64, words: &Vocabulary, next: &mut impl FnMut(usize) -> usize) {
    let chinese = next(2) == 0;
    let words = if chinese { &words.chinese } else { &words.english };
    line.push_str("{\"messages\":[");
    if next(3) == 0 {
        turn(line, "system", if chinese { "你是客服。" } else { "You are the clerk." });
        line.push(',');
    }
    for pair in 0..=next(3) {
        if pair > 0 {
            line.push(',');
        }
        let question = sentence(words, chinese, 4 + next(24), next);
        turn(line, "user", &format!("{number} {question}?"));
        line.push(',');
        turn(line, "assistant", &sentence(words, chinese, 8 + next(64), next));
    }
    line.push_str("]}\n");
}

fn sentence(list: &[String], chinese: bool, words: usize, next: &mut impl FnMut(usize) -> usize) -> String {
    let mut text = String::new();
    for _ in 0..words {
        let common = next(list.len()) * next(list.len()) / list.len();
        text.push_str(&list[common]);
        match next(24) {
            0 => text.push_str("\\n"),
            1 => text.push_str("\\\""),
            2 => text.push_str(&next(10_000).to_string()),
            _ if chinese => {}
            _ => text.push(' '),
        }
    }
    text
}

/// `content` is already escaped.
fn turn(line: &mut String, role: &str, content: &str) {
    line.push_str("{\"role\":\"");
    line.push_str(role);
    line.push_str("\",\"content\":\"");
    line.push_str(content);
    line.push_str("\"}");
}

/// User and system time of the process; the kernel counts them in hundredths of a second for every program.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?) as f64 / 100.0)
}

/// `VmHWM` of the process, in bytes.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_rows_are_good_and_differ_and_every_stage_is_measured() {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let bench = bench(dir.path(), 300_000, &Cancel::default()).expect("the bench runs");
        assert!(bench.bytes >= 300_000 && bench.rows > 100, "{bench:?}");
        assert_eq!(
            bench.stages.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(),
            ["hash", "judge", "near", "privacy", "check"]
        );
        assert!(dir.path().read_dir().expect("readable").next().is_none(), "the generated file is gone");
    }
}
