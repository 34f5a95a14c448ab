//! ModelStudio's costs: a month or a stretch of time by one dimension, summed over the same bill lines as everything.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use jiff::ToSpan as _;
use jiff::civil::Date;
use pc_protocol::studio::{
    CostGroup, CostOverview, CostPeriod, CostShare, CostSum, CostTotal, CostTrend, StudioAnswer, StudioData,
};
use pc_store::cloud::Whose;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;

use super::bss::REGION;
use super::parameters::{Parameters, day, invalid, missing, month};
use super::signed::Admitted;
use crate::money::bill::Line;
use crate::refusal::Answer;
use crate::state::State;

/// A value that a line does not have.
const NONE: &str = "DIMENSION_FILTER_NULL_VALUE";
/// All groups beyond the asked number.
const OTHERS: &str = "DIMENSION_GROUP_OTHERS_VALUE";
/// Days of one question.
const MOST_DAYS: i32 = 366;

/// By what costs are grouped and chosen.
#[derive(Clone, Copy)]
enum Dimension {
    Kind,
    BaseModel,
    ApiKey,
    Workspace,
    Fee,
    Charge,
    Region,
    Site,
    Article,
}

const DIMENSIONS: [(&str, Dimension); 9] = [
    ("MAAS_TYPE", Dimension::Kind),
    ("BASE_MODEL", Dimension::BaseModel),
    ("API_KEY_ID", Dimension::ApiKey),
    ("WORKSPACE_ID", Dimension::Workspace),
    ("FEE_TYPE", Dimension::Fee),
    ("CHARGE_TYPE", Dimension::Charge),
    ("BUSINESS_REGION", Dimension::Region),
    ("SERVICE_SITE", Dimension::Site),
    ("ARTICLE_CODE", Dimension::Article),
];

impl Dimension {
    fn read(name: &str, code: &str) -> Answer<Self> {
        let found = DIMENSIONS.iter().find(|(known, _)| *known == code).map(|(_, dimension)| *dimension);
        found.ok_or_else(|| invalid(name, &format!("{code:.40} is no dimension")))
    }

    fn of(self, line: &Line) -> &str {
        let group = &line.group;
        let value = match self {
            Self::Kind if group.kind == "deployment" => "model_units",
            Self::Kind => &group.kind,
            Self::BaseModel => &group.base_model,
            Self::ApiKey => &group.api_key_id,
            Self::Workspace => &group.workspace_id,
            Self::Fee => &group.item,
            Self::Charge => "PayAsYouGo",
            Self::Region | Self::Site => REGION,
            Self::Article => line.commodity(),
        };
        if value.is_empty() { NONE } else { value }
    }
}

#[derive(Deserialize)]
struct GroupBy {
    code: String,
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    dimensions: Vec<FilterDimension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterDimension {
    code: String,
    #[serde(default)]
    values: Vec<String>,
    select_type: Option<String>,
}

#[derive(Deserialize)]
struct Period {
    start: String,
    end: String,
}

/// What both questions have in common.
struct Asked {
    by: Dimension,
    /// A dimension, values of it, and whether the lines that have one are wanted or all others.
    filters: Vec<(Dimension, Vec<String>, bool)>,
    most: usize,
    hide_zero: bool,
    chinese: bool,
}

impl Asked {
    fn take(parameters: &mut Parameters) -> Answer<Self> {
        let by: Option<Vec<GroupBy>> = parameters.json("groupBy")?;
        let by = match by.as_deref() {
            None => Dimension::Kind,
            Some([one]) => Dimension::read("groupBy", &one.code)?,
            Some(_) => return Err(invalid("groupBy", "it names exactly one dimension")),
        };
        let filter: Option<Filter> = parameters.json("filter")?;
        let mut filters = Vec::new();
        for dimension in filter.map(|filter| filter.dimensions).unwrap_or_default() {
            let kind = dimension.select_type.as_deref().unwrap_or("IN").to_ascii_uppercase();
            let wanted = match kind.as_str() {
                "IN" | "INCLUDE" => true,
                "NOT_IN" | "EXCLUDE" => false,
                _ => return Err(invalid("filter", "selectType is IN or NOT_IN")),
            };
            filters.push((Dimension::read("filter", &dimension.code)?, dimension.values, wanted));
        }
        // Wherever its client was set up for, this cloud has one region, and its bills are there.
        if let Some(region) = parameters.text("regionId") {
            let plain = region.len() <= 64 && region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if !plain {
                return Err(invalid("regionId", "it is a region's id"));
            }
        }
        let locale = parameters.word("locale", &["en-US", "zh-CN"])?;
        Ok(Self {
            by,
            filters,
            most: parameters.number("topNum", 1, 20)?.unwrap_or(20),
            hide_zero: parameters.flag("zeroFilter")?.unwrap_or(true),
            chinese: locale == Some("zh-CN"),
        })
    }

