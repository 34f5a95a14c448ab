//! From what was used to what it costs: records with the price of their time, then bill lines, each rounded once,
//! half-even, to a millionth of the currency's unit. Deliberately absent: the wire shape of bills.

use jiff::Timestamp;
use pc_protocol::time::zone;
use pc_store::cloud::{Deployment, Tx, UsageGroup, UsageRecord};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::state::{State, text_of};

/// A line of the bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub group: UsageGroup,
    /// In `unit`s, exact but for hours, which are shown with six digits.
    pub quantity: Decimal,
    pub unit: &'static str,
    pub cost: Decimal,
}

/// The bill's day of an instant, `YYYY-MM-DD`.
pub(crate) fn day_of(time: Timestamp) -> String {
    time.to_zoned(zone()).date().to_string()
}

/// One event to be metered.
pub(crate) struct Event<'a> {
    /// Unique: the same source is charged once.
    pub source: String,
    pub workspace: &'a str,
    pub model: &'a str,
    pub base_model: &'a str,
    pub api_key_id: &'a str,
    pub item: &'static str,
    /// Tokens, or seconds for hours.
    pub quantity: u64,
}

impl State {
    /// Records an event in the caller's transaction, so that it is charged exactly when its work is acknowledged.
    pub(crate) fn meter(&self, tx: &Tx<'_>, event: Event<'_>) -> anyhow::Result<()> {
        if event.quantity == 0 {
            return Ok(());
        }
        let prices = self.prices.of(event.base_model);
        let (kind, unit_price) = match event.item {
            "training_token" => ("training", prices.training_token),
            "input_token" => ("inference", prices.input_token),
            "output_token" => ("inference", prices.output_token),
            _ => ("deployment", prices.model_unit_hour),
        };
        let now = self.clock.now();
        let record = UsageRecord {
            source: event.source,
            workspace_id: event.workspace.to_owned(),
            day: day_of(now),
            kind: kind.to_owned(),
            model: event.model.to_owned(),
            item: event.item.to_owned(),
            api_key_id: event.api_key_id.to_owned(),
            quantity: event.quantity,
            unit_price,
            recorded_at: text_of(now),
        };
        tx.usage_add(&record).map(drop)
    }

    /// Charges a deployment's seconds since the last time; the mark and the record are one transaction.
    pub(crate) fn meter_hours(&self, tx: &Tx<'_>, deployment: &mut Deployment) -> anyhow::Result<()> {
        let Some(mark) = deployment.billed_until.clone().filter(|_| deployment.plan == "mu") else { return Ok(()) };
        let now = self.clock.now();
        let seconds = u64::try_from(now.as_second() - mark.parse::<Timestamp>()?.as_second()).unwrap_or(0);
        let event = Event {
            source: format!("hours/{}/{}/{mark}", deployment.deployed_model, deployment.number),
            workspace: &deployment.workspace_id,
            model: &deployment.deployed_model,
            base_model: &deployment.base_model,
            api_key_id: "",
            item: "model_unit_hour",
            quantity: seconds * deployment.capacity,
        };
        self.meter(tx, event)?;
        deployment.billed_until = Some(text_of(now));
        tx.deployment_update(deployment)
    }

    /// The daily lines from `first` to `last` (`YYYY-MM-DD`, inclusive).
    pub(crate) fn daily_lines(&self, workspace: &str, first: &str, last: &str) -> anyhow::Result<Vec<Line>> {
        let groups = self.store.read(|tx| tx.usage_groups(workspace, first, last))?;
        Ok(groups.into_iter().map(|group| self.line(group)).collect())
    }

    fn line(&self, group: UsageGroup) -> Line {
        let quantity = Decimal::from(group.quantity);
        let (divisor, unit) = match group.item.as_str() {
            "model_unit_hour" => (Decimal::from(3600), "hour"),
            _ => (Decimal::from(self.prices.tokens_a_unit), "1K tokens"),
        };
        let cost = half_even(quantity * group.unit_price / divisor);
        Line { quantity: half_even(quantity / divisor).normalize(), unit, cost, group }
    }
}

/// Lines of a month: the daily ones that differ only in their day, added up without rounding again.
pub(crate) fn monthly(daily: Vec<Line>, month: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for mut line in daily {
        line.group.day = month.to_owned();
        let same = lines.iter_mut().find(|seen| {
            let (a, b) = (&seen.group, &line.group);
            (&a.kind, &a.model, &a.item, &a.api_key_id, a.unit_price)
                == (&b.kind, &b.model, &b.item, &b.api_key_id, b.unit_price)
        });
        match same {
            Some(seen) => {
                seen.quantity += line.quantity;
                seen.cost += line.cost;
                seen.group.quantity += line.group.quantity;
            }
            None => lines.push(line),
        }
    }
    lines
}

fn half_even(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(6, RoundingStrategy::MidpointNearestEven)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_goes_to_the_even_neighbour() {
        let rounded = |text: &str| half_even(text.parse().unwrap()).to_string();
        assert_eq!(rounded("0.0000005"), "0.000000");
        assert_eq!(rounded("0.0000015"), "0.000002");
        assert_eq!(rounded("0.00000051"), "0.000001");
    }

    #[test]
    fn the_bills_day_changes_at_midnight_of_the_clouds_zone() {
        assert_eq!(day_of("2026-11-23T15:59:59Z".parse().unwrap()), "2026-11-23");
        assert_eq!(day_of("2026-11-23T16:00:00Z".parse().unwrap()), "2026-11-24");
    }
}
