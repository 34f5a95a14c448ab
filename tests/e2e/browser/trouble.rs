//! What a person sees when something is wrong: one sentence in their language, and a page that still works.

use anyhow::{Result, ensure};
use pc_base::{Code, Language, coded};
use serde_json::json;

use crate::session::run;

#[test]
fn a_file_that_is_not_there_is_a_sentence_in_each_language() -> Result<()> {
    for (locale, language) in [("en", Language::English), ("zh-CN", Language::Chinese)] {
        run("missing-file", locale, async |session| {
            let flow = session.flow();
            let missing = session.installation.home.root().join("nowhere.jsonl");
            flow.look(locale, "light").await?;
            flow.check(&missing).await?;
            let sentence = coded(Code::FileNotFound).with("path", missing.display()).sentence(language);
            flow.screen.reads(&sentence).await?;
            // The page is still usable: the next file is checked.
            let file = session.installation.home.file("empty.jsonl", "");
            flow.check(&file).await?;
            flow.screen.reads("empty.jsonl").await
        })?;
    }
    Ok(())
}

#[test]
fn a_cloud_that_does_not_answer_leaves_every_page_usable() -> Result<()> {
    run("no-cloud", "en", async |session| {
        let (flow, words) = (session.flow(), &session.words);
        // Nothing listens there.
        let script = "const done = arguments[0]; const post = (command, body) => fetch('/rpc/' + command, {method: 'POST',\
            body: JSON.stringify(body), headers: {'content-type': 'application/json', authorization: 'Bearer ' + sessionStorage.getItem('token')}});\
            post('cloud_add', {name: 'Nowhere', base_url: 'http://127.0.0.1:9', billing_url: null, region: null, workspace: null, api_key: 'k',\
                access_key_id: null, access_key_secret: null}).then((a) => a.json()).then((cloud) => post('cloud_select', {id: cloud.id})).then((a) => done(a.status), (e) => done(String(e)));";
        let status = session.browser.run_async(script, json!([])).await?;
        ensure!(status == json!(200), "the cloud was not added and selected: {status}");
        for page in ["overview", "datasets", "finetunes", "models", "usage", "settings"] {
            flow.page(page).await?;
            let text = flow.screen.text().await?;
            ensure!(!text.contains(words.get("app.crashed")), "{page} stopped working:\n{text}");
        }
        flow.page("datasets").await?;
        // Its words after the name of the host.
        let sentence = Code::NetworkUnreachable.words(Language::English).rsplit('}').next().unwrap_or_default();
        flow.screen.reads(sentence.trim()).await
    })
}
