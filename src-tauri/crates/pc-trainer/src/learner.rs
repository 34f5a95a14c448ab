//! What a training changes, and how it is given out: a LoRA adapter beside frozen weights, or every weight.
//! Deliberately absent: the loop, and what is kept to resume.

use std::path::Path;

use anyhow::{Context as _, Result};
use pc_base::write_atomic;
use pc_model::{Adapter, Config, ModelFolder, write_safetensors};

use crate::decoder::{Change, Decoder, Objective, Outcome, Packed};
use crate::hyper::{Hyper, invalid};
use crate::job::TrainJob;
use crate::lora::Parameters;
use crate::optimiser::AdamW;

/// A model under training.
pub(crate) struct Learner {
    pub decoder: Decoder,
    /// Nothing where every weight is learnt.
    pub pairs: Option<Parameters>,
}

impl Learner {
    pub(crate) fn count(&self) -> usize {
        self.pairs.as_ref().map_or_else(|| self.decoder.layout().count(), |pairs| pairs.values.len())
    }

    /// Adds the gradient of one piece; `key` decides the dropout masks of an adapter.
    pub(crate) fn train(
        &self,
        batch: &Packed,
        objective: Objective<'_>,
        key: u64,
        gradient: &mut [f32],
    ) -> Result<Outcome> {
        let change = self.pairs.as_ref().map_or(Change::Whole, |parameters| Change::Pairs { parameters, key });
        self.decoder.train(change, batch, objective, gradient)
    }

    pub(crate) fn loss(&self, batch: &Packed) -> Result<f64> {
        self.decoder.loss(self.pairs.as_ref(), batch)
    }

    pub(crate) fn log_likelihoods(&self, batch: &Packed) -> Result<Vec<f64>> {
        self.decoder.log_likelihoods(self.pairs.as_ref(), batch)
    }

    pub(crate) fn update(&mut self, adam: &mut AdamW, gradient: &[f32], rate: f64, decay: f64) -> Result<()> {
        match &mut self.pairs {
            Some(pairs) => adam.update(&mut pairs.values, gradient, rate, decay),
            None => self.decoder.update(adam, gradient, rate, decay)?,
        }
        Ok(())
    }

    /// Hands out all that is learnt, bit by bit as it is, in the order of the gradient.
    pub(crate) fn values(&mut self, mut see: impl FnMut(&mut [f32]) -> Result<()>) -> Result<()> {
        let mut seen = Ok(());
        match &mut self.pairs {
            Some(pairs) => return see(&mut pairs.values),
            None => self.decoder.each_mut(|_, values| {
                if seen.is_ok() {
                    seen = see(values);
                }
            })?,
        }
        seen
    }

    /// Writes the result: a PEFT folder, or a Hugging Face folder where every weight is learnt or the job merges.
    pub(crate) fn save(&self, job: &TrainJob, model: &ModelFolder, folder: &Path) -> Result<()> {
        let adapter = self.pairs.as_ref().map(|pairs| pairs.to_adapter(base_name(job)));
        match adapter {
            Some(adapter) if !job.merge => adapter.save(folder),
            adapter => self.save_whole(adapter.as_ref(), model, folder),
        }
    }

    fn save_whole(&self, adapter: Option<&Adapter>, model: &ModelFolder, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        let places = self.decoder.layout().places.iter();
        let tensors: Vec<(&str, &[usize])> =
            places.map(|place| (place.name.as_str(), place.shape.as_slice())).collect();
        write_safetensors(&folder.join("model.safetensors"), &tensors, |put| {
            self.decoder.each(|place, values| {
                let module = place.name.strip_suffix(".weight").unwrap_or(&place.name);
                match adapter.and_then(|adapter| Some((adapter.modules.get(module)?, adapter.scaling()))) {
                    None => put(values),
                    Some((pair, scaling)) => {
                        let mut merged = values.to_vec();
                        pair.add_to(&mut merged, scaling);
                        put(&merged)
                    }
                }
            })
        })?;
        model.companions()?.iter().try_for_each(|(name, bytes)| write_atomic(&folder.join(name), bytes))
    }
}

fn base_name(job: &TrainJob) -> Option<String> {
    job.model_dir.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// The pairs that a job begins with; nothing where every weight is learnt.
pub(crate) fn start_pairs(job: &TrainJob, config: &Config) -> Result<Option<Parameters>> {
    let hyper = &job.hyper;
    if !job.kind.is_low_rank() {
        return Ok(None);
    }
    match &job.adapter_in {
        None => {
            let (rank, alpha) = (hyper.lora_rank as usize, f64::from(hyper.lora_alpha));
            Ok(Some(Parameters::fresh(config, rank, alpha, hyper.lora_dropout as f32, hyper.seed)))
        }
        Some(folder) => {
            let adapter = Adapter::load(folder)?;
            must_repeat(&adapter, hyper)?;
            Parameters::from_adapter(config, &adapter).map(Some)
        }
    }
}

fn must_repeat(adapter: &Adapter, hyper: &Hyper) -> Result<()> {
    let values = [
        ("lora_rank", adapter.rank as f64, f64::from(hyper.lora_rank)),
        ("lora_alpha", adapter.alpha, f64::from(hyper.lora_alpha)),
        ("lora_dropout", adapter.dropout, hyper.lora_dropout),
    ];
    for (name, first, now) in values {
        if (first - now).abs() >= 1e-6 {
            return Err(invalid(name, &format!("the adapter was trained with {first}")));
        }
    }
    Ok(())
}
