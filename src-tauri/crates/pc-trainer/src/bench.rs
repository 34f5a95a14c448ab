//! The speed and memory of training on fixed work: 4 rows of 128 tokens, rank 8, every projection, every position
//! labelled. Deliberately absent: judging the figures.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use pc_base::Cancel;
use pc_model::ModelFolder;
use serde::Serialize;

use crate::decoder::{Change, Decoder, Objective, Packed};
use crate::lora::Parameters;
use crate::memory;
use crate::optimiser::{AdamW, clip};

const ROWS: usize = 4;
const LENGTH: usize = 128;
const RANK: usize = 8;

/// What [`bench()`] measured.
#[derive(Clone, Debug, Serialize)]
pub struct BenchReport {
    /// Tokens an update.
    pub tokens: usize,
    pub updates: usize,
    /// Median over the updates.
    pub tokens_per_second: f64,
    /// The fastest update, which other work on the machine disturbed least.
    pub best_tokens_per_second: f64,
    /// The most memory the process has held, in bytes; nothing where the system does not say.
    pub peak_bytes: Option<u64>,
    pub first_loss: f64,
    pub last_loss: f64,
}

/// Trains on English text of the model's own vocabulary for some updates after one to warm up.
pub fn bench(model_dir: &Path, updates: usize, cancel: &Cancel) -> Result<BenchReport> {
    ensure!(updates > 0, "nothing to measure");
    let model = ModelFolder::open(model_dir)?;
    let decoder = Decoder::load(&model.config, &model.weights()?, cancel)?;
    let batch = batch(&model)?;
    let mut parameters = Parameters::fresh(&model.config, RANK, 16.0, 0.0, 1);
    let mut adam = AdamW::new(parameters.values.len());
    let mut gradient = vec![0.0; parameters.values.len()];
    let (mut seconds, mut losses) = (Vec::new(), Vec::new());
    for _ in 0..=updates {
        cancel.check()?;
        let start = Instant::now();
        gradient.fill(0.0);
        let weight = 1.0 / batch.targets.len() as f32;
        let change = Change::Pairs { parameters: &parameters, key: 0 };
        let outcome = decoder.train(change, &batch, Objective::Likelihood { factor: weight }, &mut gradient)?;
        clip(&mut gradient, 1.0);
        adam.update(&mut parameters.values, &gradient, 1e-4, 0.0);
        seconds.push(start.elapsed().as_secs_f64());
        losses.push(outcome.loss / batch.targets.len() as f64);
    }
    seconds.remove(0);
    seconds.sort_by(f64::total_cmp);
    let tokens = ROWS * LENGTH;
    Ok(BenchReport {
        tokens,
        updates,
        tokens_per_second: tokens as f64 / seconds[seconds.len() / 2],
        best_tokens_per_second: tokens as f64 / seconds[0],
        peak_bytes: memory::peak(),
        first_loss: losses[0],
        last_loss: losses[losses.len() - 1],
    })
}

/// Running text, repeated to length; each row begins elsewhere in it.
fn batch(model: &ModelFolder) -> Result<Packed> {
    const TEXT: &str = "Good morning, and thank you for calling. Breakfast is served from half past six in the garden \
        restaurant on the second floor, and guests may ask the front desk for a late check-out until noon. The airport \
        bus leaves every thirty minutes; a ticket can be bought from the driver. If you need an extra bed, a quiet room \
        or a table for a birthday, please tell us one day ahead. ";
    let ids = model.tokenizer()?.encode(TEXT)?;
    let mut packed = Packed::default();
    for row in 0..ROWS {
        let row: Vec<u32> = ids.iter().cycle().skip(row * 17).take(LENGTH).copied().collect();
        packed.push(&row, &[true; LENGTH]);
    }
    Ok(packed)
}
