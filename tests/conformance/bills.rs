//! Bills as the client reads them are the metered tokens times the price, to the last digit.

use jiff::SignedDuration;
use pc_base::Cancel;
use pc_cloud::BillLine;
use pc_protocol::{BillKind, CreateDeployment, DeploymentStatus, Generation, Message, SamplingParameters};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::cloud::{INPUT_TOKENS, OUTPUT_TOKENS, Serving, TRAINED_TOKENS, told, tuned};

/// Rounded once, half-even, to a millionth.
fn cost(quantity: u64, price: Decimal, units: u64) -> Decimal {
    let exact = Decimal::from(quantity) * price / Decimal::from(units);
    exact.round_dp_with_strategy(6, RoundingStrategy::MidpointNearestEven).normalize()
}

fn line<'a>(lines: &'a [BillLine], day: &str, item: &str) -> &'a BillLine {
    let mut found = lines.iter().filter(|line| line.day == day && line.item == item);
    let line = found.next().unwrap_or_else(|| panic!("{item} of {day} is on the bill: {lines:?}"));
    assert_eq!(found.next(), None, "{item} of {day} is one line");
    line
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_is_tokens_times_price_and_the_month_is_their_sum() {
    let serving = Serving::start().await;
    let cloud = serving.cloud();
    let prices = serving.prices.of("tiny").clone();
    let job = tuned(&serving, &cloud).await;
    let asked = Generation::chat("tiny", vec![Message::new("user", "hi")], SamplingParameters::default());
    for _ in 0..3 {
        cloud.generate(&asked).await.unwrap();
    }
    cloud.generate_stream(&asked, |_| (), &Cancel::default()).await.unwrap();
    let create = CreateDeployment {
        model_name: "tiny".into(),
        plan: Some("mu".into()),
        suffix: Some("hours".into()),
        ..CreateDeployment::default()
    };
    let deployed = cloud.deployment_create(&create).await.unwrap().deployed_model;
    while cloud.deployment(&deployed).await.unwrap().status != DeploymentStatus::Running {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    // 1 h 00 m 07 s, then the next day begins in the cloud's zone.
    serving.clock.advance(SignedDuration::from_secs(3607));
    cloud.deployment_delete(&deployed).await.unwrap();
    serving.clock.advance(SignedDuration::from_hours(24));
    cloud.generate(&asked).await.unwrap();

    let lines = cloud.bill_lines("2026-11").await.unwrap();
    let (first, second) = ("2026-11-24", "2026-11-25");
    let training = line(&lines, first, "training_token");
    assert_eq!((training.kind, training.model.as_str()), (BillKind::Training, job.result().unwrap()));
    assert_eq!(training.cost, cost(TRAINED_TOKENS, prices.training_token, 1000), "0.0030037…");
    assert_eq!(training.quantity, "1.001".parse().unwrap());
    for (day, answers) in [(first, 4), (second, 1)] {
        let (input, output) = (line(&lines, day, "input_token"), line(&lines, day, "output_token"));
        assert_eq!(input.cost, cost(INPUT_TOKENS * answers, prices.input_token, 1000));
        assert_eq!(output.cost, cost(OUTPUT_TOKENS * answers, prices.output_token, 1000));
        assert_eq!((output.unit_price, output.unit.as_str()), (prices.output_token, "1K tokens"));
        assert_eq!((output.kind, output.currency.as_str()), (BillKind::Inference, "CNY"));
        assert!(!output.api_key_id.is_empty(), "the bill is by key");
    }
    let hours = line(&lines, first, "model_unit_hour");
    assert_eq!((hours.kind, hours.cost), (BillKind::Hosting, cost(3607, prices.model_unit_hour, 3600)));
    assert_eq!(lines.len(), 6);
    assert!(lines.is_sorted_by_key(|line| line.day.clone()), "oldest day first");

    let sum: Decimal = lines.iter().map(|line| line.cost).sum();
    let overview = cloud.bill_overview("2026-11").await.unwrap();
    assert_eq!(overview.items.items.iter().map(|item| item.pretax_amount).sum::<Decimal>(), sum);
    let balance = cloud.balance().await.unwrap();
    assert_eq!((balance.available_amount, balance.currency.as_str()), (Decimal::ZERO, "CNY"));
    assert!(cloud.bill_lines("2026-10").await.unwrap().is_empty());
    assert!(cloud.bill_lines("2027-01").await.unwrap().is_empty(), "a month to come has no days yet");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_access_key_is_told_from_a_cloud_without_bills() {
    let serving = Serving::start().await;
    let mut endpoint = serving.endpoint();
    let billing = endpoint.billing.as_mut().unwrap();
    billing.access_key_secret = std::sync::Arc::new(pc_base::Secret::new("wrong".to_owned()));
    let (code, typed) = told(&serving.cloud_of(endpoint.clone()).balance().await.unwrap_err());
    assert_eq!((code, typed.cloud_code.as_deref()), (pc_base::Code::KeyInvalid, Some("SignatureDoesNotMatch")));
    endpoint.billing.as_mut().unwrap().access_key_id = "LTAInobody".into();
    let (code, typed) = told(&serving.cloud_of(endpoint.clone()).balance().await.unwrap_err());
    assert_eq!((code, typed.cloud_code.as_deref()), (pc_base::Code::KeyInvalid, Some("InvalidAccessKeyId.NotFound")));
    assert!(typed.request_id.is_some());
    endpoint.billing = None;
    let none = serving.cloud_of(endpoint).balance().await.unwrap_err();
    assert_eq!(none.downcast::<pc_base::Coded>().unwrap().code, pc_base::Code::InputInvalid);
}
