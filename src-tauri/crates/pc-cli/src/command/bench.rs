//! `partner bench …`: figures, never verdicts.

use std::fmt::Write as _;

use anyhow::Result;
use pc_base::{Cancel, Places};

use crate::args::Bench;
use crate::shown::Shown;

/// Enough for steady figures, little enough for a laptop's disk.
const DATASET_BYTES: u64 = 300_000_000;

/// The model whose training is measured.
const TRAINED_MODEL: &str = "gemma-3-270m";

/// The median of five hides one disturbance by other work.
const TRAINER_UPDATES: usize = 5;

/// Runs a bench and shows its figures.
pub fn run(what: Bench, places: &Places, shown: &Shown, cancel: &Cancel) -> Result<()> {
    match what {
        Bench::Dataset => dataset(shown, cancel),
        Bench::Trainer => trainer(places, shown, cancel),
    }
}

fn trainer(places: &Places, shown: &Shown, cancel: &Cancel) -> Result<()> {
    let bench = pc_app::trainer_bench(&places.base_model(TRAINED_MODEL), TRAINER_UPDATES, cancel)?;
    let mut text = format!(
        "{TRAINED_MODEL}: {:.0} tokens/s (best {:.0}), {} updates of {} tokens, loss {:.3} -> {:.3}",
        bench.tokens_per_second,
        bench.best_tokens_per_second,
        bench.updates,
        bench.tokens,
        bench.first_loss,
        bench.last_loss
    );
    if let Some(peak) = bench.peak_bytes {
        write!(text, "\npeak memory {} MB", peak / 1_000_000)?;
    }
    shown.result(&serde_json::to_value(&bench)?, &text);
    Ok(())
}

fn dataset(shown: &Shown, cancel: &Cancel) -> Result<()> {
    let work = std::env::temp_dir();
    let bench = pc_app::dataset_bench(&work, DATASET_BYTES, cancel)?;
    let mut text = format!("{} MB, {} rows\n", bench.bytes / 1_000_000, bench.rows);
    for stage in &bench.stages {
        writeln!(text, "{:<8} {:>8.1} MB/s {:>8.2} s", stage.name, stage.megabytes_per_second, stage.seconds)?;
    }
    if let Some(peak) = bench.peak_memory {
        write!(text, "peak memory {} MB", peak / 1_000_000)?;
    }
    shown.result(&serde_json::to_value(&bench)?, &text);
    Ok(())
}
