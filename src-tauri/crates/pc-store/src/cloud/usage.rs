//! Table `usage_records`: what was used, each source event once. Bill lines are sums over it, so they cannot disagree.

use anyhow::Context as _;
use rust_decimal::Decimal;

use crate::database::{rows, run};

use super::Tx;

/// One metered event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRecord {
    /// Names the event, such as `train/ft-…`; the same name again is not recorded again.
    pub source: String,
    pub workspace_id: String,
    /// `YYYY-MM-DD` in the bill's time zone.
    pub day: String,
    /// `training`, `inference` or `deployment`.
    pub kind: String,
    pub model: String,
    pub base_model: String,
    /// `training_token`, `input_token`, `output_token` or `model_unit_hour`.
    pub item: String,
    /// Empty where no key asked for it.
    pub api_key_id: String,
    /// Whole tokens, or whole seconds for hours.
    pub quantity: u64,
    /// Price of the price book's unit at that time: exact decimal.
    pub unit_price: Decimal,
    pub recorded_at: String,
}

/// The sum of a day's records that differ in nothing but their time: what a bill line stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageGroup {
    pub day: String,
    pub workspace_id: String,
    pub kind: String,
    pub model: String,
    pub base_model: String,
    pub item: String,
    pub api_key_id: String,
    pub quantity: u64,
    pub unit_price: Decimal,
}

/// The same of a span of time, by the moment of the record, whatever day of the bill it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageSpan {
    /// Which span it is, from 0 on.
    pub bucket: i64,
    /// Of which `day` is empty.
    pub group: UsageGroup,
    /// How many records it sums up.
    pub events: u64,
}

/// Whose usage.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    Workspace(&'a str),
    /// That of all its workspaces, ended ones too.
    Account(i64),
}

impl Whose<'_> {
    /// The first parameter of a query, and its condition.
    fn condition(&self) -> (&dyn rusqlite::ToSql, &'static str) {
        match self {
            Whose::Workspace(id) => (id, "workspace_id = ?1"),
            Whose::Account(account) => (account, "workspace_id IN (SELECT id FROM workspaces WHERE account = ?1)"),
        }
    }
}

impl Tx<'_> {
    /// Records an event; answers whether it was new.
    pub fn usage_add(&self, row: &UsageRecord) -> anyhow::Result<bool> {
        let sql =
            "INSERT INTO usage_records (source, workspace_id, day, kind, model, item, api_key_id, quantity, unit_price,
                   recorded_at, base_model) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING";
        let price = row.unit_price.normalize().to_string();
        let params = (
            &row.source,
            &row.workspace_id,
            &row.day,
            &row.kind,
            &row.model,
            &row.item,
            &row.api_key_id,
            row.quantity,
            price,
            &row.recorded_at,
            &row.base_model,
        );
        Ok(run(self.0, sql, params)? == 1)
    }

    /// The groups of records from `from` on and before `to`, in spans of `width` seconds that begin at `start` (seconds since
    /// 1970), by span and then by name.
    pub fn usage_spans(
        &self,
        whose: Whose<'_>,
        (from, to): (&str, &str),
        start: i64,
        width: i64,
    ) -> anyhow::Result<Vec<UsageSpan>> {
        let (owner, condition) = whose.condition();
        let sql = format!(
            "SELECT (unixepoch(recorded_at) - ?4) / ?5 AS bucket, workspace_id, kind, model, base_model, item, api_key_id,
                    sum(quantity), unit_price, count(*)
             FROM usage_records WHERE {condition} AND recorded_at >= ?2 AND recorded_at < ?3
             GROUP BY bucket, workspace_id, kind, model, base_model, item, api_key_id, unit_price
             ORDER BY bucket, workspace_id, kind, model, base_model, item, api_key_id, unit_price"
        );
        let params: [&dyn rusqlite::ToSql; 5] = [owner, &from, &to, &start, &width];
        let found = rows(self.0, &sql, params, |row| {
            let group = UsageGroup {
                day: String::new(),
                workspace_id: row.get(1)?,
                kind: row.get(2)?,
                model: row.get(3)?,
                base_model: row.get(4)?,
                item: row.get(5)?,
                api_key_id: row.get(6)?,
                quantity: row.get(7)?,
                unit_price: Decimal::ZERO,
            };
            Ok((UsageSpan { bucket: row.get(0)?, group, events: row.get(9)? }, row.get::<_, String>(8)?))
        })?;
        let priced = found.into_iter().map(|(mut span, price)| {
            span.group.unit_price = price.parse().context("a price in the database is not a decimal")?;
            Ok(span)
        });
        priced.collect()
    }

    /// The groups of all days from `first` to `last` (inclusive), by day and then by name.
    pub fn usage_groups(&self, whose: Whose<'_>, first: &str, last: &str) -> anyhow::Result<Vec<UsageGroup>> {
        let (owner, condition) = whose.condition();
        let sql = format!(
            "SELECT day, workspace_id, kind, model, base_model, item, api_key_id, sum(quantity), unit_price
             FROM usage_records WHERE {condition} AND day BETWEEN ?2 AND ?3
             GROUP BY day, workspace_id, kind, model, base_model, item, api_key_id, unit_price
             ORDER BY day, workspace_id, kind, model, base_model, item, api_key_id, unit_price"
        );
        let found = rows(self.0, &sql, [owner, &first, &last], |row| {
            let group = UsageGroup {
                day: row.get(0)?,
                workspace_id: row.get(1)?,
                kind: row.get(2)?,
                model: row.get(3)?,
                base_model: row.get(4)?,
                item: row.get(5)?,
                api_key_id: row.get(6)?,
                quantity: row.get(7)?,
                unit_price: Decimal::ZERO,
            };
            Ok((group, row.get::<_, String>(8)?))
        })?;
        let priced = found.into_iter().map(|(group, price)| {
            let unit_price = price.parse().context("a price in the database is not a decimal")?;
            Ok(UsageGroup { unit_price, ..group })
        });
        priced.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_counts_once_and_a_changed_price_is_a_line_of_its_own() {
        let (_dir, store) = super::super::empty();
        let add = |source: &str, quantity, price: &str| {
            let row = UsageRecord {
                source: source.into(),
                workspace_id: "a".into(),
                day: "2026-11-24".into(),
                kind: "inference".into(),
                model: "m".into(),
                base_model: "b".into(),
                item: "output_token".into(),
                api_key_id: "k".into(),
                quantity,
                unit_price: price.parse().unwrap(),
                recorded_at: String::new(),
            };
            store.write(|tx| tx.usage_add(&row)).unwrap()
        };
        assert!(add("1", 10, "0.0000001"));
        assert!(!add("1", 10, "0.0000001"), "told twice, charged once");
        assert!(add("2", 5, "0.00000010"));
        assert!(add("3", 7, "0.0000002"));
        let groups = store.read(|tx| tx.usage_groups(Whose::Workspace("a"), "2026-11-01", "2026-11-30")).unwrap();
        let found: Vec<_> = groups.iter().map(|g| (g.quantity, g.unit_price.to_string())).collect();
        assert_eq!(found, [(15, "0.0000001".to_owned()), (7, "0.0000002".to_owned())]);
        assert!(store.read(|tx| tx.usage_groups(Whose::Account(2), "2026-11-01", "2026-11-30")).unwrap().is_empty());
    }
}
