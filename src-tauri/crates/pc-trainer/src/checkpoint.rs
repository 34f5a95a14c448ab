//! Resume points: what is learnt, AdamW's moments and the place in the run, in a folder that appears whole or not at all.
//!
//! `resume-00000120/` holds `values.bin` and `moments.bin` (first moments, then second), f32 little-endian, and
//! `state.json`. Every random draw is a function of the seed, the epoch and the step, so those are the whole state of
//! the generator. Deliberately absent: the weights stored for people, which are PEFT or Hugging Face folders.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use pc_base::write_atomic;
use serde::{Deserialize, Serialize};

use crate::learner::Learner;
use crate::optimiser::AdamW;
use crate::schedule::Plateau;

const FORMAT: u32 = 2;
const PREFIX: &str = "resume-";
/// What is being written or removed, or was when the worker died.
const BUILDING: &str = ".resume-";
/// A resume point up to this size is kept until there are two newer ones, in case the newest turns out damaged.
const SMALL: usize = 64 << 20;

/// The place in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    format: u32,
    /// Hash of everything that decides the result.
    pub job: String,
    pub seed: u64,
    /// Updates done.
    pub step: u64,
    /// Tokens trained.
    pub tokens: u64,
    /// Loss of the last step.
    pub loss: f64,
    /// The last step that was evaluated.
    pub evaluated: u64,
    /// What evaluations did to the learning rate.
    pub plateau: Plateau,
}

impl State {
    pub(crate) fn start(job: String, seed: u64) -> Self {
        Self { format: FORMAT, job, seed, step: 0, tokens: 0, loss: 0.0, evaluated: 0, plateau: Plateau::default() }
    }
}

/// Writes a resume point and removes those that are not needed any more.
pub(crate) fn write(work_dir: &Path, state: &State, learner: &mut Learner, adam: &AdamW) -> Result<()> {
    std::fs::create_dir_all(work_dir).with_context(|| format!("creating {}", work_dir.display()))?;
    let building = tempfile::Builder::new().prefix(BUILDING).tempdir_in(work_dir)?;
    let mut values = Writer::create(&building.path().join("values.bin"))?;
    learner.values(|part| values.put(part))?;
    values.finish()?;
    let mut moments = Writer::create(&building.path().join("moments.bin"))?;
    moments.put(&adam.first)?;
    moments.put(&adam.second)?;
    moments.finish()?;
    write_atomic(&building.path().join("state.json"), &serde_json::to_vec(state)?)?;
    let target = work_dir.join(format!("{PREFIX}{:08}", state.step));
    if target.exists() {
        // Only this very step, written before a restart: it holds the same.
        std::fs::remove_dir_all(&target)?;
    }
    sync_folder(building.path())?;
    std::fs::rename(building.keep(), &target).with_context(|| format!("writing {}", target.display()))?;
    sync_folder(work_dir)?;
    let kept = if learner.count() > SMALL { 1 } else { 2 };
    folders(work_dir, PREFIX).iter().rev().skip(kept).try_for_each(|old| Ok(std::fs::remove_dir_all(old)?))
}

/// Goes on from the newest complete resume point of this job; damaged or foreign ones are passed over. Answers where.
pub(crate) fn resume(work_dir: &Path, job: &str, learner: &mut Learner, adam: &mut AdamW) -> Result<Option<State>> {
    folders(work_dir, BUILDING).iter().try_for_each(std::fs::remove_dir_all).context("removing a half resume point")?;
    let count = learner.count() as u64;
    for folder in folders(work_dir, PREFIX).iter().rev() {
        let Ok(state) = usable(folder, job, count) else { continue };
        let mut values = BufReader::with_capacity(1 << 20, File::open(folder.join("values.bin"))?);
        learner.values(|part| read(&mut values, part))?;
        let mut moments = BufReader::with_capacity(1 << 20, File::open(folder.join("moments.bin"))?);
        read(&mut moments, &mut adam.first)?;
        read(&mut moments, &mut adam.second)?;
        adam.step = state.step;
        return Ok(Some(state));
    }
    Ok(None)
}

/// Removes every resume point once the result is stored.
pub(crate) fn clear(work_dir: &Path) -> Result<()> {
    folders(work_dir, PREFIX).iter().try_for_each(|folder| Ok(std::fs::remove_dir_all(folder)?))
}

/// Removes a folder that others may be reading: they see all of it or none.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let doomed = folder.with_file_name(format!("{BUILDING}{name}"));
    std::fs::rename(folder, &doomed).and_then(|()| std::fs::remove_dir_all(&doomed)).context("removing an old state")
}

fn usable(folder: &Path, job: &str, count: u64) -> Result<State> {
    let state: State = serde_json::from_slice(&std::fs::read(folder.join("state.json"))?)?;
    ensure!(state.format == FORMAT && state.job == job, "the resume point is another job's");
    let size = |name: &str| Ok::<_, anyhow::Error>(folder.join(name).metadata()?.len());
    ensure!(size("values.bin")? == 4 * count && size("moments.bin")? == 8 * count, "the resume point is incomplete");
    Ok(state)
}

/// A file of f32 values.
struct Writer(BufWriter<File>);

impl Writer {
    fn create(path: &Path) -> Result<Self> {
        Ok(Self(BufWriter::with_capacity(1 << 20, File::create(path).context("writing a resume point")?)))
    }

    fn put(&mut self, values: &[f32]) -> Result<()> {
        let mut bytes = Vec::new();
        for part in values.chunks(1 << 16) {
            bytes.clear();
            bytes.extend(part.iter().flat_map(|value| value.to_le_bytes()));
            self.0.write_all(&bytes).context("writing a resume point")?;
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        let file = self.0.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.sync_all().context("writing a resume point")
    }
}

fn read(file: &mut impl Read, values: &mut [f32]) -> Result<()> {
    let mut bytes = vec![0; 4 << 16];
    for part in values.chunks_mut(1 << 16) {
        let bytes = &mut bytes[..4 * part.len()];
        file.read_exact(bytes).context("reading a resume point")?;
        for (value, four) in part.iter_mut().zip(bytes.chunks_exact(4)) {
            *value = f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        }
    }
    Ok(())
}

/// Folders whose names begin so, oldest first.
fn folders(work_dir: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(work_dir).into_iter().flatten().flatten();
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(named).collect();
    folders.sort();
    folders
}

/// Makes a rename durable; Windows has no such call and needs none.
fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
