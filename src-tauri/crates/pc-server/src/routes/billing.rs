//! `POST /`: the billing API (BSS 2017-12-14), signed with ACS3. Every figure is a sum over bill lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use pc_protocol::query::PRODUCT;
use pc_protocol::{
    AccountBalance, BillItem, BillOverview, BssAnswer, InstanceBill, InstanceId, ItemList, OverviewItem, SettledBill,
    SettledItem, action,
};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::acs3::{Signed, claim_of, fits};
use crate::caller::{blocking, bytes_of};
use crate::edge::RequestId;
use crate::meter::{Line, monthly};
use crate::refusal::{Answer, Refusal};
use crate::state::{State, text_of};

/// How far a request's date may be from the cloud's.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

type Parameters = BTreeMap<String, String>;

pub(super) async fn act(Shared(state): Shared<Arc<State>>, request: Request) -> Answer<Response> {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let body = bytes_of(request, &state).await?;
    blocking(move || {
        let query = parameters(&uri)?;
        let workspace = admitted(&state, &headers, &query, &body)?;
        let action = headers.get("x-acs-action").and_then(|value| value.to_str().ok()).unwrap_or_default();
        match action {
            action::BALANCE => Ok(said(id, balance(&state))),
            action::OVERVIEW => Ok(said(id, overview(&state, &workspace, &query)?)),
            action::INSTANCE_BILL => Ok(said(id, instances(&state, &workspace, &query)?)),
            action::SETTLED_BILL => Ok(said(id, settled(&state, &workspace, &query)?)),
            _ => Err(refusal(StatusCode::NOT_FOUND, "InvalidAction.NotFound", "This action does not exist.")),
        }
    })
    .await
}

fn said<T: Serialize>(id: String, data: T) -> Response {
    Json(BssAnswer::success(id, data)).into_response()
}

fn refusal(status: StatusCode, code: &'static str, message: &str) -> Refusal {
    Refusal::new(status, code, message)
}

fn parameters(uri: &Uri) -> Answer<Parameters> {
    let pairs: Query<Vec<(String, String)>> = Query::try_from_uri(uri)
        .map_err(|_| refusal(StatusCode::BAD_REQUEST, "InvalidParameter", "The query is not valid."))?;
    let count = pairs.0.len();
    let unique: Parameters = pairs.0.into_iter().collect();
    // A repeated name would be signed once and read once, but not surely the same one.
    if unique.len() == count {
        Ok(unique)
    } else {
        Err(refusal(StatusCode::BAD_REQUEST, "InvalidParameter", "A name is repeated."))
    }
}

/// The workspace of a request whose signature, date and nonce hold, in this order: a nonce is used up only by a request
/// that is otherwise good.
fn admitted(state: &State, headers: &HeaderMap, query: &Parameters, body: &[u8]) -> Answer<String> {
    let mismatch = || refusal(StatusCode::BAD_REQUEST, "SignatureDoesNotMatch", "The signature does not match.");
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !headers.contains_key("authorization") {
        return Err(refusal(StatusCode::BAD_REQUEST, "MissingParameter", "The Authorization header is missing."));
    }
    let claim = claim_of(headers).ok_or_else(mismatch)?;
    let found = state.access_key(&claim.access_key_id)?;
    let unknown =
        || refusal(StatusCode::NOT_FOUND, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
    let (workspace, secret) = found.ok_or_else(unknown)?;
    let request = Signed { method: "POST", path: "/", query, headers, body };
    if !fits(&claim, secret.expose(), &request) {
        return Err(mismatch());
    }
    let now = state.clock.now();
    let expired = || refusal(StatusCode::BAD_REQUEST, "InvalidTimeStamp.Expired", "The date is too far from now.");
    let date: Timestamp = text("x-acs-date").parse().map_err(|_| expired())?;
    if now.duration_since(date).abs() > WINDOW {
        return Err(expired());
    }
    if text("x-acs-version") != action::VERSION {
        return Err(refusal(StatusCode::BAD_REQUEST, "InvalidVersion", "The version must be 2017-12-14."));
    }
    let nonce = text("x-acs-signature-nonce");
    let forget = text_of(now - WINDOW * 2);
    let new = state.store.write(|tx| tx.nonce_use(&claim.access_key_id, nonce, &text_of(now), &forget))?;
    if nonce.is_empty() || nonce.len() > 128 || !new {
        return Err(refusal(StatusCode::BAD_REQUEST, "SignatureNonceUsed", "The nonce was used already."));
    }
    Ok(workspace)
}

/// The embedded cloud takes no money, so the account holds none and owes none.
fn balance(state: &State) -> AccountBalance {
    let none = Decimal::new(0, 2);
    AccountBalance {
        available_amount: none,
        available_cash_amount: none,
        credit_amount: none,
        mybank_credit_amount: none,
        quota_limit: none,
        currency: state.prices.currency.clone(),
    }
}

fn missing(name: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "MissingParameter", format!("{name} is missing or not valid."))
}

