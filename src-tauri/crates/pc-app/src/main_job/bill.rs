//! Step 7: the bill as the billing API says it, held against the tokens that the job and the answers reported.

use anyhow::{Context as _, Result, ensure};
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};

use super::Run;
use super::event::Event;
use super::summary::{Billed, Served, Tuned};
use crate::api::{BillLine, Empty, Money, UsageMonth, UsageRequest};

/// Syncs, shows and compares.
pub(super) async fn bill(run: &Run<'_>, tuned: &Tuned, served: &Served) -> Result<Billed> {
    run.app.usage_sync(Empty {}, run.language).await?;
    let month = run.app.usage_get(UsageRequest { month: None }, run.language).await?;
    run.tell(Event::Billed { month: Box::new(month.clone()) });
    compared(&month, tuned, served)
}

fn compared(month: &UsageMonth, tuned: &Tuned, served: &Served) -> Result<Billed> {
    let of = |model: &str, item: &str| -> Vec<&BillLine> {
        month.lines.iter().filter(|line| line.model == model && line.item == item).collect()
    };
    let items = [
        ("training", of(&tuned.output_model, "training_token"), tuned.tokens),
        ("input", of(&served.deployed_model, "input_token"), served.input_tokens),
        ("output", of(&served.deployed_model, "output_token"), served.output_tokens),
    ];
    let mut cost = Decimal::ZERO;
    for (name, lines, reported) in &items {
        let mut billed = 0;
        for line in lines {
            billed += tokens(line)?;
            cost += checked_cost(line)?;
        }
        ensure!(billed == *reported, "the bill has {billed} {name} tokens, but {reported} were reported");
    }
    let sum = month.lines.iter().map(|line| decimal(&line.cost.amount)).sum::<Result<Decimal>>()?;
    let total = decimal(&month.total.amount)?;
    ensure!(sum == total, "the lines of the bill add up to {sum}, but its total is {total}");
    Ok(Billed {
        month: month.month.clone(),
        lines: month.lines.len(),
        month_total: month.total.clone(),
        training_tokens: tuned.tokens,
        input_tokens: served.input_tokens,
        output_tokens: served.output_tokens,
        cost: Money { amount: cost.normalize().to_string(), currency: month.total.currency.clone() },
    })
}

fn decimal(text: &str) -> Result<Decimal> {
    text.parse().with_context(|| format!("{text:?} is not an amount"))
}

/// Token lines are counted in thousands.
fn tokens(line: &BillLine) -> Result<u64> {
    let each = if line.unit.starts_with("1K") { 1000 } else { 1 };
    let count = decimal(&line.quantity)? * Decimal::from(each);
    count
        .to_u64()
        .filter(|whole| Decimal::from(*whole) == count)
        .with_context(|| format!("{count} is no count of tokens"))
}

/// What a line costs, after proof that it is its quantity times its price, rounded once.
fn checked_cost(line: &BillLine) -> Result<Decimal> {
    let (cost, product) = (decimal(&line.cost.amount)?, decimal(&line.quantity)? * decimal(&line.unit_price.amount)?);
    let rounded = product.round_dp_with_strategy(6, RoundingStrategy::MidpointNearestEven);
    ensure!(cost == rounded, "a line of the bill costs {cost}, but its quantity times its price is {product}");
    Ok(cost)
}
