//! What a fine-tune will take: tokens, money and time, each as a range with its reasons. Tokens are counted by the very
//! rules of the trainer where the model and the file are on this machine.

use std::path::{Path, PathBuf};

use anyhow::Result;
use pc_base::Language;
use pc_model::{Catalog, ModelFolder};
use pc_store::console::KnownDataset;
use pc_trainer::{Counted, count_tokens};
use rust_decimal::{Decimal, RoundingStrategy};
use sha2::{Digest as _, Sha256};

use super::tunes::speed_name;
use crate::api::{DatasetRow, Empty, Money, TuneEstimate, TuneStart};
use crate::app::App;
use crate::models;
use crate::words::words;

/// Rows that are counted exactly; a person waits for this.
const COUNTED: u64 = 3000;

/// Tokens of one epoch of some data.
#[derive(Clone, Copy, Default)]
struct Tokens {
    rows: u64,
    low: u64,
    high: u64,
    dropped: u64,
}

/// Sentences in one language.
struct Reasons(Language, Vec<String>);

impl Reasons {
    fn add(&mut self, key: &str, values: &[(&str, String)]) {
        let sentence = words(key, self.0, values);
        if !self.1.contains(&sentence) {
            self.1.push(sentence);
        }
    }
}

impl App {
    /// `tune_estimate`
    pub async fn tune_estimate(&self, wanted: TuneStart, language: Language) -> Result<TuneEstimate> {
        let cloud_id = self.selected_id().await?;
        let files = self.dataset_list(Empty {}, language).await?;
        let chosen: Vec<DatasetRow> = files.into_iter().filter(|file| wanted.dataset_ids.contains(&file.id)).collect();
        let offered = self.offered().await.unwrap_or_default();
        self.blocking(move |app| {
            let mut reasons = Reasons(language, Vec::new());
            let mut all = Tokens::default();
            let folder = models::open(app.places(), &wanted.model).ok().map(|opened| opened.folder);
            for file in &chosen {
                let known = app.store().read(|tx| tx.dataset(&cloud_id, &file.id))?;
                let tokens = tokens_of(file, known.as_ref(), folder.as_ref(), &wanted, &mut reasons)?;
                all.rows += tokens.rows;
                all.low += tokens.low;
                all.high += tokens.high;
                all.dropped += tokens.dropped;
            }
            if all.dropped > 0 {
                reasons.add("rows_dropped", &[("count", all.dropped.to_string())]);
            }
            if all.rows > 0 && all.rows <= u64::from(wanted.hyper_parameters.batch_size) {
                reasons.add("rows_below_batch", &[]);
            }
            let epochs = u64::from(wanted.hyper_parameters.n_epochs);
            let price = price(&wanted.model, &offered, &mut reasons);
            let cost = |tokens: u64| price.cost(tokens.saturating_mul(epochs));
            let speeds = app.store().read(|tx| tx.speeds(&speed_name(&cloud_id, &wanted.model)))?;
            let seconds =
                seconds((all.low.saturating_mul(epochs), all.high.saturating_mul(epochs)), &speeds, &mut reasons);
            Ok(TuneEstimate {
                rows: all.rows,
                tokens_low: all.low,
                tokens_high: all.high,
                cost_low: cost(all.low),
                cost_high: cost(all.high),
                seconds_low: seconds.map(|(low, _)| low),
                seconds_high: seconds.map(|(_, high)| high),
                reasons: reasons.1,
            })
        })
        .await
    }
}

fn tokens_of(
    file: &DatasetRow,
    known: Option<&KnownDataset>,
    folder: Option<&ModelFolder>,
    wanted: &TuneStart,
    reasons: &mut Reasons,
) -> Result<Tokens> {
    let Some(known) = known else {
        reasons.add("tokens_by_bytes", &[]);
        return Ok(Tokens { low: file.bytes / 8, high: file.bytes / 2, ..Tokens::default() });
    };
    let path = PathBuf::from(&known.path);
    if let Some(folder) = folder.filter(|_| is_unchanged(&path, &known.sha256)) {
        return counted(&path, known.rows, folder, wanted, reasons);
    }
    reasons.add("tokens_by_characters", &[("characters", known.characters.to_string())]);
    // English has about four characters a token and Chinese about one and a half; a turn adds a few tokens of its own.
    let (low, high) = (known.characters / 4 + known.rows * 6, known.characters + known.rows * 40);
    Ok(Tokens { rows: known.rows, low, high, dropped: 0 })
}

