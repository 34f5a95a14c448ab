//! A small WebDriver client: what the tests need of the protocol, over loopback HTTP. Deliberately absent: which element is
//! meant, which is `screen`.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use serde_json::{Value, json};

/// The key under which the protocol names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A session of a driver.
pub struct Browser {
    http: reqwest::Client,
    session: String,
}

/// An element of the page that was shown when it was found.
#[derive(Clone, Debug)]
pub struct Element(String);

impl Element {
    /// As a script's argument.
    pub fn to_value(&self) -> Value {
        json!({ ELEMENT: self.0 })
    }

    /// From a script's result.
    pub fn from_value(value: &Value) -> Option<Self> {
        value.get(ELEMENT).and_then(Value::as_str).map(|id| Self(id.to_owned()))
    }
}

impl Browser {
    /// Opens a session with the driver at `root`, such as `http://127.0.0.1:4444`, once it answers.
    pub async fn open(root: &str, capabilities: Value) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(120)).build()?;
        let mut browser = Self { http, session: root.to_owned() };
        for _ in 0..150 {
            if browser.get("/status").await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let asked = json!({"capabilities": {"alwaysMatch": capabilities, "firstMatch": [{}]}});
        let opened = browser.post("/session", asked).await.context("opening a session of the browser")?;
        let id = opened["sessionId"].as_str().context("a session has an id")?;
        browser.session = format!("{root}/session/{id}");
        Ok(browser)
    }

    /// Opens an address.
    pub async fn go(&self, url: &str) -> Result<()> {
        self.post("/url", json!({"url": url})).await.map(drop)
    }

    /// Runs a function body in the page and returns its result.
    pub async fn run(&self, script: &str, args: Value) -> Result<Value> {
        self.post("/execute/sync", json!({"script": script, "args": args})).await
    }

    /// Runs a function body whose last argument is the callback that ends it.
    pub async fn run_async(&self, script: &str, args: Value) -> Result<Value> {
        self.post("/execute/async", json!({"script": script, "args": args})).await
    }

    /// A real click, which needs the element to be visible and not covered.
    pub async fn click(&self, element: &Element) -> Result<()> {
        self.post(&format!("/element/{}/click", element.0), json!({})).await.map(drop)
    }

    /// Types into an element, after what is there.
    pub async fn type_into(&self, element: &Element, text: &str) -> Result<()> {
        self.post(&format!("/element/{}/value", element.0), json!({"text": text})).await.map(drop)
    }

    /// Empties a field.
    pub async fn clear(&self, element: &Element) -> Result<()> {
        self.post(&format!("/element/{}/clear", element.0), json!({})).await.map(drop)
    }

    /// Answers the page's own question with a text.
    pub async fn answer_prompt(&self, text: &str) -> Result<()> {
        self.post("/alert/text", json!({"text": text})).await?;
        self.post("/alert/accept", json!({})).await.map(drop)
    }

    /// Sets the size of the window.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        self.post("/window/rect", json!({"width": width, "height": height})).await.map(drop)
    }

    /// Saves what the page shows now as PNG.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        let picture = self.get("/screenshot").await?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(picture.as_str().context("a picture is text")?)?;
        pc_base::write_atomic(path, &bytes)
    }

    /// Ends the session and what it opened.
    pub async fn close(self) -> Result<()> {
        let answer = self.http.delete(&self.session).send().await?;
        read(answer).await.map(drop)
    }

    async fn get(&self, path: &str) -> Result<Value> {
        read(self.http.get(format!("{}{path}", self.session)).send().await?).await
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        read(self.http.post(format!("{}{path}", self.session)).json(&body).send().await?).await
    }
}

/// The value of an answer, or the driver's error with its message.
async fn read(answer: reqwest::Response) -> Result<Value> {
    let refused = !answer.status().is_success();
    let mut body: Value = answer.json().await.context("a driver answers JSON")?;
    let value = body["value"].take();
    if refused {
        bail!("{}: {}", value["error"].as_str().unwrap_or("error"), value["message"].as_str().unwrap_or_default());
    }
    Ok(value)
}
