//! `POST /`: the billing API (BSS 2017-12-14), signed with ACS3. Every figure is a sum over bill lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, Uri};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::{Value, json};

use crate::acs3::{Claim, Signed};
use crate::caller::{blocking, bytes_of};
use crate::edge::RequestId;
use crate::meter::{Line, monthly};
use crate::refusal::{Answer, Refusal};
use crate::state::{State, text_of};

/// How far a request's date may be from the cloud's.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

type Parameters = BTreeMap<String, String>;

pub(super) async fn act(Shared(state): Shared<Arc<State>>, request: Request) -> Answer<Json<Value>> {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let body = bytes_of(request, &state).await?;
    blocking(move || {
        let query = parameters(&uri)?;
        let workspace = admitted(&state, &headers, &query, &body)?;
        let action = headers.get("x-acs-action").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let data = match action {
            "QueryAccountBalance" => balance(&state),
            "QueryBillOverview" => overview(&state, &workspace, &query)?,
            "DescribeInstanceBill" => instances(&state, &workspace, &query)?,
            "QuerySettleBill" => settled(&state, &workspace, &query)?,
            _ => return Err(refusal(StatusCode::NOT_FOUND, "InvalidAction.NotFound", "This action does not exist.")),
        };
        Ok(Json(json!({"Code": "Success", "Message": "Successful!", "RequestId": id, "Success": true, "Data": data})))
    })
    .await
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
    let claim = Claim::read(headers).ok_or_else(mismatch)?;
    let found = state.access_key(&claim.access_key_id)?;
    let unknown =
        || refusal(StatusCode::NOT_FOUND, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
    let (workspace, secret) = found.ok_or_else(unknown)?;
    let request = Signed { method: "POST", path: "/", query, headers, body };
    if !claim.fits(secret.expose(), &request) {
        return Err(mismatch());
    }
    let now = state.clock.now();
    let expired = || refusal(StatusCode::BAD_REQUEST, "InvalidTimeStamp.Expired", "The date is too far from now.");
    let date: Timestamp = text("x-acs-date").parse().map_err(|_| expired())?;
    if now.duration_since(date).abs() > WINDOW {
        return Err(expired());
    }
    if text("x-acs-version") != "2017-12-14" {
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
fn balance(state: &State) -> Value {
    json!({
        "AvailableAmount": "0.00",
        "AvailableCashAmount": "0.00",
        "CreditAmount": "0.00",
        "MybankCreditAmount": "0.00",
        "QuotaLimit": "0.00",
        "Currency": state.prices.currency,
    })
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
    if !named("ProductCode", "sfm") || !named("SubscriptionType", "PayAsYouGo") {
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

fn instances(state: &State, workspace: &str, query: &Parameters) -> Answer<Value> {
    let lines = asked(state, workspace, query)?;
    let with_items = query.get("IsBillingItem").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let total = lines.len();
    let (page, size, next) = paged(lines, query)?;
    let items: Vec<Value> = page.iter().map(|line| row(state, workspace, line, with_items)).collect();
    Ok(json!({
        "BillingCycle": query["BillingCycle"],
        "AccountID": workspace,
        "AccountName": workspace,
        "TotalCount": total,
        "MaxResults": size,
        "NextToken": next,
        "Items": items,
    }))
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

/// Key, workspace, model, item, channel and free-tier flag, as exported bills have it.
fn instance_id(workspace: &str, line: &Line) -> String {
    let group = &line.group;
    format!("{};{workspace};{};{};app;0", group.api_key_id, group.model, group.item)
}

/// Amounts are numbers on this wire; six decimals of any real bill are exact in a double.
fn amount(value: Decimal) -> Value {
    json!(value.to_f64().unwrap_or(0.0))
}

fn row(state: &State, workspace: &str, line: &Line, with_items: bool) -> Value {
    let group = &line.group;
    let cost = amount(line.cost);
    let (mut usage, mut unit, mut price, mut price_unit) = (String::new(), "", String::new(), String::new());
    if with_items {
        usage = line.quantity.normalize().to_string();
        unit = line.unit;
        price = group.unit_price.normalize().to_string();
        price_unit = format!("{}/{}", state.prices.currency, line.unit);
    }
    json!({
        "BillingDate": if group.day.len() == 10 { json!(group.day) } else { Value::Null },
        "BillingItem": group.item,
        "BillingItemCode": group.item,
        "CommodityCode": commodity(line),
        "Currency": state.prices.currency,
        "DeductedByCoupons": 0.0,
        "DeductedByResourcePackage": "0",
        "AfterDiscountAmount": cost,
        "InstanceID": instance_id(workspace, line),
        "InvoiceDiscount": 0.0,
        "ListPrice": price,
        "ListPriceUnit": price_unit,
        "OutstandingAmount": 0.0,
        "OwnerID": workspace,
        "PaymentAmount": cost,
        "PretaxAmount": cost,
        "PretaxGrossAmount": cost,
        "ProductCode": "sfm",
        "ProductDetail": group.model,
        "ProductName": "Embedded cloud",
        "ProductType": "",
        "Region": "embedded",
        "ServicePeriod": "",
        "SubscriptionType": "PayAsYouGo",
        "Tag": "",
        "Usage": usage,
        "UsageUnit": unit,
    })
}

/// One item a commodity.
fn overview(state: &State, workspace: &str, query: &Parameters) -> Answer<Value> {
    let (month, first, last) = cycle(query)?;
    let lines = state.daily_lines(workspace, &first.to_string(), &last.to_string())?;
    let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
    for line in &lines {
        *sums.entry(commodity(line)).or_default() += line.cost;
    }
    let items: Vec<Value> = sums
        .into_iter()
        .map(|(code, cost)| {
            let cost = amount(cost);
            json!({
                "ProductCode": "sfm",
                "ProductName": "Embedded cloud",
                "ProductType": "",
                "CommodityCode": code,
                "SubscriptionType": "PayAsYouGo",
                "PretaxGrossAmount": cost,
                "InvoiceDiscount": 0.0,
                "AfterTaxAmount": cost,
                "PretaxAmount": cost,
                "PaymentAmount": cost,
                "OutstandingAmount": 0.0,
                "Currency": state.prices.currency,
            })
        })
        .collect();
    Ok(json!({"BillingCycle": month, "AccountID": workspace, "AccountName": workspace, "Items": {"Item": items}}))
}

fn settled(state: &State, workspace: &str, query: &Parameters) -> Answer<Value> {
    let (month, first, last) = cycle(query)?;
    let lines = monthly(state.daily_lines(workspace, &first.to_string(), &last.to_string())?, &month);
    let total = lines.len();
    let (page, size, next) = paged(lines, query)?;
    let items: Vec<Value> = page
        .iter()
        .map(|line| {
            let mut item = row(state, workspace, line, true);
            item["RecordID"] = json!(format!("{month};{}", instance_id(workspace, line)));
            item["Status"] = json!("PayFinish");
            item["UsageStartTime"] = json!(format!("{first} 00:00:00"));
            item["UsageEndTime"] = json!(format!("{last} 23:59:59"));
            item["PaymentTime"] = json!("");
            item
        })
        .collect();
    Ok(json!({
        "BillingCycle": month,
        "AccountID": workspace,
        "AccountName": workspace,
        "TotalCount": total,
        "MaxResults": size,
        "NextToken": next,
        "Items": {"Item": items},
    }))
}
