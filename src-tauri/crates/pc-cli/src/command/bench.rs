//! `partner bench …`: figures, never verdicts.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use pc_app::Quant;
use pc_app::bench::{Extent, QuantFigures, cloud_bench, dataset_bench, runtime as runtime_bench, runtime_speed};
use pc_base::{Cancel, Places};

use crate::args::{Bench, Weights};
use crate::shown::Shown;

/// The model that is measured.
const MODEL: &str = "gemma-3-270m";

/// The median of five hides one disturbance by other work.
const TRAINER_UPDATES: usize = 5;

/// Runs a bench and shows its figures.
pub fn run(
    what: Bench,
    quant: Option<Weights>,
    extent: Extent,
    places: &Places,
    shown: &Shown,
    cancel: &Cancel,
) -> Result<()> {
    match what {
        Bench::Dataset => dataset(extent.bytes, places, shown, cancel),
        Bench::Trainer => trainer(places, shown, cancel),
        Bench::Runtime => runtime(quant, places, shown, cancel),
        Bench::Cloud => cloud(extent, places, shown, cancel),
    }
}

/// What was asked for; many clients call for ten minutes at most.
pub fn extent(megabytes: u64, seconds: u64) -> Extent {
    Extent { bytes: megabytes.clamp(10, 10_000) * 1_000_000, seconds: seconds.clamp(1, 600), ..Extent::default() }
}

/// Throughput against curl, and many clients at once.
fn cloud(extent: Extent, places: &Places, shown: &Shown, cancel: &Cancel) -> Result<()> {
    // On a thread that may block, so the runtime goes on beside it.
    let measured = cloud_bench(places, MODEL, extent, shown, cancel);
    let bench = tokio::runtime::Handle::current().block_on(measured)?;
    let memory = |bytes: Option<u64>| bytes.map_or("?".to_owned(), |bytes| format!("{} MB", bytes / 1_000_000));
    let mut text = format!("{} MB\n", bench.bytes / 1_000_000);
    for (name, way) in [("upload", &bench.upload), ("download", &bench.download)] {
        writeln!(text, "{name:<9} {:>7.1} MB/s; curl {:>7.1} MB/s; ratio {:.2}", way.ours, way.curl, way.ratio)?;
    }
    let (upload, load) = (&bench.upload, &bench.load);
    writeln!(
        text,
        "          with the check of its rows {:.1} MB/s; peak memory client {}, cloud {}",
        upload.with_check.unwrap_or_default(),
        memory(upload.client_peak_memory),
        memory(bench.server_peak_memory)
    )?;
    writeln!(
        text,
        "{} clients for {} s while a training runs ({} steps)",
        load.clients, load.seconds, load.trained_steps
    )?;
    writeln!(text, "          answered {:?}; errors {:?}", load.answered, load.errors)?;
    write!(
        text,
        "          poll p50 {:.1} ms, p99 {:.1} ms; peak memory of the cloud with its model {}",
        load.poll_p50_ms,
        load.poll_p99_ms,
        memory(load.server_peak_memory)
    )?;
    shown.result(&serde_json::to_value(&bench)?, &text);
    Ok(())
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

/// Each stage over a file of rows, and other programs over the same file.
fn dataset(bytes: u64, places: &Places, shown: &Shown, cancel: &Cancel) -> Result<()> {
    let bench = dataset_bench(places, &std::env::temp_dir(), bytes, cancel)?;
    let ours = &bench.ours;
    let mut text =
        format!("{} MB, {} rows, {} tokens of {}\n", ours.bytes / 1_000_000, ours.rows, ours.tokens, bench.tokens_of);
    for stage in &ours.stages {
        write!(text, "{:<13} {:>8.1} MB/s", stage.name, stage.megabytes_per_second)?;
        if let Some(spent) = stage.processor_seconds {
            // What two cores would do that have nothing else to do.
            write!(text, " (two free cores: {:>7.1})", stage.bytes as f64 / 1e6 / (spent / 2.0).max(1e-9))?;
        }
        if let Some(peak) = stage.peak_memory {
            write!(text, ", peak memory {} MB", peak / 1_000_000)?;
        }
        text.push('\n');
    }
    for speed in bench.counting.iter().flat_map(|counting| &counting.speeds) {
        let (name, speed, threads) = (speed.name, speed.megabytes_per_second, speed.threads);
        writeln!(text, "counting      {speed:>8.1} MB/s by {name} on {threads} threads, the same tokens")?;
    }
    for peer in &bench.peers {
        match peer.megabytes_per_second {
            Some(speed) => {
                let (bytes, does, name) = (peer.bytes / 1_000_000, peer.does, peer.name);
                writeln!(text, "peer          {speed:>8.1} MB/s {name}: {does}, over {bytes} MB")?;
            }
            None if peer.installed => writeln!(text, "peer          failed        {}", peer.name)?,
            None => writeln!(text, "peer          not installed {}", peer.name)?,
        }
    }
    shown.result(&serde_json::to_value(&bench)?, text.trim_end());
    Ok(())
}