fn is_unchanged(path: &Path, sha256: &str) -> bool {
    let hash = || -> std::io::Result<String> {
        let (mut file, mut hash) = (std::fs::File::open(path)?, Sha256::new());
        std::io::copy(&mut file, &mut hash)?;
        Ok(hex::encode(hash.finalize()))
    };
    hash().is_ok_and(|hash| hash == sha256)
}

/// Counts as the trainer does, rows that are too long left out.
fn counted(path: &Path, rows: u64, folder: &ModelFolder, wanted: &TuneStart, reasons: &mut Reasons) -> Result<Tokens> {
    let (kind, max_length) = (wanted.training_type.into(), wanted.hyper_parameters.max_length);
    let Counted { rows: seen, dropped, tokens } = count_tokens(kind, folder, path, max_length, COUNTED)?;
    if rows <= COUNTED {
        reasons.add("tokens_counted", &[]);
        return Ok(Tokens { rows, low: tokens, high: tokens, dropped });
    }
    reasons.add("tokens_extrapolated", &[("rows", COUNTED.to_string())]);
    let scale = |count: u64| count.saturating_mul(rows) / seen.max(1);
    // The rows that were not counted may be a tenth shorter or longer.
    let (middle, dropped) = (scale(tokens), scale(dropped));
    Ok(Tokens { rows, low: middle / 10 * 9, high: middle / 10 * 11, dropped })
}

struct Price {
    /// For one token.
    amount: Decimal,
    currency: String,
}

impl Price {
    fn cost(&self, tokens: u64) -> Money {
        let amount = self.amount * Decimal::from(tokens);
        let amount = amount.round_dp_with_strategy(6, RoundingStrategy::MidpointNearestEven).normalize();
        Money { amount: amount.to_string(), currency: self.currency.clone() }
    }
}

fn price(model: &str, offered: &[pc_protocol::ModelInfo], reasons: &mut Reasons) -> Price {
    let offer = offered.iter().find(|offer| offer.model == model).and_then(|offer| offer.prices.as_ref());
    if let Some(offer) = offer {
        let values = [
            ("price", offer.training_token.normalize().to_string()),
            ("currency", offer.currency.clone()),
            ("tokens", offer.tokens.to_string()),
            ("date", offer.date.clone()),
        ];
        reasons.add("price_of_cloud", &values);
        let amount = offer.training_token / Decimal::from(offer.tokens.max(1));
        return Price { amount, currency: offer.currency.clone() };
    }
    let catalog = Catalog::bundled();
    let known = catalog.row(model).and_then(|row| Some((row.price.training.parse::<Decimal>().ok()?, &row.price)));
    let Some((training, price)) = known else {
        reasons.add("price_unknown", &[]);
        return Price { amount: Decimal::ZERO, currency: "CNY".to_owned() };
    };
    let values =
        [("price", price.training.clone()), ("currency", price.currency.clone()), ("date", price.date.clone())];
    reasons.add("price_of_catalogue", &values);
    Price { amount: training / Decimal::from(1000), currency: price.currency.clone() }
}

/// From the slowest and the fastest of the last trainings.
fn seconds((low, high): (u64, u64), speeds: &[f64], reasons: &mut Reasons) -> Option<(u64, u64)> {
    let slowest = speeds.iter().copied().fold(f64::INFINITY, f64::min);
    let fastest = speeds.iter().copied().fold(0.0, f64::max);
    if fastest <= 0.0 {
        reasons.add("speed_unknown", &[]);
        return None;
    }
    reasons.add("speed_measured", &[("count", speeds.len().to_string())]);
    Some(((low as f64 / fastest) as u64, (high as f64 / slowest).ceil() as u64))
}
