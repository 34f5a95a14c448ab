//! All seven steps, twice in one home.

use pc_testkit::{Untouched, tiny_rows};
use pc_tests::installation::{Installation, TINY};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use crate::partner::{Ran, run};

const STEPS: [&str; 7] = ["check", "upload", "tune", "take_home", "ask", "serve", "bill"];
/// Yuan for 1,000 tokens, trained, read and written: the price book's row for models that it does not name.
const PRICES: [&str; 3] = ["0.003", "0.0003", "0.0006"];

fn golden(here: &Installation, name: &str, required: &[&str]) -> String {
    let questions =
        ["早餐几点开始？", "Is there a pool?", "可以晚一点退房吗？", "Do you have parking?", "发票怎么开？"];
    let set: Vec<Value> = questions.iter().map(|q| json!({"question": q, "required": required})).collect();
    here.home.file(name, Value::from(set).to_string()).display().to_string()
}

fn main_job(here: &Installation, golden: &str) -> Ran {
    let file = here.home.file("train.jsonl", tiny_rows(30)).display().to_string();
    run(here, &["main-job", "--model", TINY, "--file", &file, "--golden", golden])
}

fn finished(ran: &Ran) -> Vec<&str> {
    let events = ran.lines.iter().filter_map(|line| line.get("event"));
    events.filter(|event| event["kind"] == "finished").filter_map(|event| event["step"].as_str()).collect()
}

#[test]
fn a_file_becomes_a_model_that_answers_offline_is_served_and_billed() {
    let here = Installation::new();
    let elsewhere = Untouched::platform();
    // Nothing is required, because a model of a few thousand weights can learn nothing.
    let done = main_job(&here, &golden(&here, "golden.json", &[]));
    assert_eq!(done.status, 0, "{:#}", done.result());
    assert_eq!(finished(&done), STEPS, "every step ends, in order");
    let summary = &done.result()["summary"];
    let steps: Vec<&str> = summary["steps"].as_array().unwrap().iter().filter_map(|step| step[0].as_str()).collect();
    assert_eq!(steps, STEPS);
    assert_eq!(summary["check"]["rows"], 30);
    let tokens = |at: &Value, name: &str| at[name].as_u64().unwrap_or_else(|| panic!("{name} in {at}"));
    let trained = tokens(&summary["tune"], "tokens");
    assert!(
        trained > 0 && summary["tune"]["loss_last"].as_f64() < summary["tune"]["loss_first"].as_f64(),
        "it learned"
    );
    assert_eq!(summary["take_home"]["sha256"].as_str().map(str::len), Some(64));
    let forms = summary["take_home"]["forms"].as_array().unwrap();
    assert!(forms.len() == 4 && forms.iter().all(|form| form["bytes"].as_u64() > Some(0)), "{forms:?}");
    assert_eq!(summary["ask"]["recalls"].as_array().map(Vec::len), Some(4), "base and tuned, f32 and int4");
    answers_were_streamed_to_both(&done);
    let calls = summary["serve"]["calls"].as_array().unwrap();
    let how = |call: &Value| (call["api"].as_str().unwrap().to_owned(), call["streamed"].as_bool().unwrap());
    let ways = [("native", false), ("native", true), ("openai", false), ("openai", true)];
    assert_eq!(calls.iter().map(how).collect::<Vec<_>>(), ways.map(|(api, streamed)| (api.to_owned(), streamed)));
    assert_eq!(summary["serve"]["same"], true, "greedy answers do not depend on the way they were asked for");
    let sum = |name: &str| calls.iter().map(|call| tokens(call, name)).sum::<u64>();
    bill_is_tokens_times_price(&summary["bill"], [trained, sum("input_tokens"), sum("output_tokens")]);
    again(&here, summary);
    assert_eq!(elsewhere.changes(), Vec::<std::path::PathBuf>::new(), "nothing was written outside the home");
}

fn answers_were_streamed_to_both(done: &Ran) {
    for who in ["base", "tuned"] {
        let told = |event: &&Value| event["kind"] == "answered" && event["who"] == who;
        let answered = done.lines.iter().filter_map(|line| line.get("event")).filter(told).count();
        assert!(answered > 0, "{who} was asked before the golden set");
    }
}

fn bill_is_tokens_times_price(bill: &Value, tokens: [u64; 3]) {
    let mut cost = Decimal::ZERO;
    for (name, (count, price)) in
        ["training_tokens", "input_tokens", "output_tokens"].iter().zip(tokens.iter().zip(PRICES))
    {
        assert_eq!(bill[name].as_u64(), Some(*count), "{name} of {bill}");
        let exact = Decimal::from(*count) * price.parse::<Decimal>().unwrap() / Decimal::from(1000);
        cost += exact.round_dp_with_strategy(6, RoundingStrategy::MidpointNearestEven);
    }
    assert_eq!(bill["cost"]["amount"].as_str().unwrap().parse::<Decimal>().unwrap(), cost, "{bill}");
    assert_eq!(bill["cost"]["currency"], "CNY");
}

/// A second run in the same home, with a golden set that asks for what nobody taught.
fn again(here: &Installation, first: &Value) {
    let failed = main_job(here, &golden(here, "hard.json", &["什么都不知道"]));
    assert_eq!((failed.code(), failed.status), ("model_not_better", 1), "{:#}", failed.result());
    assert_eq!(finished(&failed), &STEPS[..4], "the run ends at the step that failed");
    let jobs = run(here, &["tune", "list"]);
    assert_eq!(jobs.result()["jobs"].as_array().map(Vec::len), Some(2));
    let models = run(here, &["model", "list"]);
    let models = models.result()["models"].as_array().unwrap();
    assert!(models.iter().any(|model| model["model"] == first["take_home"]["model"]), "the first run's model stays");
}
