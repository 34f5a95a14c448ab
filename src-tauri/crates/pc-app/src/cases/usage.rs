//! Usage and bills: read from the cloud's billing API into the console's database, and shown from there alone, so that
//! they can be read offline with their age.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use pc_base::{Code, Language, coded};
use pc_store::console;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::api::{BillLine, Empty, Money, UsageDay, UsageMonth, UsageRequest, UsageSynced};
use crate::app::App;
use crate::words::words;

/// Where nothing was ever read, so that sums of nothing have a currency.
const CURRENCY: &str = "CNY";
/// Days after its end for which a month's bill may still grow.
const SETTLING_DAYS: i64 = 5;

impl App {
    /// `usage_sync`: the present month, the one before where its last days may still be missing, and the balance; all is
    /// kept or nothing.
    pub async fn usage_sync(&self, _: Empty, language: Language) -> Result<UsageSynced> {
        let opened = self.selected().await?;
        if !opened.bills {
            return Err(coded(Code::CloudRefused).with("why", words("no_access_key", language, &[])).into());
        }
        let balance = opened.cloud.balance().await?;
        let mut bills: Vec<(String, Vec<console::BillLine>)> = Vec::new();
        for month in self.months_to_sync(&opened.id).await? {
            let lines = opened.cloud.bill_lines(&month).await?;
            bills.push((month, lines.into_iter().map(kept).collect()));
        }
        self.blocking(move |app| {
            let synced_at = app.now();
            let (balance, currency) = (Some(balance.available_amount), balance.currency);
            let sync = console::BillSync { synced_at: synced_at.clone(), balance, currency };
            app.store()
                .write(|tx| bills.iter().try_for_each(|(month, lines)| tx.bill_put(&opened.id, month, lines, &sync)))?;
            let lines = bills.last().map_or(0, |(_, lines)| lines.len() as u64);
            Ok(UsageSynced { lines, synced_at })
        })
        .await
    }

    /// The present month last. The one before changes for some days, and is read once where it never was.
    async fn months_to_sync(&self, cloud_id: &str) -> Result<Vec<String>> {
        let cloud_id = cloud_id.to_owned();
        self.blocking(move |app| {
            let month = app.month();
            let first: Date = format!("{month}-01").parse()?;
            let before = first.yesterday()?.strftime("%Y-%m").to_string();
            let known = app.store().read(|tx| tx.bill_sync(&cloud_id, &before))?;
            let settled = known.and_then(|sync| sync.synced_at.parse::<Timestamp>().ok()).is_some_and(|synced| {
                synced.to_zoned(pc_protocol::time::zone()).date() >= first + Span::new().days(SETTLING_DAYS)
            });
            Ok(if settled { vec![month] } else { vec![before, month] })
        })
        .await
    }

    /// `usage_get`
    pub async fn usage_get(&self, wanted: UsageRequest, _: Language) -> Result<UsageMonth> {
        let cloud_id = self.selected_id().await?;
        self.blocking(move |app| {
            let month = wanted.month.unwrap_or_else(|| app.month());
            let is_month = month.len() == 7 && format!("{month}-01").parse::<Date>().is_ok();
            if !is_month {
                return Err(coded(Code::InputInvalid).with("what", "month").with("why", "YYYY-MM").into());
            }
            let (lines, sync) =
                app.store().read(|tx| Ok((tx.bill(&cloud_id, &month)?, tx.bill_sync(&cloud_id, &month)?)))?;
            Ok(summed(month, &lines, sync))
        })
        .await
    }
}

fn kept(line: pc_cloud::BillLine) -> console::BillLine {
    console::BillLine {
        day: line.day,
        kind: line.kind.as_str().to_owned(),
        model: line.model,
        item: line.item,
        quantity: line.quantity,
        unit: line.unit,
        unit_price: line.unit_price,
        cost: line.cost,
        currency: line.currency,
    }
}

