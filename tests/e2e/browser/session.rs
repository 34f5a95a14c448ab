//! One browser on one development host on a home of its own.

use std::future::Future;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use pc_testkit::free_port;
use pc_tests::driver::Browser;
use pc_tests::flow::Flow;
use pc_tests::installation::{Installation, Running, pictures};
use pc_tests::screen::Screen;
use pc_tests::words::Words;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// One flow at a time: two browsers and two trainings at once only make each other late.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// What a flow works with.
pub struct Session {
    pub browser: Browser,
    pub installation: Installation,
    pub words: Words,
    _driver: Running,
    _host: Running,
}

impl Session {
    async fn open(language: &str) -> Result<Self> {
        let installation = Installation::new();
        let (host, address) = host(&installation)?;
        let port = free_port();
        let mut chromedriver = Command::new("chromedriver");
        let driver = Running::start(chromedriver.arg(format!("--port={port}")).stdout(Stdio::null()));
        let browser = Browser::open(&format!("http://127.0.0.1:{port}"), capabilities(language)).await?;
        browser.resize(1280, 900).await?;
        browser.go(&address).await?;
        let words = Words::load(if language == "zh-CN" { "zh" } else { "en" });
        Ok(Self { browser, installation, words, _driver: driver, _host: host })
    }

    /// The page and a person who works with it.
    pub fn flow(&self) -> Flow<'_> {
        Flow { screen: Screen(&self.browser), words: &self.words }
    }

    /// Adds and selects a cloud at a port where nothing listens.
    pub async fn select_nowhere(&self) -> Result<()> {
        let cloud = json!({"name": "Nowhere", "base_url": "http://127.0.0.1:9", "billing_url": null, "region": null, "workspace": null,
            "api_key": "k", "access_key_id": null, "access_key_secret": null});
        let added = self.call("cloud_add", cloud).await?;
        self.select(added["id"].as_str().context("a cloud has an id")?).await
    }

    /// Selects a cloud.
    pub async fn select(&self, id: &str) -> Result<()> {
        self.call("cloud_select", json!({"id": id})).await.map(drop)
    }

    /// A command, asked by the page itself.
    async fn call(&self, command: &str, request: Value) -> Result<Value> {
        let script = "const [command, body, done] = arguments; fetch('/rpc/' + command, {method: 'POST', body: JSON.stringify(body),\
            headers: {'content-type': 'application/json', authorization: 'Bearer ' + sessionStorage.getItem('token')}})\
            .then((answer) => answer.json().then((value) => done({ok: answer.ok, value}))).catch((error) => done({ok: false, value: String(error)}));";
        let answer = self.browser.run_async(script, json!([command, request])).await?;
        ensure!(answer["ok"] == json!(true), "{command} was refused: {}", answer["value"]);
        Ok(answer["value"].clone())
    }

    /// Answers the question for a path, which is how the development host lets a file be chosen.
    pub async fn choose(&self, file: &Path) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(10);
        while self.browser.answer_prompt(&file.to_string_lossy()).await.is_err() {
            ensure!(Instant::now() < until, "the page does not ask for a path");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

/// The development host, and the address to open.
fn host(installation: &Installation) -> Result<(Running, String)> {
    let mut program = installation.program("partner");
    let mut host = Running::start(program.args(["dev-host", "--port", "0"]).stdout(Stdio::piped()));
    let mut lines = BufReader::new(host.stdout()).lines();
    let line = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("http://")));
    let line = line.context("the development host says where it listens")??;
    let from = line.find("http://").context("an address begins with its scheme")?;
    let address = line[from..].split(['"', ' ']).next().unwrap_or_default().to_owned();
    // The rest of what it says is read, so that it never waits for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    Ok((host, address))
}

fn capabilities(language: &str) -> serde_json::Value {
    let language = format!("--lang={language}");
    let args =
        ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars", &language];
    json!({
        "browserName": "chrome",
        "unhandledPromptBehavior": "ignore",
        "goog:chromeOptions": {"args": args, "prefs": {"intl.accept_languages": &language["--lang=".len()..]}},
    })
}

/// Runs a flow; what the page looked like is kept when it fails.
pub fn run<F>(name: &str, language: &str, flow: impl FnOnce(std::sync::Arc<Session>) -> F) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let _turn = ONE_AT_A_TIME.lock().await;
        let session = std::sync::Arc::new(Session::open(language).await?);
        let outcome = flow(session.clone()).await;
        let ending = if outcome.is_ok() { "end" } else { "failed" };
        let picture = pictures("browser").join(format!("{name}-{ending}.png"));
        let kept = session.browser.screenshot(&picture).await;
        if let Ok(session) = std::sync::Arc::try_unwrap(session).map_err(drop) {
            session.browser.close().await?;
        }
        outcome.with_context(|| format!("the page is in {}", picture.display()))?;
        kept
    })
}
