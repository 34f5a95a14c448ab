//! Usage records: what was used, with the price of its time. Deliberately absent: bill lines (`bill`).
//!
//! Hours: a deployment with plan `mu` is charged for every second between its first RUNNING and its end, times the
//! capacity that it had in that second, while this program runs. The time in which the program is off is not charged: it
//! serves nothing then. A mark (`billed_until`) says up to where the seconds are recorded; it moves in the transaction of the
//! record, once a minute, at each change and at an orderly end. So a kill gives away a minute at most and never charges
//! one twice.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use pc_protocol::time::zone;
use pc_store::cloud::{Deployment, Tx, UsageRecord};
use uuid::Uuid;

use crate::state::{State, text_of};

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
        self.meter_at(tx, event, self.clock.now())
    }

    fn meter_at(&self, tx: &Tx<'_>, event: Event<'_>, when: Timestamp) -> anyhow::Result<()> {
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
        let record = UsageRecord {
            source: event.source,
            workspace_id: event.workspace.to_owned(),
            day: day_of(when),
            kind: kind.to_owned(),
            model: event.model.to_owned(),
            base_model: event.base_model.to_owned(),
            item: event.item.to_owned(),
            api_key_id: event.api_key_id.to_owned(),
            quantity: event.quantity,
            unit_price,
            recorded_at: text_of(self.clock.now()),
        };
        tx.usage_add(&record).map(drop)
    }

    /// Charges a deployment's seconds since the last time, each to its own day; mark and records are one transaction.
    pub(crate) fn meter_hours(&self, tx: &Tx<'_>, deployment: &mut Deployment) -> anyhow::Result<()> {
        let Some(mark) = deployment.billed_until.clone().filter(|_| deployment.plan == "mu") else { return Ok(()) };
        let (from, now) = (mark.parse::<Timestamp>()?, self.clock.now());
        for (from, to) in by_day(from, now)? {
            let seconds = u64::try_from(to.as_second() - from.as_second()).unwrap_or(0);
            let event = Event {
                // The mark's move keeps it from being charged twice; a clock that was set back must not keep it from being
                // charged at all.
                source: format!("hours/{}/{}/{}", deployment.number, text_of(from), Uuid::new_v4().simple()),
                workspace: &deployment.workspace_id,
                model: &deployment.deployed_model,
                base_model: &deployment.base_model,
                api_key_id: "",
                item: "model_unit_hour",
                quantity: seconds * deployment.capacity,
            };
            self.meter_at(tx, event, from)?;
        }
        // A clock that was set back charges nothing until it is past the mark again.
        deployment.billed_until = Some(text_of(now.max(from)));
        tx.deployment_update(deployment)
    }

    /// Charges the seconds of everything that runs.
    pub(crate) fn meter_all_hours(&self) -> anyhow::Result<()> {
        self.store.write(|tx| {
            for mut deployment in tx.deployments_all()?.into_iter().filter(|row| row.status == "RUNNING") {
                self.meter_hours(tx, &mut deployment)?;
            }
            Ok(())
        })
    }
}

/// A stretch of time, cut at every midnight of the bill's zone.
fn by_day(from: Timestamp, to: Timestamp) -> anyhow::Result<Vec<(Timestamp, Timestamp)>> {
    let (mut parts, mut begin) = (Vec::new(), from);
    while begin < to {
        let next: Date = begin.to_zoned(zone()).date().checked_add(1.day())?;
        let end = next.to_zoned(zone())?.timestamp().min(to);
        parts.push((begin, end));
        begin = end;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bills_day_changes_at_midnight_of_the_clouds_zone() {
        assert_eq!(day_of("2026-11-23T15:59:59Z".parse().unwrap()), "2026-11-23");
        assert_eq!(day_of("2026-11-23T16:00:00Z".parse().unwrap()), "2026-11-24");
    }

    #[test]
    fn a_stretch_is_cut_where_the_bills_day_ends_and_loses_no_second() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (from, to) = (at("2026-11-23T15:59:30Z"), at("2026-11-25T16:00:10Z"));
        let parts = by_day(from, to).unwrap();
        let seconds: Vec<i64> = parts.iter().map(|(a, b)| b.as_second() - a.as_second()).collect();
        assert_eq!(seconds, [30, 86_400, 86_400, 10]);
        assert!(by_day(to, from).unwrap().is_empty(), "a clock that was set back");
    }
}
