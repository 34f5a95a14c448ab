//! `partner bench …`: figures, never verdicts.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use pc_app::Quant;
use pc_app::bench::{QuantFigures, runtime as runtime_bench, runtime_speed};
use pc_base::{Cancel, Places};

use crate::args::{Bench, Weights};
use crate::shown::Shown;

/// Enough for steady figures, little enough for a laptop's disk.
const DATASET_BYTES: u64 = 300_000_000;

/// The model that is measured.
const MODEL: &str = "gemma-3-270m";

/// The median of five hides one disturbance by other work.
const TRAINER_UPDATES: usize = 5;

/// Runs a bench and shows its figures.
pub fn run(what: Bench, quant: Option<Weights>, places: &Places, shown: &Shown, cancel: &Cancel) -> Result<()> {
    match what {
        Bench::Dataset => dataset(shown, cancel),
        Bench::Trainer => trainer(places, shown, cancel),
        Bench::Runtime => runtime(quant, places, shown, cancel),
    }
}

/// One weight format in this process, or each in a process of its own.
fn runtime(quant: Option<Weights>, places: &Places, shown: &Shown, cancel: &Cancel) -> Result<()> {
    if let Some(quant) = quant {
        let speed = runtime_speed(places, MODEL, pc_app::api::Quant::from(quant).into(), shown, cancel)?;
        shown.result(&serde_json::to_value(&speed)?, &table(&[QuantFigures { speed, divergence: None }])?);
        return Ok(());
    }
    let program = std::env::current_exe().context("finding this program")?;
    let one = |quant: Quant| {
        let mut command = std::process::Command::new(&program);
        command.args(["--json", "bench", "runtime", "--quant", quant.name()]);
        command
    };
    let figures = runtime_bench(places, MODEL, &one, shown, cancel)?;
    shown.result(&serde_json::json!({ "model": MODEL, "quants": figures }), &format!("{MODEL}\n{}", table(&figures)?));
    Ok(())
}

fn table(figures: &[QuantFigures]) -> Result<String> {
    let mut text = String::new();
    for QuantFigures { speed, divergence } in figures {
        writeln!(
            text,
            "{:<5} decode {:.1} tokens/s (best {:.1}; bound {:.1} = {:.1} GB/s over {} MB a token)",
            speed.quant,
            speed.tokens_per_second,
            speed.best_tokens_per_second,
            speed.bound_tokens_per_second,
            speed.bandwidth_bytes_per_second / 1e9,
            speed.bytes_per_token / 1_000_000
        )?;
        write!(
            text,
            "      prompt {:.0} tokens/s, first token {:.0} ms after {}, load {:.0} ms",
            speed.prompt_tokens_per_second, speed.first_token_ms, speed.prompt_tokens, speed.load_ms
        )?;
        if let Some(peak) = speed.peak_memory_bytes {
            write!(text, ", peak memory {} MB", peak / 1_000_000)?;
        }
        if let Some(far) = divergence {
            write!(
                text,
                "\n      KL from f32 {:.4} over {} positions, same top {:.1} %, perplexity {:.2} (f32 {:.2})",
                far.mean_kl,
                far.positions,
                far.same_top * 100.0,
                far.perplexity_b,
                far.perplexity_a
            )?;
        }
        text.push('\n');
    }
    Ok(text.trim_end().to_owned())
}

fn trainer(places: &Places, shown: &Shown, cancel: &Cancel) -> Result<()> {
    let bench = pc_app::trainer_bench(&places.base_model(MODEL), TRAINER_UPDATES, cancel)?;
    let mut text = format!(
        "{MODEL}: {:.0} tokens/s (best {:.0}), {} updates of {} tokens, loss {:.3} -> {:.3}",
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
