//! `partner bench …`: figures, never verdicts.

use std::fmt::Write as _;

use anyhow::Result;
use pc_base::Cancel;

use crate::args::Bench;
use crate::shown::Shown;

/// Enough for steady figures, little enough for a laptop's disk.
const DATASET_BYTES: u64 = 300_000_000;

/// Runs a bench and shows its figures.
pub fn run(what: Bench, shown: &Shown) -> Result<()> {
    match what {
        Bench::Dataset => dataset(shown),
    }
}

fn dataset(shown: &Shown) -> Result<()> {
    let work = std::env::temp_dir();
    let bench = pc_app::dataset_bench(&work, DATASET_BYTES, &Cancel::default())?;
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