/// First and last day of the asked month.
fn cycle(query: &Parameters) -> Answer<(String, Date, Date)> {
    let month = query.get("BillingCycle").ok_or_else(|| missing("BillingCycle"))?;
    let first: Date = format!("{month}-01").parse().map_err(|_| missing("BillingCycle"))?;
    if month.len() != 7 {
        return Err(missing("BillingCycle"));
    }
    Ok((month.clone(), first, first.last_of_month()))
}

/// The lines that the parameters ask for.
fn asked(state: &State, workspace: &str, query: &Parameters) -> Answer<Vec<Line>> {
    let (month, first, last) = cycle(query)?;
    let named = |name: &str, value: &str| query.get(name).is_none_or(|asked| asked.is_empty() || asked == value);
    if !named("ProductCode", PRODUCT) || !named("SubscriptionType", "PayAsYouGo") {
        return Ok(Vec::new());
    }
    let mut lines = match query.get("Granularity").map_or("MONTHLY", String::as_str) {
        "MONTHLY" => monthly(state.daily_lines(workspace, &first.to_string(), &last.to_string())?, &month),
        "DAILY" => match query.get("BillingDate").filter(|day| !day.is_empty()) {
            None => return Err(missing("BillingDate")),
            Some(day) => {
                let parsed: Date = day.parse().map_err(|_| missing("BillingDate"))?;
                if parsed < first || parsed > last {
                    return Err(missing("BillingDate"));
                }
                state.daily_lines(workspace, &parsed.to_string(), &parsed.to_string())?
            }
        },
        _ => return Err(missing("Granularity")),
    };
    if query.get("IsHideZeroCharge").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        lines.retain(|line| !line.cost.is_zero());
    }
    if let Some(wanted) = query.get("InstanceID").filter(|text| !text.is_empty()) {
        lines.retain(|line| instance_id(workspace, line) == *wanted);
    }
    Ok(lines)
}

fn instances(state: &State, workspace: &str, query: &Parameters) -> Answer<InstanceBill> {
    let lines = asked(state, workspace, query)?;
    let with_items = query.get("IsBillingItem").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let total_count = lines.len() as u64;
    let (page, size, next_token) = paged(lines, query)?;
    Ok(InstanceBill {
        billing_cycle: query["BillingCycle"].clone(),
        account_id: workspace.to_owned(),
        account_name: workspace.to_owned(),
        total_count,
        max_results: size as u64,
        next_token,
        items: page.iter().map(|line| row(state, workspace, line, with_items)).collect(),
    })
}

/// A page, its size, and the token of the next one.
fn paged(lines: Vec<Line>, query: &Parameters) -> Answer<(Vec<Line>, usize, Option<String>)> {
    let size = match query.get("MaxResults") {
        None => 20,
        Some(text) => text.parse().ok().filter(|n| (1..=300).contains(n)).ok_or_else(|| missing("MaxResults"))?,
    };
    let skip: usize = match query.get("NextToken").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => token.strip_prefix("at-").and_then(|n| n.parse().ok()).ok_or_else(|| missing("NextToken"))?,
    };
    let next = (skip.saturating_add(size) < lines.len()).then(|| format!("at-{}", skip + size));
    Ok((lines.into_iter().skip(skip).take(size).collect(), size, next))
}

