//! `/v1/organization/usage/completions` and `/v1/organization/costs`: usage records in buckets of time, those of an account
//! for its admin key, those of a workspace for a key of its own. A cost is rounded as a bill line is, so a bucket that is a day of the bill costs what the bill says.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use jiff::Timestamp;
use pc_protocol::openai::{Amount, Bucket, CompletionsUsage, Costs, UsagePage};
use pc_store::cloud::{UsageGroup, UsageSpan};
use rust_decimal::Decimal;

use crate::caller::{Asked, Auditor, blocking};
use crate::money::bill::line;
use crate::refusal::{Answer, Refusal};
use crate::state::{State, text_of};

const DAY: i64 = 86_400;
/// The last second of the year 9998: later times could not be added to.
const LATEST: i64 = 253_370_764_799;

pub(super) async fn completions(
    Shared(state): Shared<Arc<State>>,
    auditor: Auditor,
    Asked(asked): Asked<Vec<(String, String)>>,
) -> Answer<Json<UsagePage<CompletionsUsage>>> {
    let groups = &["project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "api_source"];
    let filters = &["project_ids", "user_ids", "api_key_ids", "models", "batch"];
    let question = Question::of(asked, groups, filters)?;
    let size = match question.width {
        60 => question.size(60, 1440)?,
        3600 => question.size(24, 168)?,
        _ => question.size(7, 31)?,
    };
    page(state, auditor, (question, size), |question, rows, _| {
        let mut sums: BTreeMap<_, CompletionsUsage> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.group.kind == "inference") {
            let group = &row.group;
            let named = |name: &str, value: &str| question.is_by(name).then(|| value.to_owned());
            let key = (
                named("project_id", &group.workspace_id),
                named("api_key_id", &group.api_key_id),
                named("model", &group.model),
            );
            let sum = sums.entry(key.clone()).or_insert_with(|| CompletionsUsage {
                object: "organization.usage.completions.result".to_owned(),
                project_id: key.0,
                api_key_id: key.1,
                model: key.2,
                batch: question.is_by("batch").then_some(false),
                service_tier: named("service_tier", "default"),
                api_source: named("api_source", "unlabeled"),
                ..CompletionsUsage::default()
            });
            match group.item.as_str() {
                // However many answers a question has, it is read once.
                "input_token" => {
                    sum.input_tokens += group.quantity;
                    sum.num_model_requests += row.events;
                }
                _ => sum.output_tokens += group.quantity,
            }
        }
        sums.into_values().collect()
    })
    .await
}

pub(super) async fn costs(
    Shared(state): Shared<Arc<State>>,
    auditor: Auditor,
    Asked(asked): Asked<Vec<(String, String)>>,
) -> Answer<Json<UsagePage<Costs>>> {
    let groups = &["project_id", "user_id", "line_item", "api_key_id", "api_source"];
    let question = Question::of(asked, groups, &["project_ids", "api_key_ids", "line_items"])?;
    if question.width != DAY {
        return Err(Refusal::invalid("bucket_width must be 1d.").on("bucket_width"));
    }
    let size = question.size(7, 180)?;
    page(state, auditor, (question, size), |question, rows, state| {
        let mut sums: BTreeMap<_, Costs> = BTreeMap::new();
        for row in rows {
            let (group, item) = (&row.group, line_item(&row.group));
            let named = |name: &str, value: &str| question.is_by(name).then(|| value.to_owned());
            let key = (
                named("project_id", &group.workspace_id),
                named("api_key_id", &group.api_key_id),
                named("line_item", &item),
            );
            let unit = if group.item == "model_unit_hour" { "duration_seconds" } else { "tokens" };
            let sum = sums.entry(key.clone()).or_insert_with(|| Costs {
                object: "organization.costs.result".to_owned(),
                amount: Amount { value: Decimal::ZERO, currency: state.prices.currency.to_lowercase() },
                quantity: key.2.is_some().then_some(Decimal::ZERO),
                quantity_unit: named("line_item", unit),
                project_id: key.0,
                api_key_id: key.1,
                line_item: key.2,
                api_source: named("api_source", "unlabeled"),
                ..Costs::default()
            });
            sum.amount.value += line(group.clone(), state.prices.tokens_a_unit).cost;
            sum.quantity = sum.quantity.map(|quantity| quantity + Decimal::from(group.quantity));
        }
        sums.into_values().collect()
    })
    .await
}

/// Such as `gemma-3-270m, output_tokens`.
fn line_item(group: &UsageGroup) -> String {
    format!("{}, {}s", group.model, group.item)
}

