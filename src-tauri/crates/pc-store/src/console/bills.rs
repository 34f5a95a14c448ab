//! Tables `bill_lines` and `bill_syncs`: bills as last read from a cloud, so that they can be read offline with their age.

use anyhow::Context as _;
use rust_decimal::Decimal;

use crate::database::{first, rows, run};

use super::Tx;

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillLine {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// `training`, `inference` or `hosting`.
    pub kind: String,
    pub model: String,
    pub item: String,
    pub quantity: Decimal,
    pub unit: String,
    pub unit_price: Decimal,
    pub cost: Decimal,
    /// ISO 4217.
    pub currency: String,
}

/// When a month was last read, and what the account held then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillSync {
    pub synced_at: String,
    pub balance: Option<Decimal>,
    pub currency: String,
}

impl Tx<'_> {
    /// Replaces a month of a cloud (`YYYY-MM`) by what was just read.
    pub fn bill_put(&self, cloud_id: &str, month: &str, lines: &[BillLine], sync: &BillSync) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM bill_lines WHERE cloud_id = ?1 AND month = ?2", (cloud_id, month))?;
        let sql =
            "INSERT INTO bill_lines (cloud_id, month, number, day, kind, model, item, quantity, unit, unit_price, cost,
                   currency) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        for (number, line) in lines.iter().enumerate() {
            let money = (line.quantity.to_string(), line.unit_price.to_string(), line.cost.to_string());
            let (kind, model, item) = (&line.kind, &line.model, &line.item);
            let params = (
                cloud_id,
                month,
                number,
                &line.day,
                kind,
                model,
                item,
                money.0,
                &line.unit,
                money.1,
                money.2,
                &line.currency,
            );
            run(self.0, sql, params)?;
        }
        let sql = "INSERT OR REPLACE INTO bill_syncs (cloud_id, month, synced_at, balance, currency) VALUES (?1, ?2, ?3, ?4, ?5)";
        let balance = sync.balance.map(|amount| amount.to_string());
        run(self.0, sql, (cloud_id, month, &sync.synced_at, balance, &sync.currency)).map(drop)
    }

    /// A month's lines as last read, in the bill's order.
    pub fn bill(&self, cloud_id: &str, month: &str) -> anyhow::Result<Vec<BillLine>> {
        let sql = "SELECT day, kind, model, item, unit, currency, quantity, unit_price, cost FROM bill_lines
                   WHERE cloud_id = ?1 AND month = ?2 ORDER BY number";
        let found = rows(self.0, sql, (cloud_id, month), |row| {
            let texts: [String; 6] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
            let numbers: [String; 3] = [row.get(6)?, row.get(7)?, row.get(8)?];
            Ok((texts, numbers))
        })?;
        let lines =
            found.into_iter().map(|([day, kind, model, item, unit, currency], [quantity, unit_price, cost])| {
                let (quantity, unit_price, cost) = (decimal(&quantity)?, decimal(&unit_price)?, decimal(&cost)?);
                Ok(BillLine { day, kind, model, item, quantity, unit, unit_price, cost, currency })
            });
        lines.collect()
    }

    /// When a month was last read; nothing before the first time.
    pub fn bill_sync(&self, cloud_id: &str, month: &str) -> anyhow::Result<Option<BillSync>> {
        let sql = "SELECT synced_at, balance, currency FROM bill_syncs WHERE cloud_id = ?1 AND month = ?2";
        let found = first(self.0, sql, (cloud_id, month), |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, String>(2)?))
        })?;
        let Some((synced_at, balance, currency)) = found else { return Ok(None) };
        Ok(Some(BillSync { synced_at, balance: balance.as_deref().map(decimal).transpose()?, currency }))
    }
}

fn decimal(text: &str) -> anyhow::Result<Decimal> {
    text.parse().context("a number in the database is not a decimal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_sync_replaces_the_month_and_keeps_every_digit() {
        let (_dir, store) = super::super::empty();
        let line = BillLine {
            day: "2026-11-24".into(),
            kind: "inference".into(),
            model: "m".into(),
            item: "output_token".into(),
            quantity: "0.007".parse().unwrap(),
            unit: "1K tokens".into(),
            unit_price: "0.0000000001".parse().unwrap(),
            cost: "0.000000".parse().unwrap(),
            currency: "CNY".into(),
        };
        let sync = BillSync { synced_at: "2026-11-24T00:00:00Z".into(), balance: None, currency: "CNY".into() };
        let lines = [line.clone(), line.clone()];
        store.write(|tx| tx.bill_put("c", "2026-11", &lines, &sync)).unwrap();
        store.write(|tx| tx.bill_put("c", "2026-11", &lines[..1], &sync)).unwrap();
        assert_eq!(store.read(|tx| tx.bill("c", "2026-11")).unwrap(), [line]);
        assert_eq!(store.read(|tx| tx.bill_sync("c", "2026-11")).unwrap(), Some(sync));
        assert_eq!(store.read(|tx| tx.bill_sync("c", "2026-10")).unwrap(), None);
    }
}
