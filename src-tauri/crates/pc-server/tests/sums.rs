//! Random usage from a fixed seed: whatever adds up the bill, by day, month, instance, commodity, or any dimension, comes to
//! the same sum, which is that of records times prices rounded once a line.

mod common;

use std::collections::BTreeMap;

use common::{Call, Cloud};
use pc_store::cloud::{CloudStore, UsageRecord};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

const RECORDS: usize = 2_000;

/// Writes usage of November's first 24 days and answers what it costs.
fn used(cloud: &Cloud) -> Decimal {
    let database = CloudStore::open(cloud.dir.path()).unwrap();
    let desk = cloud.state.account_workspace_create(cloud.state.own_account().unwrap(), "desk").unwrap().id;
    let mut random = StdRng::seed_from_u64(11);
    let mut lines: BTreeMap<String, (u64, Decimal, bool)> = BTreeMap::new();
    database
        .write(|tx| {
            for n in 0..RECORDS {
                let which = random.random_range(0..4);
                let item = ["training_token", "input_token", "output_token", "model_unit_hour"][which];
                let prices = ["0.002", "0.0000001", "0.00065", "54"];
                let unit_price: Decimal = prices[(which + random.random_range(0..2)) % 4].parse()?;
                let record = UsageRecord {
                    source: format!("random/{n}"),
                    workspace_id: if random.random_bool(0.5) { desk.clone() } else { cloud.keys.workspace.clone() },
                    day: format!("2026-11-{:02}", random.random_range(1..25)),
                    kind: ["training", "inference", "inference", "deployment"][which].into(),
                    model: format!("m{}", random.random_range(0..3)),
                    base_model: format!("b{}", random.random_range(0..2)),
                    item: item.into(),
                    api_key_id: ["", "1", "2"][random.random_range(0..3)].into(),
                    quantity: random.random_range(1..100_000),
                    unit_price,
                    recorded_at: String::new(),
                };
                let r = &record;
                let name =
                    format!("{:?}", (&r.workspace_id, &r.day, &r.kind, &r.model, &r.base_model, item, &r.api_key_id));
                let line = lines.entry(format!("{name}{unit_price}")).or_insert((0, unit_price, which == 3));
                line.0 += record.quantity;
                tx.usage_add(&record)?;
            }
            Ok(())
        })
        .unwrap();
    let cost = |(quantity, price, hours): &(u64, Decimal, bool)| {
        let exact = Decimal::from(*quantity) * price / Decimal::from(if *hours { 3600 } else { 1000 });
        exact.round_dp_with_strategy(6, RoundingStrategy::MidpointNearestEven)
    };
    lines.values().map(cost).sum()
}

async fn asked(cloud: &Cloud, method: &str, path: &str, action: &str, query: &str) -> Value {
    let version = if path == "/" { "2017-12-14" } else { "2026-02-10" };
    let call = Call { keys: &cloud.keys, method, path, version, action, query };
    let (status, answer) = cloud.signed(call).await;
    assert_eq!(status, 200, "{action} {query}: {answer}");
    answer.get("Data").or(answer.get("data")).unwrap().clone()
}

async fn bss(cloud: &Cloud, action: &str, query: &str) -> Value {
    asked(cloud, "POST", "/", action, query).await
}

fn amount(value: &Value) -> Decimal {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().or_else(|_| Decimal::from_scientific(&text)).unwrap()
}

fn sum(rows: &Value, field: &str) -> Decimal {
    rows.as_array().unwrap().iter().map(|row| amount(&row[field])).sum()
}

/// All pages of a bill by instance.
async fn pages(cloud: &Cloud, query: &str, size: usize) -> Vec<Value> {
    let (mut rows, mut token): (Vec<Value>, String) = Default::default();
    loop {
        let mut all: Vec<String> = query.split('&').map(str::to_owned).collect();
        all.push(format!("MaxResults={size}"));
        all.extend((!token.is_empty()).then(|| format!("NextToken={token}")));
        all.sort();
        let page = bss(cloud, "DescribeInstanceBill", &all.join("&")).await;
        rows.extend(page["Items"].as_array().unwrap().clone());
        match page["NextToken"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => {
                assert_eq!(page["TotalCount"], json!(rows.len()));
                return rows;
            }
        }
    }
}

#[tokio::test]
async fn every_way_to_add_up_the_bill_comes_to_the_same() {
    let cloud = Cloud::new();
    let total = used(&cloud);
    let month = "BillingCycle=2026-11";
    let by_item = pages(&cloud, &format!("{month}&IsBillingItem=true"), 37).await;
    assert_eq!(sum(&json!(by_item), "PretaxAmount"), total);
    let by_instance = pages(&cloud, month, 300).await;
    assert_eq!(sum(&json!(by_instance), "PretaxAmount"), total);
    let mut names: Vec<&str> = by_instance.iter().map(|row| row["InstanceID"].as_str().unwrap()).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "an instance is one line");
    let mut by_day = Decimal::ZERO;
    for day in 1..=24 {
        let query = format!("{month}&BillingDate=2026-11-{day:02}&Granularity=DAILY&IsBillingItem=true");
        by_day += sum(&json!(pages(&cloud, &query, 300).await), "PretaxAmount");
    }
    assert_eq!(by_day, total);
    let overview = bss(&cloud, "QueryBillOverview", month).await;
    assert_eq!(sum(&overview["Items"]["Item"], "PretaxAmount"), total);
    let settled = bss(&cloud, "QuerySettleBill", &format!("{month}&MaxResults=300")).await;
    assert_eq!(sum(&settled["Items"]["Item"], "PretaxAmount"), total);

    for code in ["MAAS_TYPE", "BASE_MODEL", "API_KEY_ID", "WORKSPACE_ID", "FEE_TYPE", "CHARGE_TYPE", "ARTICLE_CODE"] {
        let group = format!("groupBy=%5B%7B%22code%22%3A%22{code}%22%7D%5D");
        let path = "/modelstudio/billing/overview";
        let costs = asked(&cloud, "GET", path, "GetBillingOverview", &format!("billMonth=2026-11&{group}")).await;
        assert_eq!((amount(&costs["totalAmount"]), sum(&costs["groups"], "amount")), (total, total), "{code}");
        for (granularity, start, end) in [("DAY", "2026-11-01", "2026-11-30"), ("MONTH", "2026-10", "2026-11")] {
            let period = format!("timePeriod=%7B%22start%22%3A%22{start}%22%2C%22end%22%3A%22{end}%22%7D&topNum=2");
            let query = format!("granularity={granularity}&{group}&{period}");
            let trend = asked(&cloud, "GET", "/modelstudio/billing/trend", "GetBillingTrend", &query).await;
            assert_eq!(amount(&trend["costTotals"]["amount"]), total, "{code} {granularity}");
            assert_eq!(sum(&trend["groupByTotal"], "amount"), total, "{code} {granularity}");
            let periods = trend["resultByTime"].as_array().unwrap();
            let totals: Decimal = periods.iter().map(|period| amount(&period["total"]["amount"])).sum();
            let details: Decimal = periods.iter().map(|period| sum(&period["periodDetails"], "amount")).sum();
            assert_eq!((totals, details), (total, total), "{code} {granularity}");
        }
    }
}
