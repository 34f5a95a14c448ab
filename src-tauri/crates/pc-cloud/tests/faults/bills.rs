//! Bills as real clouds may write them.

use std::sync::Arc;

use pc_base::{Clock, FixedClock};
use pc_cloud::{Cloud, ErrorKind};
use rust_decimal::Decimal;

use crate::fake::{Fake, Seen, json, quick, told};

fn page(items: &str, next: &str) -> axum::response::Response {
    json(
        200,
        &format!(
            r#"{{"Code":"Success","Success":true,"RequestId":"R","Data":{{"TotalCount":3,"NextToken":{next},"Items":[{items}]}}}}"#
        ),
    )
}

fn asked(seen: &Seen, name: &str) -> Option<String> {
    let query = seen.target.split_once('?')?.1;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

/// On the second of a month, so that two days are read.
fn on_the_second(fake: &Fake) -> Cloud {
    let clock: Arc<dyn Clock> = Arc::new(FixedClock::new("2026-11-01T17:00:00Z".parse().unwrap()));
    Cloud::with_clock(fake.endpoint(), &quick(), clock).unwrap()
}

#[tokio::test]
async fn all_pages_of_all_days_are_read_and_no_digit_is_lost() {
    let fake =
        Fake::start(|_, seen| match (asked(seen, "BillingDate").as_deref(), asked(seen, "NextToken").as_deref()) {
            (Some("2026-11-01"), None) => {
                page(r#"{"PretaxAmount":0.1234567890123456789,"Currency":"CNY"}"#, r#""a b+c""#)
            }
            (Some("2026-11-01"), Some("a%20b%2Bc")) => page(r#"{"PretaxAmount":1e-7,"Usage":"1,234.5"}"#, r#""""#),
            (Some("2026-11-02"), None) => page(r#"{"PretaxAmount":"2.50","BillingDate":null}"#, "null"),
            other => panic!("no such page was offered: {other:?}"),
        });
    let fake = fake.await;
    let lines = on_the_second(&fake).bill_lines("2026-11").await.unwrap();
    let costs: Vec<String> = lines.iter().map(|line| line.cost.to_string()).collect();
    assert_eq!(costs, ["0.1234567890123456789", "0.0000001", "2.50"]);
    assert_eq!(
        lines.iter().map(|line| line.day.as_str()).collect::<Vec<_>>(),
        ["2026-11-01", "2026-11-01", "2026-11-02"]
    );
    assert_eq!(lines[1].quantity, "1234.5".parse::<Decimal>().unwrap());
    let seen = fake.seen();
    assert_eq!(seen.len(), 3, "days to come are not asked for");
    let nonces: std::collections::BTreeSet<_> =
        seen.iter().map(|s| s.headers["x-acs-signature-nonce"].clone()).collect();
    assert_eq!(nonces.len(), 3, "a nonce is good once");
    assert!(seen.iter().all(|s| s.headers["x-acs-date"] == "2026-11-01T17:00:00Z"));
}

#[tokio::test]
async fn pages_that_do_not_end_and_errors_with_a_good_status_are_told() {
    let endless = Fake::start(|_, _| page("", r#""same""#)).await;
    let error = on_the_second(&endless).bill_lines("2026-11").await.unwrap_err();
    assert_eq!(told(&error).1.kind, ErrorKind::Garbled);
    let denied = Fake::start(|_, _| {
        json(200, r#"{"Code":"NotAuthorized","Success":false,"RequestId":"R-1","Message":"No right."}"#)
    })
    .await;
    let (code, typed) = told(&on_the_second(&denied).balance().await.unwrap_err());
    assert_eq!((code, typed.cloud_code.as_deref()), (pc_base::Code::CloudRefused, Some("NotAuthorized")));
    assert_eq!(typed.request_id.as_deref(), Some("R-1"));
    let free = Fake::start(|_, _| page(r#"{"Usage":"1"}"#, "null")).await;
    let error = on_the_second(&free).bill_lines("2026-11").await.unwrap_err();
    assert_eq!(told(&error).1.kind, ErrorKind::Garbled, "a line without an amount is not free");
}

#[tokio::test]
async fn a_throttled_bill_is_signed_anew_for_the_next_try() {
    let fake = Fake::start(|before, _| match before {
        0 => json(400, r#"{"RequestId":"R","Code":"Throttling.User","Message":"m"}"#),
        _ => json(200, r#"{"Code":"Success","Success":true,"Data":{"AvailableAmount":"1,000.01","Currency":"CNY"}}"#),
    });
    let fake = fake.await;
    assert_eq!(fake.cloud().balance().await.unwrap().available_amount, "1000.01".parse().unwrap());
    let seen = fake.seen();
    assert_ne!(seen[0].headers["x-acs-signature-nonce"], seen[1].headers["x-acs-signature-nonce"]);
}