    fn wants(&self, line: &Line) -> bool {
        self.filters.iter().all(|(dimension, values, wanted)| {
            let has = values.iter().any(|value| value == dimension.of(line));
            has == *wanted
        })
    }

    /// The groups' sums, the dearest first.
    fn groups<'a>(&self, lines: &'a [Line]) -> Vec<(&'a str, Decimal)> {
        let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
        for line in lines {
            *sums.entry(self.by.of(line)).or_default() += line.cost;
        }
        let mut groups: Vec<_> = sums.into_iter().filter(|(_, sum)| !self.hide_zero || !sum.is_zero()).collect();
        groups.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
        groups
    }

    fn name(&self, state: &State, key: &str) -> String {
        let word = |english: &str, chinese: &str| if self.chinese { chinese } else { english }.to_owned();
        match key {
            NONE => "-".to_owned(),
            OTHERS => word("Others", "其他"),
            "training" => word("Training", "模型训练"),
            "inference" => word("Inference", "模型推理"),
            "model_units" => word("Model units", "模型单元"),
            key => {
                let workspace =
                    matches!(self.by, Dimension::Workspace).then(|| state.store.read(|tx| tx.workspace(key)));
                match workspace {
                    Some(Ok(Some(row))) => row.name,
                    _ => key.to_owned(),
                }
            }
        }
    }
}

/// `part` of `whole` in per cent, with two digits.
fn share(part: Decimal, whole: Decimal) -> String {
    let exact = (part * Decimal::ONE_HUNDRED).checked_div(whole).unwrap_or_default();
    format!("{:.2}", exact.round_dp_with_strategy(2, RoundingStrategy::MidpointNearestEven))
}

fn total(lines: &[Line]) -> Decimal {
    lines.iter().map(|line| line.cost).sum::<Decimal>().normalize()
}

pub(super) fn overview(state: &State, admitted: Admitted) -> Answer<Response> {
    let Admitted { request_id, account, mut parameters, .. } = admitted;
    let first = month("billMonth", &parameters.needed("billMonth")?)?;
    let asked = Asked::take(&mut parameters)?;
    parameters.done()?;
    let mut lines = state.daily_lines(Whose::Account(account), first, first.last_of_month())?;
    lines.retain(|line| asked.wants(line));
    let mut top = asked.groups(&lines);
    top.truncate(asked.most);
    let of_top: Decimal = top.iter().map(|(_, sum)| sum).sum();
    let group = |(key, sum): (&str, Decimal)| {
        let articles = lines.iter().filter(|line| asked.by.of(line) == key).map(|line| line.commodity().to_owned());
        CostGroup {
            name: asked.name(state, key),
            key: key.to_owned(),
            amount: sum.normalize(),
            percentage: share(sum, of_top),
            article_codes: articles.collect::<BTreeSet<_>>().into_iter().collect(),
        }
    };
    let data = CostOverview {
        currency: state.prices.currency.clone(),
        total_amount: total(&lines),
        pretax_amount: total(&lines),
        tax_amount: Decimal::ZERO,
        groups: top.into_iter().map(group).collect(),
    };
    Ok(Json(StudioAnswer::success(request_id, StudioData { data })).into_response())
}

