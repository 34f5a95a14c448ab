//! Bill lines: sums over usage records, each rounded once, half-even, to a millionth of the currency's unit. Every figure
//! that any API shows is a sum over such lines, so no two of them can disagree.

use std::collections::BTreeMap;

use jiff::civil::Date;
use pc_store::cloud::{UsageGroup, Whose};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::state::State;

/// A line of the bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub group: UsageGroup,
    /// In `unit`s, exact but for hours, which are shown with six digits.
    pub quantity: Decimal,
    pub unit: &'static str,
    pub cost: Decimal,
}

impl Line {
    /// What the line is booked under.
    pub fn commodity(&self) -> &'static str {
        match self.group.kind.as_str() {
            "training" => "sfm_training_public_cn",
            "inference" => "sfm_inference_public_cn",
            _ => "sfm_deployment_public_cn",
        }
    }
}

impl State {
    /// The daily lines from `first` to `last`, both included.
    pub(crate) fn daily_lines(&self, whose: Whose<'_>, first: Date, last: Date) -> anyhow::Result<Vec<Line>> {
        let groups = self.store.read(|tx| tx.usage_groups(whose, &first.to_string(), &last.to_string()))?;
        Ok(groups.into_iter().map(|group| line(group, self.prices.tokens_a_unit)).collect())
    }
}

/// A line of its own for a group.
pub(crate) fn line(group: UsageGroup, tokens_a_unit: u32) -> Line {
    let quantity = Decimal::from(group.quantity);
    let (divisor, unit) = match group.item.as_str() {
        "model_unit_hour" => (Decimal::from(3600), "hour"),
        _ => (Decimal::from(tokens_a_unit), "1K tokens"),
    };
    let cost = half_even(quantity * group.unit_price / divisor);
    Line { quantity: half_even(quantity / divisor).normalize(), unit, cost, group }
}

/// Lines of a month: the daily ones that differ only in their day, added up without rounding again.
pub(crate) fn monthly(daily: Vec<Line>, month: &str) -> Vec<Line> {
    let named = daily.into_iter().map(|mut line| {
        month.clone_into(&mut line.group.day);
        line
    });
    merged(named, |line| (line.group.base_model.clone(), line.group.unit_price))
}

/// Lines by instance: those that differ in their price or base model only, added up.
pub(crate) fn by_instance(lines: Vec<Line>) -> Vec<Line> {
    merged(lines.into_iter(), |_| ())
}

/// Adds up what has the same day, workspace, model, item, key, and whatever else `also` names; in the order of these.
fn merged<K: Ord>(lines: impl Iterator<Item = Line>, also: impl Fn(&Line) -> K) -> Vec<Line> {
    let mut sums: BTreeMap<_, Line> = BTreeMap::new();
    for line in lines {
        let group = &line.group;
        let name = [&group.day, &group.workspace_id, &group.kind, &group.model, &group.item, &group.api_key_id];
        match sums.entry((name.map(String::clone), also(&line))) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(line);
            }
            std::collections::btree_map::Entry::Occupied(mut seen) => {
                let seen = seen.get_mut();
                seen.quantity += line.quantity;
                seen.cost += line.cost;
                seen.group.quantity += line.group.quantity;
            }
        }
    }
    sums.into_values().collect()
}

/// Rounds to a millionth; a half goes to the even neighbour.
pub(crate) fn half_even(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(6, RoundingStrategy::MidpointNearestEven)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};

    #[test]
    fn a_half_goes_to_the_even_neighbour() {
        let rounded = |text: &str| half_even(text.parse().unwrap()).to_string();
        assert_eq!(rounded("0.0000005"), "0.000000");
        assert_eq!(rounded("0.0000015"), "0.000002");
        assert_eq!(rounded("0.00000051"), "0.000001");
    }

    /// Random usage from a fixed seed: 200 bills of up to 300 groups.
    #[test]
    fn however_lines_are_put_together_they_add_up_to_the_same_bill() {
        let mut random = StdRng::seed_from_u64(7);
        for _ in 0..200 {
            let daily: Vec<Line> = (0..random.random_range(1..300))
                .map(|_| {
                    let items = ["training_token", "input_token", "output_token", "model_unit_hour"];
                    let kinds = ["training", "inference", "inference", "deployment"];
                    let which = random.random_range(0..4);
                    let digits = random.random_range(0..8);
                    let group = UsageGroup {
                        day: format!("2026-11-{:02}", random.random_range(1..31)),
                        workspace_id: format!("llm-{}", random.random_range(0..3)),
                        kind: kinds[which].into(),
                        model: format!("m{}", random.random_range(0..3)),
                        base_model: "b".into(),
                        item: items[which].into(),
                        api_key_id: random.random_range(0..3).to_string(),
                        quantity: random.random_range(0..1_u64 << 40),
                        unit_price: Decimal::new(random.random_range(0..100_000), digits),
                    };
                    line(group, 1000)
                })
                .collect();
            let total = |lines: &[Line]| lines.iter().map(|line| line.cost).sum::<Decimal>();
            let bill = total(&daily);
            for line in &daily {
                let divisor = Decimal::from(if line.unit == "hour" { 3600 } else { 1000 });
                let exact = Decimal::from(line.group.quantity) * line.group.unit_price / divisor;
                assert!((exact - line.cost).abs() <= Decimal::new(5, 7), "a line is off by half a millionth at most");
            }
            assert_eq!(total(&by_instance(daily.clone())), bill);
            let month = monthly(daily.clone(), "2026-11");
            assert_eq!(total(&month), bill, "nothing is rounded a second time");
            assert_eq!(total(&by_instance(month.clone())), bill);
            let tokens = |lines: &[Line]| lines.iter().map(|line| line.group.quantity).sum::<u64>();
            assert_eq!(tokens(&month), tokens(&daily));
        }
    }
}
