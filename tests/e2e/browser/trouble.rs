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
            // The page is still usable: the next file is looked at.
            let row = json!({"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]});
            let file = session.installation.home.file("next.jsonl", format!("{row}\n"));
            flow.check(&file).await?;
            flow.screen.reads(&session.words.with("wizard.what", &[("name", "next.jsonl")])).await
        })?;
    }
    Ok(())
}

#[test]
fn a_cloud_that_does_not_answer_leaves_every_page_usable() -> Result<()> {
    run("no-cloud", "en", async |session| {
        let (flow, words) = (session.flow(), &session.words);
        session.select_nowhere().await?;
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
