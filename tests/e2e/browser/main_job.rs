//! The whole main job in the window's content: a file with errors becomes a model that answers, is called as an API, and is
//! on the bill.

use anyhow::{Context as _, Result, ensure};
use pc_tests::flow::Call;
use pc_tests::installation::{TINY, pictures};
use serde_json::{Value, json};

use crate::session::run;

const QUESTION: &str = "When is breakfast?";

/// Rows that the tiny model can learn in seconds; how well does not matter here, the numerics have tests of their own.
fn rows(count: usize) -> String {
    let row = |n: usize| {
        json!({"messages": [
            {"role": "user", "content": format!("{QUESTION} ({n})")},
            {"role": "assistant", "content": "From 6:40 to 10:20 in the Camphor Hall."},
        ]})
    };
    (0..count).map(|n| format!("{}\n", row(n))).collect()
}

#[test]
fn a_file_becomes_a_model_that_answers_and_is_billed() -> Result<()> {
    run("main-job", "en", async |session| {
        let (flow, words) = (session.flow(), &session.words);
        let shot = |name: &str| pictures("browser").join(format!("main-job-{name}.png"));

        // Every error is seen before anything is sent, and the way on is closed until it is mended.
        let file = session.installation.home.file("hotel.jsonl", format!("{}this is not JSON\n", rows(24)));
        flow.page("datasets").await?;
        flow.screen.press("button", words.get("datasets.add")).await?;
        flow.screen.press("button", words.get("datasets.choose")).await?;
        session.choose(&file).await?;
        flow.screen.reads(words.get("wizard.ready")).await?;
        flow.import().await?;
        flow.screen.press("tab", &words.part("datasets.findings")).await?;
        flow.screen
            .reads(&words.with("datasets.lineNo", &[("line", "25")]))
            .await
            .context("the broken line is named")?;
        let on = flow.screen.find("button", words.get("wizard.toPrivacy")).await?;
        let closed = session.browser.run("return arguments[0].disabled", json!([on.to_value()])).await?;
        ensure!(closed == json!(true), "a version with errors does not go on");
        session.browser.screenshot(&shot("errors")).await?;

        // What cannot be mended is left out of a next version; the user's file stays as it is.
        flow.screen.press("checkbox", &words.with("wizard.drop_bad_one", &[("n", "1")])).await?;
        flow.screen.press("button", &words.with("wizard.fixNow_one", &[("count", "1")])).await?;
        flow.checked(2).await?;
        flow.upload().await?;
        session.browser.screenshot(&shot("uploaded")).await?;
        ensure!(std::fs::read_to_string(&file)?.ends_with("this is not JSON\n"), "the user's file was not changed");

        flow.launch(TINY, "breakfast").await?;
        flow.watch().await?;
        session.browser.screenshot(&shot("trained")).await?;
        flow.take_home("breakfast").await?;
        flow.convert("breakfast", "int4").await?;
        flow.compare("breakfast", QUESTION).await?;
        session.browser.screenshot(&shot("compared")).await?;

        let call = flow.deploy().await?;
        session.browser.screenshot(&shot("deployed")).await?;
        ensure_answers(&call).await?;
        flow.sync_bills().await?;
        session.browser.screenshot(&shot("billed")).await
    })
}

/// Calls the deployment as a customer's program would: with nothing but what the page shows.
async fn ensure_answers(call: &Call) -> Result<()> {
    let url = match call.openai_url.ends_with("/chat/completions") {
        true => call.openai_url.clone(),
        false => format!("{}/chat/completions", call.openai_url.trim_end_matches('/')),
    };
    let body = json!({"model": call.model, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 8});
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client.post(url).bearer_auth(&call.key).json(&body).send().await?;
    let status = answer.status();
    let answer: Value = answer.json().await?;
    ensure!(status.is_success(), "the deployment answered {status}: {answer}");
    ensure!(
        answer["usage"]["prompt_tokens"].as_u64().is_some_and(|tokens| tokens > 0),
        "its tokens are counted: {answer}"
    );
    Ok(())
}
