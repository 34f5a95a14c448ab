//! The vendors' Python clients, which drive the embedded cloud in tests: installed into the cache, one folder for each list
//! of versions.

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::runtime::hex;
use crate::run::{cache, command, exists, root, run, say, write};

/// Written last: a folder without it was not finished.
const STAMP: &str = "installed";

/// Installs them unless they are there.
pub fn install() -> Result<()> {
    let list = root().join("tests/sdk/requirements.txt");
    let text = std::fs::read(&list).with_context(|| format!("reading {}", list.display()))?;
    let folder = cache()?.join("tools").join(format!("sdks-{}", &hex(&Sha256::digest(&text))[..12]));
    if folder.join(STAMP).is_file() {
        return Ok(());
    }
    say("Installing the vendors' Python clients, which drive the embedded cloud in tests");
    let (list, into) = (list.to_string_lossy().into_owned(), folder.to_string_lossy().into_owned());
    let args = ["-m", "pip", "install", "--quiet", "--upgrade", "--target", &into, "--requirement", &list];
    let python = if exists("python3") { "python3" } else { "python" };
    run(&mut command(python, &args), "Python 3 with pip is needed; is the network there?")?;
    write(&folder.join(STAMP), b"")
}
