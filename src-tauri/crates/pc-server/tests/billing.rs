//! The billing API: signatures that are really verified, and bills that add up to the last digit.

mod common;

use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::StatusCode;
use common::Cloud;
use hmac::{Hmac, Mac as _};
use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What a client signs; every test of a refusal changes one thing.
struct Signing {
    id: String,
    secret: String,
    date: String,
    nonce: String,
    /// Sent instead of the signed query.
    sent_query: Option<String>,
}

static NONCES: AtomicU32 = AtomicU32::new(0);

impl Signing {
    fn of(cloud: &Cloud) -> Self {
        Self {
            id: cloud.keys.access_key_id.clone(),
            secret: cloud.keys.access_key_secret.expose().clone(),
            date: pc_base::Clock::now(&*cloud.clock).strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            nonce: format!("nonce-{}", NONCES.fetch_add(1, Ordering::SeqCst)),
            sent_query: None,
        }
    }

    async fn send(&self, cloud: &Cloud, action: &str, query: &str) -> (StatusCode, Value) {
        let hash = hex::encode(Sha256::digest(b""));
        let list = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
        let (date, nonce) = (&self.date, &self.nonce);
        let headers = format!(
            "host:127.0.0.1:8000\nx-acs-action:{action}\nx-acs-content-sha256:{hash}\nx-acs-date:{date}\n\
             x-acs-signature-nonce:{nonce}\nx-acs-version:2017-12-14\n"
        );
        let canonical = format!("POST\n/\n{query}\n{headers}\n{list}\n{hash}");
        let to_sign = format!("ACS3-HMAC-SHA256\n{}", hex::encode(Sha256::digest(canonical)));
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(to_sign.as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        let authorization =
            format!("ACS3-HMAC-SHA256 Credential={},SignedHeaders={list},Signature={signature}", self.id);
        let sent = self.sent_query.as_deref().unwrap_or(query);
        let request = common::request("POST", &format!("/?{sent}"))
            .header("x-acs-action", action)
            .header("x-acs-version", "2017-12-14")
            .header("x-acs-date", date)
            .header("x-acs-signature-nonce", nonce)
            .header("x-acs-content-sha256", &hash)
            .header("authorization", authorization);
        let (status, _, bytes) = cloud.send(request.body("".into()).unwrap()).await;
        (status, serde_json::from_slice(&bytes).unwrap())
    }
}

async fn data(cloud: &Cloud, action: &str, query: &str) -> Value {
    let (status, answer) = Signing::of(cloud).send(cloud, action, query).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["Code"], &answer["Success"]), (&json!("Success"), &json!(true)));
    answer["Data"].clone()
}

fn sum(items: &Value) -> Decimal {
    let amounts = items.as_array().unwrap().iter().map(|item| item["PretaxAmount"].to_string());
    amounts.map(|text| Decimal::from_scientific(&text).or_else(|_| text.parse()).unwrap()).sum()
}

