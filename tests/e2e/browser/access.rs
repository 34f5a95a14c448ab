//! Every page, in both languages and both themes, held to axe; and in the smallest window nothing is cut off.

use anyhow::{Context as _, Result, ensure};
use pc_tests::driver::Browser;
use serde_json::{Value, json};

use crate::session::run;

const PAGES: &[&[&str]] = &[
    &["overview"],
    &["datasets"],
    &["datasets", "new"],
    &["datasets", "sample"],
    &["finetunes"],
    &["finetunes", "new"],
    &["models"],
    &["models", "playground"],
    &["models", "deployments"],
    &["usage"],
    &["settings"],
    &["settings", "clouds"],
    &["settings", "storage"],
    &["settings", "keys"],
    &["settings", "about"],
];

#[test]
fn every_page_can_be_read_by_everybody_and_fits_the_smallest_window() -> Result<()> {
    run("access", "en", async |session| {
        let flow = session.flow();
        let mut broken = Vec::new();
        session.browser.resize(1024, 700).await?;
        flow.screen.find("heading", session.words.get("nav.overview")).await?;
        for language in ["en", "zh-CN"] {
            for theme in ["light", "dark"] {
                flow.look(language, theme).await?;
                for page in PAGES {
                    flow.address(page).await?;
                    settled(&session.browser).await?;
                    for what in violations(&session.browser).await? {
                        broken.push(format!("{} in {language}, {theme}: {what}", page.join("/")));
                    }
                }
            }
        }
        ensure!(broken.is_empty(), "axe and the smallest window name:\n{}", broken.join("\n"));
        Ok(())
    })
}

/// Waits until the page shows its content and nothing moves any more, because axe judges colours in the middle of a fade.
async fn settled(browser: &Browser) -> Result<()> {
    let script = "const done = arguments[0]; const started = performance.now(); let last = '', since = started;\
        const look = () => { const now = performance.now(); const text = document.body.innerText;\
            const moving = document.getAnimations().some((a) => a.playState === 'running' && a.effect?.getTiming().iterations !== Infinity);\
            const waiting = document.querySelector('.ant-skeleton, [aria-busy=true]');\
            if (text !== last || moving || waiting) { last = text; since = now; }\
            if (now - since > 400 || now - started > 10000) done(true); else setTimeout(look, 50); }; look();";
    browser.run_async(script, json!([])).await.map(drop)
}

/// What axe finds, and what is wider than the window.
async fn violations(browser: &Browser) -> Result<Vec<String>> {
    let axe = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/node_modules/axe-core/axe.min.js");
    if browser.run("return typeof axe", json!([])).await? != json!("object") {
        let source = std::fs::read_to_string(axe).context("axe-core is among the npm packages")?;
        browser.run(&source, json!([])).await?;
    }
    let script = "const done = arguments[0];\
        axe.run(document, {resultTypes: ['violations']}).then(({violations}) => {\
            const found = violations.flatMap((rule) => rule.nodes.map((node) => rule.id + ': ' + node.target.join(' ') + ' (' + (node.any[0]?.message ?? rule.help) + ')'));\
            const root = document.documentElement;\
            if (root.scrollWidth > root.clientWidth) found.push('wider than the window by ' + (root.scrollWidth - root.clientWidth));\
            done(found); }, (error) => done(['axe: ' + error]));";
    let found: Value = browser.run_async(script, json!([])).await?;
    let found = found.as_array().context("a list")?;
    Ok(found.iter().filter_map(|what| what.as_str().map(str::to_owned)).collect())
}
