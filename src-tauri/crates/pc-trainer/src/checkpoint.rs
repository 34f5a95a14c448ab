//! Resume points: adapter, AdamW's moments and the place in the run, in a folder that appears whole or not at all.
//!
//! `resume-00000120/` holds `adapter/` (PEFT), `moments.bin` (first moments, then second, f32 little-endian) and
//! `state.json`. Every random draw is a function of the seed, the epoch and the step, so those are the whole state of
//! the generator. Deliberately absent: the adapters stored for people, which are plain PEFT folders.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use pc_base::write_atomic;
use pc_model::{Adapter, Config};
use serde::{Deserialize, Serialize};

use crate::lora::Parameters;
use crate::optimiser::AdamW;

const FORMAT: u32 = 1;
const PREFIX: &str = "resume-";
/// The newest, and the one before it in case the newest turns out damaged.
const KEPT: usize = 2;

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
}

impl State {
    pub(crate) fn start(job: String, seed: u64) -> Self {
        Self { format: FORMAT, job, seed, step: 0, tokens: 0, loss: 0.0 }
    }
}

/// Writes a resume point and removes all but the last two.
pub(crate) fn write(work_dir: &Path, state: &State, parameters: &Parameters, adam: &AdamW) -> Result<()> {
    std::fs::create_dir_all(work_dir).with_context(|| format!("creating {}", work_dir.display()))?;
    let building = tempfile::Builder::new().prefix(".resume-").tempdir_in(work_dir)?;
    parameters.to_adapter(None).save(&building.path().join("adapter"))?;
    let moments: Vec<u8> = adam.first.iter().chain(&adam.second).flat_map(|value| value.to_le_bytes()).collect();
    write_atomic(&building.path().join("moments.bin"), &moments)?;
    write_atomic(&building.path().join("state.json"), &serde_json::to_vec(state)?)?;
    let target = work_dir.join(format!("{PREFIX}{:08}", state.step));
    if target.exists() {
        // Only this very step, written before a restart: it holds the same.
        std::fs::remove_dir_all(&target)?;
    }
    sync_folder(building.path())?;
    std::fs::rename(building.keep(), &target).with_context(|| format!("writing {}", target.display()))?;
    sync_folder(work_dir)?;
    let points = points(work_dir);
    for old in points.iter().rev().skip(KEPT) {
        std::fs::remove_dir_all(old)?;
    }
    Ok(())
}

/// The newest complete resume point of this job; damaged or foreign ones are passed over.
pub(crate) fn newest(work_dir: &Path, job: &str, config: &Config) -> Option<(State, Parameters, AdamW)> {
    points(work_dir).iter().rev().find_map(|folder| read(folder, job, config).ok())
}

/// Removes every resume point once the result is stored.
pub(crate) fn clear(work_dir: &Path) -> Result<()> {
    points(work_dir).iter().try_for_each(|folder| Ok(std::fs::remove_dir_all(folder)?))
}

fn read(folder: &Path, job: &str, config: &Config) -> Result<(State, Parameters, AdamW)> {
    let state: State = serde_json::from_slice(&std::fs::read(folder.join("state.json"))?)?;
    ensure!(state.format == FORMAT && state.job == job, "the resume point is another job's");
    let parameters = Parameters::from_adapter(config, &Adapter::load(&folder.join("adapter"))?)?;
    let bytes = std::fs::read(folder.join("moments.bin"))?;
    let count = parameters.values.len();
    ensure!(bytes.len() == 8 * count, "the moments are incomplete");
    let mut first: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let second = first.split_off(count);
    let adam = AdamW { step: state.step, first, second };
    Ok((state, parameters, adam))
}

/// All resume points, oldest first.
fn points(work_dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(work_dir).into_iter().flatten().flatten();
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
    let mut points: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(named).collect();
    points.sort();
    points
}

/// Makes a rename durable; Windows has no such call and needs none.
fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