fn commodity(line: &Line) -> &'static str {
    match line.group.kind.as_str() {
        "training" => "sfm_training_public_cn",
        "inference" => "sfm_inference_public_cn",
        _ => "sfm_deployment_public_cn",
    }
}

fn instance_id(workspace: &str, line: &Line) -> String {
    let group = &line.group;
    let instance = InstanceId {
        api_key_id: group.api_key_id.clone(),
        workspace: workspace.to_owned(),
        model: group.model.clone(),
        item: group.item.clone(),
        channel: "app".to_owned(),
        free: false,
    };
    instance.to_string()
}

fn row(state: &State, workspace: &str, line: &Line, with_items: bool) -> BillItem {
    let (group, cost) = (&line.group, line.cost);
    let (mut usage_unit, mut list_price_unit) = (String::new(), String::new());
    if with_items {
        line.unit.clone_into(&mut usage_unit);
        list_price_unit = format!("{}/{}", state.prices.currency, line.unit);
    }
    BillItem {
        // A line of a month has the month there.
        billing_date: (group.day.len() == 10).then(|| group.day.clone()),
        billing_item: group.item.clone(),
        billing_item_code: group.item.clone(),
        commodity_code: commodity(line).to_owned(),
        currency: state.prices.currency.clone(),
        after_discount_amount: cost,
        instance_id: instance_id(workspace, line),
        list_price: with_items.then_some(group.unit_price),
        list_price_unit,
        owner_id: workspace.to_owned(),
        payment_amount: cost,
        pretax_amount: cost,
        pretax_gross_amount: cost,
        product_code: PRODUCT.to_owned(),
        product_detail: group.model.clone(),
        product_name: "Embedded cloud".to_owned(),
        region: "embedded".to_owned(),
        subscription_type: "PayAsYouGo".to_owned(),
        usage: with_items.then_some(line.quantity),
        usage_unit,
        ..BillItem::default()
    }
}

/// One item a commodity.
fn overview(state: &State, workspace: &str, query: &Parameters) -> Answer<BillOverview> {
    let (billing_cycle, first, last) = cycle(query)?;
    let lines = state.daily_lines(workspace, &first.to_string(), &last.to_string())?;
    let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
    for line in &lines {
        *sums.entry(commodity(line)).or_default() += line.cost;
    }
    let item = |(code, cost): (&str, Decimal)| OverviewItem {
        product_code: PRODUCT.to_owned(),
        product_name: "Embedded cloud".to_owned(),
        commodity_code: code.to_owned(),
        subscription_type: "PayAsYouGo".to_owned(),
        pretax_gross_amount: cost,
        after_tax_amount: cost,
        pretax_amount: cost,
        payment_amount: cost,
        currency: state.prices.currency.clone(),
        ..OverviewItem::default()
    };
    let items = ItemList { items: sums.into_iter().map(item).collect() };
    let (account_id, account_name) = (workspace.to_owned(), workspace.to_owned());
    Ok(BillOverview { billing_cycle, account_id, account_name, items })
}

fn settled(state: &State, workspace: &str, query: &Parameters) -> Answer<SettledBill> {
    let (month, first, last) = cycle(query)?;
    let lines = monthly(state.daily_lines(workspace, &first.to_string(), &last.to_string())?, &month);
    let total_count = lines.len() as u64;
    let (page, size, next_token) = paged(lines, query)?;
    let item = |line: &Line| SettledItem {
        record_id: format!("{month};{}", instance_id(workspace, line)),
        status: "PayFinish".to_owned(),
        usage_start_time: format!("{first} 00:00:00"),
        usage_end_time: format!("{last} 23:59:59"),
        payment_time: String::new(),
        item: row(state, workspace, line, true),
    };
    let items = ItemList { items: page.iter().map(item).collect() };
    Ok(SettledBill {
        billing_cycle: month.clone(),
        account_id: workspace.to_owned(),
        account_name: workspace.to_owned(),
        total_count,
        max_results: size as u64,
        next_token,
        items,
    })
}
