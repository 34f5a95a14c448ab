//! Fuzzing of everything that reads what others wrote: libFuzzer on the stable compiler, whose coverage needs flags and nothing
//! that would have to be installed. What is found, and what long runs learn, is kept below the target folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;

use anyhow::{Context as _, Result, bail, ensure};

use crate::run::{command, output, root, run, say};

/// Coverage of edges and of what is compared with what, in every crate of the program.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
const MANIFEST: &str = "src-tauri/fuzz/Cargo.toml";
/// Limits of one input: a reader that needs more has no bounds.
const LIMITS: [&str; 2] = ["-rss_limit_mb=1024", "-timeout=10"];
/// Seconds of each target when nobody says how long.
const SECONDS: u64 = 60;

/// `[--seconds N] [TARGET…]`, all targets when none is named; or `--again FILE TARGET` for one input.
pub fn fuzz(args: &[&str]) -> Result<()> {
    let usage = "cargo xtask fuzz [--seconds N] [TARGET…], or cargo xtask fuzz --again FILE TARGET";
    if let ["--again", file, target] = args {
        let program = build()?;
        let mut again = command(program, &[&format!("--target={target}"), file]);
        return run(again.args(LIMITS).env("RAYON_NUM_THREADS", "1"), "It fails again.");
    }
    let (seconds, targets) = match args {
        ["--seconds", seconds, targets @ ..] => (seconds.parse().context(usage)?, targets),
        targets => (SECONDS, targets),
    };
    ensure!(!targets.iter().any(|target| target.starts_with('-')), usage);
    every(targets, seconds, true)
}

/// Every target for ten seconds from its first inputs alone.
pub fn briefly() -> Result<()> {
    every(&[], 10, false)
}

/// Runs targets beside each other, one a core. What is learnt is the beginning of the next run where it is to be kept.
fn every(wanted: &[&str], seconds: u64, keep: bool) -> Result<()> {
    if cfg!(windows) {
        println!("libFuzzer is not built here: the fuzz targets run on Linux and macOS.");
        return Ok(());
    }
    let program = build()?;
    let listed = ask(&program, &["--list"])?;
    let known: Vec<&str> = listed.lines().collect();
    if let Some(unknown) = wanted.iter().find(|target| !known.contains(target)) {
        bail!("{unknown} is none of the targets: {}", known.join(" "));
    }
    let targets = if wanted.is_empty() { known } else { wanted.to_vec() };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    say(&format!("Fuzzing {} targets for {seconds} s each, {cores} at a time", targets.len()));
    let (waiting, failed) = (Mutex::new(targets.into_iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(target) = waiting.lock().ok().and_then(|mut waiting| waiting.next()) {
                    match one(&program, target, seconds, keep) {
                        Ok(figures) => println!("{target}: {figures}"),
                        Err(error) => failed.lock().iter_mut().for_each(|failed| failed.push(format!("{error:#}"))),
                    }
                }
            });
        }
    });
    if let Some(folder) = scratch("last")?.parent() {
        std::fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    let failed = failed.into_inner().unwrap_or_default();
    if failed.is_empty() { Ok(()) } else { bail!(failed.join("\n")) }
}

/// The fuzzer's lock file stands beside the program's, and a new dependency of the program is one of the fuzzer, too.
pub fn is_locked() -> Result<()> {
    let args = ["metadata", "--locked", "--format-version", "1", "--manifest-path", MANIFEST];
    let mend =
        "Copy Cargo.lock over src-tauri/fuzz/Cargo.lock and run `cargo metadata` there: what is not needed goes.";
    output(&mut command("cargo", &args)).context(mend).map(drop)
}

/// Where everything of fuzzing lies.
fn place() -> PathBuf {
    root().join("target/fuzz")
}

