//! The cloud's log: one file and the one before it, each bounded, so that no disk fills with words.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context as _, Result};
use pc_base::make_private;

/// Bytes at which a new file is begun.
const LARGEST: u64 = 1 << 20;

/// Sends everything that is logged, and every panic, to `logs/cloud.log` of the home.
pub(super) fn begin(home: &Path) -> Result<()> {
    let folder = home.join("logs");
    // The home first: the one below it must not decide who may look into it.
    make_private(home).and_then(|()| make_private(&folder))?;
    let path = folder.join("cloud.log");
    let bounded = Bounded::open(path, LARGEST).context("opening the log")?;
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(Mutex::new(bounded));
    // Somebody may log already, as tests do; then that stays.
    let _ = subscriber.try_init();
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    Ok(())
}

struct Bounded {
    path: PathBuf,
    file: File,
    written: u64,
    largest: u64,
}

impl Bounded {
    fn open(path: PathBuf, largest: u64) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(&path)?;
        let written = file.metadata()?.len();
        Ok(Self { path, file, written, largest })
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written >= self.largest {
            std::fs::rename(&self.path, self.path.with_extension("log.1"))?;
            *self = Self::open(self.path.clone(), self.largest)?;
        }
        let count = self.file.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_hold_at_most_twice_the_bound_and_the_newest_words() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cloud.log");
        let mut log = Bounded::open(path.clone(), 100).unwrap();
        for number in 0..100 {
            writeln!(log, "line {number}").unwrap();
        }
        let sizes: u64 = dir.path().read_dir().unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        assert!(sizes < 2 * (100 + 8), "{sizes} bytes are kept of 790");
        assert!(std::fs::read_to_string(path).unwrap().ends_with("line 99\n"));
    }
}