fn summed(month: String, lines: &[console::BillLine], sync: Option<console::BillSync>) -> UsageMonth {
    let currency = lines.first().map(|line| line.currency.clone()).or(sync.as_ref().map(|sync| sync.currency.clone()));
    let currency = currency.filter(|text| !text.is_empty()).unwrap_or_else(|| CURRENCY.to_owned());
    let money = |amount: Decimal| Money { amount: amount.normalize().to_string(), currency: currency.clone() };
    let of_kind = |lines: &[&console::BillLine], kind: &str| -> Money {
        money(lines.iter().filter(|line| line.kind == kind).map(|line| line.cost).sum())
    };
    let all: Vec<&console::BillLine> = lines.iter().collect();
    let mut days: BTreeMap<&str, Vec<&console::BillLine>> = BTreeMap::new();
    for line in lines {
        days.entry(&line.day).or_default().push(line);
    }
    let days = days.into_iter().map(|(date, lines)| UsageDay {
        date: date.to_owned(),
        training: of_kind(&lines, "training"),
        inference: of_kind(&lines, "inference"),
        hosting: of_kind(&lines, "hosting"),
    });
    UsageMonth {
        total: money(lines.iter().map(|line| line.cost).sum()),
        training: of_kind(&all, "training"),
        inference: of_kind(&all, "inference"),
        hosting: of_kind(&all, "hosting"),
        training_tokens: tokens(lines, "training_token"),
        input_tokens: tokens(lines, "input_token"),
        output_tokens: tokens(lines, "output_token"),
        balance: sync.as_ref().and_then(|sync| sync.balance).map(money),
        days: days.collect(),
        lines: lines.iter().map(|line| shown(line, &money)).collect(),
        synced_at: sync.map(|sync| sync.synced_at),
        month,
    }
}

fn shown(line: &console::BillLine, money: &dyn Fn(Decimal) -> Money) -> BillLine {
    BillLine {
        date: line.day.clone(),
        kind: line.kind.clone(),
        model: line.model.clone(),
        item: line.item.clone(),
        quantity: line.quantity.normalize().to_string(),
        unit: line.unit.clone(),
        unit_price: money(line.unit_price),
        cost: money(line.cost),
    }
}

/// Tokens of an item, whose quantity is in a unit such as `1K tokens`.
fn tokens(lines: &[console::BillLine], item: &str) -> u64 {
    let count = |line: &console::BillLine| line.quantity * Decimal::from(tokens_a_unit(&line.unit));
    let sum: Decimal = lines.iter().filter(|line| line.item == item).map(count).sum();
    sum.to_u64().unwrap_or_default()
}

fn tokens_a_unit(unit: &str) -> u64 {
    let digits: String = unit.chars().take_while(char::is_ascii_digit).collect();
    let count = digits.parse().unwrap_or(1);
    match unit[digits.len()..].trim_start().chars().next() {
        Some('K' | 'k' | '千') => count * 1000,
        Some('M') => count * 1_000_000,
        _ => count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_and_units_are_read() {
        let line = |day: &str, kind: &str, item: &str, quantity: &str, cost: &str| console::BillLine {
            day: day.into(),
            kind: kind.into(),
            model: "m".into(),
            item: item.into(),
            quantity: quantity.parse().unwrap(),
            unit: "1K tokens".into(),
            unit_price: "0.002".parse().unwrap(),
            cost: cost.parse().unwrap(),
            currency: "CNY".into(),
        };
        let lines = [
            line("2026-05-02", "training", "training_token", "5.595", "0.01119"),
            line("2026-05-01", "inference", "input_token", "0.017", "0.000001"),
            line("2026-05-02", "inference", "output_token", "0.005", "0.000001"),
        ];
        let month = summed("2026-05".into(), &lines, None);
        assert_eq!((month.total.amount.as_str(), month.training_tokens, month.input_tokens), ("0.011192", 5595, 17));
        assert_eq!(month.days.iter().map(|day| day.date.as_str()).collect::<Vec<_>>(), ["2026-05-01", "2026-05-02"]);
        assert_eq!((month.synced_at, month.balance), (None, None), "nothing was read yet");
        assert_eq!((tokens_a_unit("hour"), tokens_a_unit("1000 tokens"), tokens_a_unit("千tokens")), (1, 1000, 1000));
    }
}