pub(super) fn trend(state: &State, admitted: Admitted) -> Answer<Response> {
    let Admitted { request_id, account, mut parameters, .. } = admitted;
    let daily = parameters.word("granularity", &["DAY", "MONTH"])?.ok_or_else(|| missing("granularity"))? == "DAY";
    let period: Period = parameters.json("timePeriod")?.ok_or_else(|| missing("timePeriod"))?;
    let asked = Asked::take(&mut parameters)?;
    parameters.done()?;
    let (first, last) = stretch(&period, daily)?;
    let mut lines = state.daily_lines(Whose::Account(account), first, last)?;
    lines.retain(|line| asked.wants(line));
    let groups = asked.groups(&lines);
    let top: BTreeSet<String> = groups.iter().take(asked.most).map(|(key, _)| (*key).to_owned()).collect();
    // A group beyond the asked number is one of the others, in every period.
    let known: BTreeSet<String> = groups.iter().map(|(key, _)| (*key).to_owned()).collect();
    let key_of = |line: &Line| match asked.by.of(line) {
        key if top.contains(key) => Some(key.to_owned()),
        key if known.contains(key) => Some(OTHERS.to_owned()),
        _ => None,
    };
    let sums = |lines: &mut dyn Iterator<Item = &Line>| {
        let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
        for line in lines {
            if let Some(key) = key_of(line) {
                *sums.entry(key).or_default() += line.cost;
            }
        }
        let mut sums: Vec<_> = sums.into_iter().collect();
        // The dearest first, the others last.
        sums.sort_by_key(|(key, sum)| (key == OTHERS, std::cmp::Reverse(*sum)));
        let sum = |(key, amount): (String, Decimal)| {
            let (name, amount) = (asked.name(state, &key), amount.normalize());
            CostSum { key, name, amount, pretax_amount: amount, tax_amount: Decimal::ZERO }
        };
        sums.into_iter().map(sum).collect::<Vec<_>>()
    };
    let currency = &state.prices.currency;
    let whole = |amount: Decimal| CostTotal {
        amount: amount.normalize(),
        pretax_amount: amount.normalize(),
        tax_amount: Decimal::ZERO,
        currency: currency.clone(),
    };
    let result_by_time = periods(first, last, daily).into_iter().map(|period| {
        let inside: Vec<&Line> = lines.iter().filter(|line| name_of(&line.group.day, daily) == period).collect();
        let all: Decimal = inside.iter().map(|line| line.cost).sum();
        let details = sums(&mut inside.iter().copied()).into_iter();
        let period_details = details.map(|sum| CostShare { percentage: share(sum.amount, all), sum }).collect();
        CostPeriod { period, total: whole(all), period_details }
    });
    let data = CostTrend {
        result_by_time: result_by_time.collect(),
        group_by_total: sums(&mut lines.iter()),
        cost_totals: whole(total(&lines)),
    };
    Ok(Json(StudioAnswer::success(request_id, StudioData { data })).into_response())
}

/// First and last day; of months, whole ones.
fn stretch(period: &Period, daily: bool) -> Answer<(Date, Date)> {
    let read = |text: &str| match (daily, text.len()) {
        (false, 6 | 7) => month("timePeriod", text),
        _ => day("timePeriod", text),
    };
    let (mut first, mut last) = (read(&period.start)?, read(&period.end)?);
    if !daily {
        (first, last) = (first.first_of_month(), last.last_of_month());
    }
    let days = (last - first).get_days();
    if days < 0 || days > MOST_DAYS * if daily { 1 } else { 3 } {
        return Err(invalid("timePeriod", "it goes forward, and over a year of days or three of months at most"));
    }
    Ok((first, last))
}

/// `20261124` or `202611`, of a day as the database has it.
fn name_of(day: &str, daily: bool) -> String {
    day.split('-').take(if daily { 3 } else { 2 }).collect()
}

fn periods(first: Date, last: Date, daily: bool) -> Vec<String> {
    let step = if daily { 1.day() } else { 1.month() };
    first.series(step).take_while(|day| *day <= last).map(|day| name_of(&day.to_string(), daily)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_two_digits_and_nothing_of_nothing_is_none() {
        let of = |part: &str, whole: &str| share(part.parse().unwrap(), whole.parse().unwrap());
        assert_eq!((of("1", "3").as_str(), of("2", "2").as_str(), of("0", "0").as_str()), ("33.33", "100.00", "0.00"));
    }

    #[test]
    fn every_period_of_a_stretch_has_its_name() {
        let at = |start: &str, end: &str, daily| {
            let period = Period { start: start.into(), end: end.into() };
            stretch(&period, daily).map(|(first, last)| periods(first, last, daily))
        };
        assert_eq!(at("2026-11-29", "20261201", true).unwrap(), ["20261129", "20261130", "20261201"]);
        assert!(at("2026-11", "202601", false).is_err(), "backwards");
        assert_eq!(at("2025-12", "2026-02", false).unwrap(), ["202512", "202601", "202602"]);
        assert!(at("2024-01-01", "2026-01-01", true).is_err() && at("x", "2026-01-01", true).is_err());
    }
}
