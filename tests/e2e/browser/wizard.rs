//! The upload wizard step by step, each with what stops it: a source that is no data, errors, personal data that would go up, a
//! cloud that does not answer; and a draft that is there again after the window was closed.

use anyhow::{Result, ensure};
use pc_base::{Code, Language};
use pc_tests::screen::Screen;
use serde_json::json;

use crate::session::{Session, run};

/// Rows of which the last but one is what a test is about.
fn rows(special: &str) -> String {
    let row = |n: usize, answer: &str| json!({"messages": [{"role": "user", "content": format!("Question {n}?")}, {"role": "assistant", "content": answer}]});
    let plain = ["In the east wing.", "Every day but Monday.", "At the desk, before noon.", "Free for guests."];
    let lines = (0..12).map(|n| row(n, if n == 10 { special } else { plain[n % 4] }).to_string());
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

async fn is_closed(session: &Session, button: &str) -> Result<bool> {
    let button = Screen(&session.browser).find("button", button).await?;
    Ok(session.browser.run("return arguments[0].disabled", json!([button.to_value()])).await? == json!(true))
}

#[test]
fn a_spreadsheet_is_mapped_on_live_rows_and_what_is_no_data_is_refused() -> Result<()> {
    run("wizard-choose", "en", async |session| {
        let (flow, words) = (session.flow(), &session.words);
        let picture = session.installation.home.file("photo.png", [0x89, b'P', b'N', b'G', 0, 1, 2, 3, 0, 0, 255]);
        flow.check(&picture).await?;
        flow.screen.find("alert", "~").await?;
        flow.screen.press("button", words.get("wizard.other")).await?;
        flow.screen.find("button", words.get("wizard.chooseFolder")).await?;
        let table =
            "question,answer\nWhen is breakfast?,From 6:40.\nIs there parking?,\nWhere is the pool?,On the roof.\n";
        flow.check(&session.installation.home.file("faq.csv", table)).await?;
        // Which rows become rows to train on is seen before anything is made of them.
        let live = words.with("wizard.liveText", &[("good", "2"), ("rows", "3")]);
        flow.screen.reads(&live).await?;
        flow.import().await?;
        flow.screen.reads(&words.with("datasets.good", &[("good", "2"), ("rows", "2")])).await
    })
}

#[test]
fn errors_stop_the_way_on_until_they_are_gone() -> Result<()> {
    run("wizard-check", "zh-CN", async |session| {
        let (flow, words) = (session.flow(), &session.words);
        flow.look("zh-CN", "dark").await?;
        let file = session.installation.home.file("broken.jsonl", format!("{}nothing\n", rows("In the lobby.")));
        flow.check(&file).await?;
        flow.import().await?;
        ensure!(is_closed(&session, words.get("wizard.toPrivacy")).await?, "errors stop the way on");
        flow.screen.press("checkbox", &words.with("wizard.drop_bad_one", &[("n", "1")])).await?;
        flow.screen.press("button", words.get("wizard.previewFix")).await?;
        flow.screen.find("region", words.get("wizard.changes")).await?;
        flow.screen.press("button", &words.with("wizard.fixNow_one", &[("count", "1")])).await?;
        flow.checked(2).await?;
        ensure!(!is_closed(&session, words.get("wizard.toPrivacy")).await?, "without errors the way on is open");
        Ok(())
    })
}

#[test]
fn personal_data_goes_up_only_masked_or_by_a_yes() -> Result<()> {
    run("wizard-privacy", "en", async |session| {
        let (flow, words) = (session.flow(), &session.words);
        flow.check(&session.installation.home.file("calls.jsonl", rows("Ask Li at 13812345678."))).await?;
        flow.import().await?;
        flow.screen.press("button", words.get("wizard.toPrivacy")).await?;
        flow.step("privacy").await?;
        flow.screen.reads("13812345678").await?;
        ensure!(is_closed(&session, words.get("wizard.toUpload")).await?, "finds stop the way on");
        let keep = words.get("wizard.keepFindsText").split("{{").next().unwrap_or_default();
        flow.screen.press("checkbox", &format!("~{keep}")).await?;
        ensure!(!is_closed(&session, words.get("wizard.toUpload")).await?, "a yes that names them opens it");
        flow.screen.press("checkbox", &format!("~{keep}")).await?;
        // What was left is there again, in a window that knows nothing of it.
        flow.screen.reads(words.get("wizard.saved")).await?;
        session.browser.run("location.reload()", json!([])).await?;
        flow.step("privacy").await?;
        flow.screen.press("button", words.get("wizard.mask")).await?;
        flow.screen.reads(words.get("wizard.statement")).await?;
        flow.upload_masked().await
    })
}

#[test]
fn an_upload_that_is_refused_can_be_sent_again() -> Result<()> {
    run("wizard-upload", "en", async |session| {
        let (flow, words) = (session.flow(), &session.words);
        flow.check(&session.installation.home.file("plain.jsonl", rows("In the lobby."))).await?;
        flow.import().await?;
        session.select_nowhere().await?;
        flow.screen.press("button", words.get("wizard.toPrivacy")).await?;
        flow.screen.press("button", words.get("wizard.toUpload")).await?;
        flow.step("upload").await?;
        flow.send_undivided().await?;
        let sentence = Code::NetworkUnreachable.words(Language::English).rsplit('}').next().unwrap_or_default();
        flow.screen.reads(sentence.trim()).await?;
        session.select("embedded").await?;
        flow.screen.press("button", words.get("act.retry")).await?;
        flow.uploaded().await?;
        flow.page("datasets").await?;
        ensure!(!flow.screen.text().await?.contains(words.get("datasets.begun")), "a finished draft is gone");
        Ok(())
    })
}
