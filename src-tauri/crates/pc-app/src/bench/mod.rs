//! `partner bench runtime`: one model in each weight format, with speed, memory and the distance from f32 side by side.
//!
//! Each format's speed is measured in a process of its own, so that its peak of memory is its own and not that of the
//! largest. Deliberately absent: judging the figures.

mod cloud;
mod dataset;
mod served;

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use pc_base::{Cancel, Places, Reporter};
use pc_exporter::Quant;
use pc_runtime::{BENCH_TEXT, Bench, Divergence, Options, bench, divergence, init_default};
use serde::{Deserialize, Serialize};

use crate::chat::prepare;

pub use cloud::{CloudBench, Extent, cloud_bench};
pub use dataset::{DatasetBench, Peer, dataset_bench};

/// Every weight format, the reference first.
pub const QUANTS: [Quant; 3] = [Quant::F32, Quant::Int8, Quant::Int4];
/// Tokens a pass of decoding.
const TOKENS: usize = 32;

/// One weight format's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantFigures {
    #[serde(flatten)]
    pub speed: Bench,
    /// From f32 on [`BENCH_TEXT`]; nothing for f32 itself.
    pub divergence: Option<Divergence>,
}

/// Speed and memory of one weight format, measured in this process.
pub fn runtime_speed(
    places: &Places,
    model: &str,
    quant: Quant,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> Result<Bench> {
    let dir = prepare(places, model, quant, reporter, cancel)?;
    init_default()?;
    bench(&dir, Options::default(), TOKENS)
}

/// All weight formats of a model. `speed_command` makes a command that runs [`runtime_speed`] and prints its figures as
/// a line of JSON.
pub fn runtime(
    places: &Places,
    model: &str,
    speed_command: &dyn Fn(Quant) -> Command,
    reporter: &dyn Reporter,
    cancel: &Cancel,
) -> Result<Vec<QuantFigures>> {
    // Converted first: a converting process would have another peak of memory than an answering one.
    for quant in QUANTS {
        prepare(places, model, quant, reporter, cancel)?;
    }
    let mut speeds = Vec::new();
    for quant in QUANTS {
        cancel.check()?;
        speeds.push(speed_in_a_process(speed_command(quant))?);
    }
    init_default()?;
    let exact = prepare(places, model, Quant::F32, reporter, cancel)?;
    let mut figures = Vec::new();
    for (quant, speed) in QUANTS.into_iter().zip(speeds) {
        let distance = || -> Result<Divergence> {
            let dir = prepare(places, model, quant, reporter, cancel)?;
            divergence(&exact, &dir, Options::default(), BENCH_TEXT, cancel)
        };
        let divergence = if quant == Quant::F32 { None } else { Some(distance()?) };
        figures.push(QuantFigures { speed, divergence });
    }
    Ok(figures)
}

fn speed_in_a_process(mut command: Command) -> Result<Bench> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("starting a measurement")?;
    ensure!(output.status.success(), "a measurement ended with {}", output.status);
    let text = String::from_utf8(output.stdout).context("reading a measurement")?;
    let line = text.lines().last().context("a measurement printed nothing")?;
    serde_json::from_str(line).context("reading a measurement")
}