/// What is asked for.
struct Question {
    start: i64,
    end: Option<i64>,
    width: i64,
    limit: Option<i64>,
    page: Option<String>,
    groups: Vec<String>,
    /// Only rows with one of the values, by the filter's name.
    filters: BTreeMap<String, Vec<String>>,
}

impl Question {
    fn of(asked: Vec<(String, String)>, groups: &[&str], filters: &[&str]) -> Answer<Self> {
        let (mut start, mut question) = (None, Self::empty());
        for (name, value) in asked {
            // Lists come as `name[]` or as the name again.
            let name = name.strip_suffix("[]").unwrap_or(&name);
            let number = || value.parse::<i64>().ok().filter(|n| (0..=LATEST).contains(n)).ok_or_else(|| wrong(name));
            match name {
                "start_time" => start = Some(number()?),
                "end_time" => question.end = Some(number()?),
                "limit" => question.limit = Some(number()?),
                "page" => question.page = Some(value),
                "bucket_width" => {
                    question.width = match value.as_str() {
                        "1m" => 60,
                        "1h" => 3600,
                        "1d" => DAY,
                        _ => return Err(wrong(name)),
                    }
                }
                "group_by" if groups.contains(&value.as_str()) => question.groups.push(value),
                known if filters.contains(&known) => {
                    question.filters.entry(known.to_owned()).or_default().push(value);
                }
                _ => return Err(wrong(name)),
            }
        }
        question.start = start.ok_or_else(|| Refusal::invalid("start_time is required.").on("start_time"))?;
        if question.end.is_some_and(|end| end <= question.start) {
            return Err(wrong("end_time"));
        }
        Ok(question)
    }

    fn empty() -> Self {
        Self { start: 0, end: None, width: DAY, limit: None, page: None, groups: Vec::new(), filters: BTreeMap::new() }
    }

    fn is_by(&self, name: &str) -> bool {
        self.groups.iter().any(|group| group == name)
    }

    /// Buckets of a page.
    fn size(&self, default: i64, most: i64) -> Answer<i64> {
        let size = self.limit.unwrap_or(default);
        if (1..=most).contains(&size) { Ok(size) } else { Err(super::limit_refused(most as u64)) }
    }

    fn fits(&self, group: &UsageGroup) -> bool {
        let one_of = |name: &str, value: &str| {
            self.filters.get(name).is_none_or(|values| values.iter().any(|wanted| wanted == value))
        };
        one_of("project_ids", &group.workspace_id)
            && one_of("api_key_ids", &group.api_key_id)
            && one_of("models", &group.model)
            && one_of("line_items", &line_item(group))
            && one_of("batch", "false")
            // Nobody here is a user of an organization.
            && one_of("user_ids", "")
    }
}

fn wrong(name: &str) -> Refusal {
    Refusal::invalid(format!("{name:.80} is not known, or outside of its range.")).on(name)
}

/// The buckets from the page's begin on, each with what `sum` makes of its rows.
async fn page<T: Send + 'static>(
    state: Arc<State>,
    auditor: Auditor,
    (question, size): (Question, i64),
    sum: fn(&Question, &[UsageSpan], &State) -> Vec<T>,
) -> Answer<Json<UsagePage<T>>> {
    blocking(move || {
        let width = question.width;
        let end = question.end.unwrap_or_else(|| state.clock.now().as_second() + 1).max(question.start + 1);
        let first = match &question.page {
            None => question.start,
            Some(page) => {
                let begin = page.strip_prefix("page_").and_then(|digits| digits.parse::<i64>().ok());
                let fits = |begin: &i64| (question.start..end).contains(begin) && (begin - question.start) % width == 0;
                begin.filter(fits).ok_or_else(|| wrong("page"))?
            }
        };
        let last = first.saturating_add(size * width).min(end);
        let at = |seconds: i64, name: &str| Timestamp::from_second(seconds).map(text_of).map_err(|_| wrong(name));
        let (from, to) = (at(first, "start_time")?, at(last, "end_time")?);
        let mut rows = state.store.read(|tx| tx.usage_spans(auditor.whose(), (&from, &to), first, width))?;
        rows.retain(|row| question.fits(&row.group));
        let mut data = Vec::new();
        let mut begin = first;
        while begin < last {
            let index = (begin - first) / width;
            let count = rows.partition_point(|row| row.bucket <= index);
            let results = sum(&question, &rows.drain(..count).collect::<Vec<_>>(), &state);
            let end_time = (begin + width).min(end);
            data.push(Bucket { object: "bucket".to_owned(), start_time: begin, end_time, results });
            begin += width;
        }
        let next_page = (begin < end).then(|| format!("page_{begin}"));
        Ok(Json(UsagePage { object: "page".to_owned(), data, has_more: next_page.is_some(), next_page }))
    })
    .await
}
