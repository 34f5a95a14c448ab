//! Base models: which there are, what they cost to tune, and whose terms were accepted. Getting them is `prepare`.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use pc_base::{Code, Language, coded};
use pc_model::Catalog;
use pc_protocol::{ModelInfo, ModelPrices};
use rust_decimal::Decimal;

use crate::api::{CatalogRow, Empty, ModelId, Money, Tag};
use crate::app::App;
use crate::models::ready;

const PAGE: u64 = 100;
/// Pages of a cloud's catalogue at most.
const MOST_PAGES: u64 = 20;

impl App {
    /// `catalog_list`: what this program knows, and what the selected cloud offers beside it. Without the cloud the first
    /// part is still shown.
    pub async fn catalog_list(&self, _: Empty, _: Language) -> Result<Vec<CatalogRow>> {
        let offered = self.offered().await.unwrap_or_default();
        self.blocking(move |app| rows(app, &offered)).await
    }

    /// `licence_accept`
    pub async fn licence_accept(&self, wanted: ModelId, _: Language) -> Result<CatalogRow> {
        self.blocking(move |app| {
            if Catalog::bundled().row(&wanted.model).is_none() {
                return Err(coded(Code::ModelUnknown).with("model", &wanted.model).into());
            }
            app.store().write(|tx| tx.setting_put(&licence_name(&wanted.model), &app.now()))?;
            one(app, &wanted.model)
        })
        .await
    }

    /// The selected cloud's own catalogue.
    pub(super) async fn offered(&self) -> Result<Vec<ModelInfo>> {
        self.listed(("models", Tag::Catalog), async |app: App| {
            let opened = app.selected().await?;
            let mut models = Vec::new();
            for number in 1..=MOST_PAGES {
                let page = opened.cloud.models(number, PAGE).await?;
                let last = page.models.is_empty();
                models.extend(page.models);
                if last || models.len() as u64 >= page.total {
                    break;
                }
            }
            Ok(models)
        })
        .await
    }
}

fn licence_name(model: &str) -> String {
    format!("licence/{model}")
}

/// Whether the terms of a model were accepted on this machine.
pub(super) fn is_accepted(app: &App, model: &str) -> Result<bool> {
    app.store().read(|tx| Ok(tx.setting(&licence_name(model))?.is_some()))
}

/// The row of a model that the catalogue has.
pub(super) fn one(app: &App, model: &str) -> Result<CatalogRow> {
    rows(app, &[])?.into_iter().find(|row| row.id == model).context("the catalogue has the row")
}

fn rows(app: &App, offered: &[ModelInfo]) -> Result<Vec<CatalogRow>> {
    let catalog = Catalog::bundled();
    let accepted: BTreeMap<String, bool> = app.store().read(|tx| {
        let taken = |id: &str| Ok((id.to_owned(), tx.setting(&licence_name(id))?.is_some()));
        catalog.rows.iter().map(|row| taken(&row.id)).collect()
    })?;
    let mut rows: Vec<CatalogRow> = Vec::new();
    for known in &catalog.rows {
        let offer = offered.iter().find(|model| model.model == known.id);
        let price = offer.and_then(|model| model.prices.as_ref()).map(a_million);
        rows.push(CatalogRow {
            id: known.id.clone(),
            name: known.name.clone(),
            family: known.family.clone(),
            parameters: known.parameters.clone(),
            licence: known.licence.clone(),
            download_bytes: known.bytes,
            ready: ready(app.places(), &known.id),
            licence_accepted: accepted.get(&known.id).copied().unwrap_or_default(),
            max_length: offer.and_then(|model| model.max_length),
            training_price: price.or_else(|| catalogue_price(&known.price)),
        });
    }
    let others = offered.iter().filter(|model| catalog.row(&model.model).is_none());
    rows.extend(others.map(|model| CatalogRow {
        id: model.model.clone(),
        name: if model.name.is_empty() { model.model.clone() } else { model.name.clone() },
        family: String::new(),
        parameters: String::new(),
        licence: String::new(),
        download_bytes: 0,
        ready: ready(app.places(), &model.model),
        // Terms of a model that only its cloud runs are that cloud's.
        licence_accepted: true,
        max_length: model.max_length,
        training_price: model.prices.as_ref().map(a_million),
    }));
    Ok(rows)
}

/// The cloud's price of a million training tokens.
fn a_million(prices: &ModelPrices) -> Money {
    let tokens = Decimal::from(prices.tokens.max(1));
    let amount = prices.training_token * Decimal::from(1_000_000) / tokens;
    Money { amount: amount.normalize().to_string(), currency: prices.currency.clone() }
}

/// The same by this program's catalogue, whose prices are for 1,000 tokens.
fn catalogue_price(price: &pc_model::Price) -> Option<Money> {
    let amount = price.training.parse::<Decimal>().ok()? * Decimal::from(1000);
    Some(Money { amount: amount.normalize().to_string(), currency: price.currency.clone() })
}

/// Text of a page: without tags, scripts and styles, the commonest entities resolved.
pub(super) fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let name: String = after.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let skipped = ["script", "style", "head"].contains(&name.as_str());
        let end = format!("</{name}");
        let after = if skipped { after.split_once(&end).map_or("", |(_, after)| after) } else { after };
        if ["p", "br", "li", "h", "h1", "h2", "h3", "h4", "div", "tr"].contains(&name.as_str()) {
            text.push('\n');
        }
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    for (entity, sign) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&rsquo;", "’"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, sign);
    }
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_page_reads_as_text() {
        let html =
            "<html><head><title>t</title></head><style>a{}</style><h1>Terms</h1><p>A &amp; B</p><script>x()</script>";
        assert_eq!(plain(html), "Terms\nA & B");
        assert_eq!(plain("no tags <"), "no tags");
    }
}