fn build() -> Result<PathBuf> {
    say("Building the fuzzer");
    let version = output(&mut command("rustc", &["-vV"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names its host")?;
    let folder = place();
    let folder = folder.to_str().context("the repository's path is text")?;
    // A target is named, because cargo would put coverage into build scripts and macros, too.
    let args = ["build", "--release", "--locked", "--manifest-path", MANIFEST, "--target", host];
    let mut cargo = command("cargo", &[&args[..], &["--target-dir", folder]].concat());
    run(cargo.env("RUSTFLAGS", COVERAGE), "Mend what the compiler names.")?;
    Ok(place().join(host).join("release/fuzz"))
}

/// What the fuzzer answers before it fuzzes. It says each time that no sanitizer is there; none is asked for.
fn ask(program: &Path, args: &[&str]) -> Result<String> {
    let answer = command(program, args).output().context("the fuzzer could not be started")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(answer.status.success(), "the fuzzer ended with {}: {}", answer.status, text(&answer.stderr));
    Ok(text(&answer.stdout))
}

/// Where inputs become files: in memory where there is such a place, because some of them are synced, thousands of times.
fn scratch(target: &str) -> Result<PathBuf> {
    let memory = Path::new("/dev/shm");
    let folder =
        if memory.is_dir() { memory.join(format!("fuzz-{}", std::process::id())) } else { place().join("scratch") };
    let folder = folder.join(target);
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    Ok(folder)
}

/// Runs one target; its figures, or what it found.
fn one(program: &Path, target: &str, seconds: u64, keep: bool) -> Result<String> {
    let folder = |name: &str| -> Result<PathBuf> {
        let folder = place().join(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        Ok(folder)
    };
    let (seeds, found) = (folder(&format!("seeds/{target}"))?, folder("found")?);
    let learnt = format!("{}/{target}", if keep { "corpus" } else { "brief" });
    if !keep {
        let before = place().join(&learnt);
        let removed = if before.exists() { std::fs::remove_dir_all(&before) } else { Ok(()) };
        removed.with_context(|| format!("removing {}", before.display()))?;
    }
    let (learnt, scratch) = (folder(&learnt)?, scratch(target)?);
    let named = format!("--target={target}");
    let from = format!("--seeds={}", root().join("tests/fixtures/datasets").display());
    ask(program, &[&named, &from, &format!("--into={}", seeds.display())])?;
    let kept = root().join("src-tauri/fuzz/found").join(target);
    let log = place().join(format!("{target}.log"));
    let file = File::create(&log).with_context(|| format!("writing {}", log.display()))?;
    let mut fuzzer = command(program, &[&named, &format!("-max_total_time={seconds}"), "-print_final_stats=1"]);
    fuzzer.args(LIMITS).arg(format!("-artifact_prefix={}/{target}-", found.display()));
    fuzzer.arg(learnt).arg(seeds).args(kept.exists().then_some(kept));
    fuzzer.env("RAYON_NUM_THREADS", "1").env("TMPDIR", &scratch);
    let status = fuzzer.stdout(Stdio::null()).stderr(file).status().context("the fuzzer could not be started")?;
    let text = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
    std::fs::remove_dir_all(&scratch).with_context(|| format!("removing {}", scratch.display()))?;
    if !status.success() {
        let end: Vec<&str> = text.lines().rev().take(15).collect();
        let end = end.into_iter().rev().collect::<Vec<_>>().join("\n");
        bail!("{target} found something ({status}): {}\n{end}\n{}", log.display(), again(&text, target));
    }
    let figure = |name: &str| text.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()));
    let runs = figure("stat::number_of_executed_units:").unwrap_or_default();
    ensure!(runs.parse::<u64>().is_ok_and(|runs| runs > 0), "{target} ran nothing: {}", log.display());
    Ok(format!("{runs} inputs, {} MB at most", figure("stat::peak_rss_mb:").unwrap_or_default()))
}

/// How to see it again, from the line in which libFuzzer names the file that it wrote.
fn again(log: &str, target: &str) -> String {
    let written = log.lines().find_map(|line| line.split_once("Test unit written to ").map(|(_, file)| file.trim()));
    match written {
        Some(file) => format!("Again: cargo xtask fuzz --again {file} {target}"),
        None => "It wrote no input.".to_owned(),
    }
}