#[tokio::test]
async fn every_kind_of_bad_signature_is_refused_by_its_code() {
    let cloud = Cloud::new();
    let refused = async |signing: Signing| {
        let (status, answer) = signing.send(&cloud, "QueryAccountBalance", "").await;
        assert!(status.is_client_error() && answer["RequestId"].is_string() && answer["HostId"].is_string());
        answer["Code"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(Signing { secret: "wrong".into(), ..Signing::of(&cloud) }).await, "SignatureDoesNotMatch");
    assert_eq!(refused(Signing { id: "nobody".into(), ..Signing::of(&cloud) }).await, "InvalidAccessKeyId.NotFound");
    let changed = Signing { sent_query: Some("MaxResults=1".into()), ..Signing::of(&cloud) };
    assert_eq!(refused(changed).await, "SignatureDoesNotMatch");
    let old = Signing { date: "2026-11-24T01:44:00Z".into(), ..Signing::of(&cloud) };
    assert_eq!(refused(old).await, "InvalidTimeStamp.Expired");
    let nonce = Signing::of(&cloud).nonce;
    let (status, _) =
        Signing { nonce: nonce.clone(), ..Signing::of(&cloud) }.send(&cloud, "QueryAccountBalance", "").await;
    assert_eq!(status, 200);
    assert_eq!(refused(Signing { nonce, ..Signing::of(&cloud) }).await, "SignatureNonceUsed");
    let (status, answer) = Signing::of(&cloud).send(&cloud, "NoSuchAction", "").await;
    assert_eq!((status.as_u16(), &answer["Code"]), (404, &json!("InvalidAction.NotFound")));
    assert_eq!(cloud.call("POST", "/", Value::Null).await.0, 400, "an API key does not open bills");
}

#[tokio::test]
async fn what_was_used_is_on_the_bill_once_and_the_lines_add_up() {
    let cloud = Cloud::new();
    let job = cloud.tune(&cloud.dataset().await).await;
    cloud.until(&format!("/api/v1/fine-tunes/{job}"), "SUCCEEDED").await;
    let generation = "/api/v1/services/aigc/text-generation/generation";
    for _ in 0..3 {
        cloud.call("POST", generation, json!({"model": "tiny", "input": {"prompt": "hi"}})).await;
    }
    let daily = "BillingCycle=2026-11&BillingDate=2026-11-24&Granularity=DAILY&IsBillingItem=true&MaxResults=300&ProductCode=sfm";
    let bill = data(&cloud, "DescribeInstanceBill", daily).await;
    let line = |item: &str| {
        let found = bill["Items"].as_array().unwrap().iter().find(|line| line["BillingItemCode"] == item);
        found.unwrap_or_else(|| panic!("{item} is on the bill: {bill}")).clone()
    };
    let training = line("training_token");
    assert_eq!((&training["Usage"], &training["UsageUnit"]), (&json!("1"), &json!("1K tokens")));
    assert_eq!((&training["ListPrice"], training["PretaxAmount"].to_string()), (&json!("0.003"), "0.003".to_owned()));
    let output = line("output_token");
    assert_eq!(output["Usage"], "0.009", "three answers of three tokens are one line");
    assert_eq!(output["PretaxAmount"].to_string(), "5e-6", "0.009 x 0.0006 = 0.0000054, rounded once");
    let model = output["InstanceID"].as_str().unwrap().split(';').nth(2).unwrap().to_owned();
    assert_eq!(model, "tiny", "the instance id names the model");

    let monthly = data(&cloud, "DescribeInstanceBill", "BillingCycle=2026-11&IsBillingItem=true").await;
    let overview = data(&cloud, "QueryBillOverview", "BillingCycle=2026-11").await;
    let settled = data(&cloud, "QuerySettleBill", "BillingCycle=2026-11").await;
    let total = sum(&bill["Items"]);
    assert_eq!(sum(&monthly["Items"]), total, "the month is the sum of its days");
    assert_eq!(sum(&overview["Items"]["Item"]), total, "the overview is the sum of the lines");
    assert_eq!(sum(&settled["Items"]["Item"]), total);
    let other = data(&cloud, "DescribeInstanceBill", "BillingCycle=2026-10").await;
    assert_eq!(other["TotalCount"], 0);
    assert!(
        data(&cloud, "QueryAccountBalance", "").await["AvailableAmount"].is_string(),
        "amounts of an account are text"
    );
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    let cloud = Cloud::new();
    let generation = "/api/v1/services/aigc/text-generation/generation";
    cloud.call("POST", generation, json!({"model": "tiny", "input": {"prompt": "hi"}})).await;
    let first = data(&cloud, "DescribeInstanceBill", "BillingCycle=2026-11&MaxResults=1").await;
    assert_eq!((&first["TotalCount"], first["Items"].as_array().unwrap().len()), (&json!(2), 1));
    let token = first["NextToken"].as_str().unwrap();
    let second =
        data(&cloud, "DescribeInstanceBill", &format!("BillingCycle=2026-11&MaxResults=1&NextToken={token}")).await;
    assert_ne!(first["Items"][0]["InstanceID"], second["Items"][0]["InstanceID"]);
    assert_eq!(second["NextToken"], Value::Null);
    let (status, _) =
        Signing::of(&cloud).send(&cloud, "DescribeInstanceBill", "BillingCycle=2026-11&MaxResults=301").await;
    assert_eq!(status, 400);
    let (status, _) = Signing::of(&cloud).send(&cloud, "DescribeInstanceBill", "BillingCycle=nonsense").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn hours_are_charged_to_the_second_by_the_capacity_of_their_time() {
    let cloud = Cloud::new();
    let (_, row) =
        cloud.call("POST", "/api/v1/deployments", json!({"model_name": "tiny", "plan": "mu", "suffix": "a"})).await;
    let path = format!("/api/v1/deployments/{}", row["output"]["deployed_model"].as_str().unwrap());
    cloud.until(&path, "RUNNING").await;
    cloud.clock.advance(SignedDuration::from_secs(1800));
    cloud.call("PUT", &format!("{path}/scale"), json!({"capacity": 2})).await;
    cloud.clock.advance(SignedDuration::from_secs(900));
    cloud.call("DELETE", &path, Value::Null).await;
    let bill = data(&cloud, "DescribeInstanceBill", "BillingCycle=2026-11&IsBillingItem=true").await;
    let line = &bill["Items"][0];
    assert_eq!(
        (&line["Usage"], &line["UsageUnit"]),
        (&json!("1"), &json!("hour")),
        "half an hour and a quarter of two"
    );
    assert_eq!(line["PretaxAmount"].to_string(), "0.5");
}
