//! The page as a person reads it: things by role and name, waited for. Deliberately absent: selectors of any other kind, and
//! words, which each test takes from one table.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::driver::{Browser, Element};

/// How long something may take to appear that needs no heavy work; 2 busy cores are slow.
pub const SOON: Duration = Duration::from_secs(30);

const FIND: &str = include_str!("screen.js");

/// What is shown of the page.
pub struct Screen<'a>(pub &'a Browser);

impl Screen<'_> {
    /// The visible element of a role with that name; a name that starts with `~` may be a part of it.
    pub async fn find(&self, role: &str, name: &str) -> Result<Element> {
        self.find_within(role, name, SOON).await
    }

    /// As [`Self::find`], with a time of its own.
    pub async fn find_within(&self, role: &str, name: &str, limit: Duration) -> Result<Element> {
        let until = Instant::now() + limit;
        loop {
            if let Some(found) = self.now(role, name).await? {
                return Ok(found);
            }
            if Instant::now() > until {
                let text = self.text().await.unwrap_or_default();
                bail!("there is no {role} named {name:?}; the page reads:\n{text}");
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    /// Whether it is there at this moment.
    pub async fn now(&self, role: &str, name: &str) -> Result<Option<Element>> {
        Ok(Element::from_value(&self.0.run(FIND, json!([role, name])).await?))
    }

    /// Presses it once it is there; pressed again when the page moved it away under the pointer.
    pub async fn press(&self, role: &str, name: &str) -> Result<()> {
        self.press_within(role, name, SOON).await
    }

    /// As [`Self::press`], with a time of its own.
    pub async fn press_within(&self, role: &str, name: &str, limit: Duration) -> Result<()> {
        let until = Instant::now() + limit;
        loop {
            let element = self.find_within(role, name, until.saturating_duration_since(Instant::now())).await?;
            let outcome = if self.can_be_pressed(&element).await? {
                self.0.click(&element).await
            } else {
                Err(anyhow::anyhow!("it is disabled or still moves"))
            };
            match outcome {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() > until => {
                    let text = self.text().await.unwrap_or_default();
                    return Err(error)
                        .with_context(|| format!("pressing the {role} {name:?} of a page that reads:\n{text}"));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }

    /// Whether it is enabled and stands still in the middle, where nothing that sticks to an edge covers it: a dialog that still
    /// grows would move it away under the pointer.
    async fn can_be_pressed(&self, element: &Element) -> Result<bool> {
        let script = "const [element, done] = arguments;\
            if (element.disabled || element.getAttribute('aria-disabled') === 'true') return done(false);\
            element.scrollIntoView({block: 'center', behavior: 'instant'});\
            const place = () => JSON.stringify(element.getBoundingClientRect());\
            const before = place();\
            setTimeout(() => done(element.isConnected && place() === before), 80);";
        Ok(self.0.run_async(script, json!([element.to_value()])).await? == json!(true))
    }

    /// Replaces a field's content.
    pub async fn fill(&self, role: &str, name: &str, text: &str) -> Result<()> {
        let field = self.find(role, name).await?;
        self.0.clear(&field).await?;
        self.0.type_into(&field, text).await
    }

    /// Waits until the page shows a text.
    pub async fn reads(&self, text: &str) -> Result<()> {
        self.reads_within(text, SOON).await
    }

    /// As [`Self::reads`], with a time of its own.
    pub async fn reads_within(&self, text: &str, limit: Duration) -> Result<()> {
        let until = Instant::now() + limit;
        while !self.text().await?.contains(text) {
            if Instant::now() > until {
                bail!("the page does not read {text:?} but:\n{}", self.text().await?);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// All that the page shows, and the details of a refusal that are folded away.
    pub async fn text(&self) -> Result<String> {
        let script = "const folded = [...document.querySelectorAll('details:not([open]) .detail')];\
            return [document.body.innerText, ...folded.map((detail) => detail.textContent)].join('\\n')";
        let text = self.0.run(script, json!([])).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// A value that a script reads from the page.
    pub async fn read(&self, script: &str) -> Result<Value> {
        self.0.run(script, json!([])).await
    }
}
