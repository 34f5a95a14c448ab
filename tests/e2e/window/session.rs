//! A desktop of its own (display, session bus, keychain place, home), the window on it, and its driver.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use pc_testkit::free_port;
use pc_tests::driver::Browser;
use pc_tests::flow::Flow;
use pc_tests::installation::{Installation, Running, pictures, programs, tauri_driver};
use pc_tests::screen::Screen;
use pc_tests::words::Words;
use serde_json::{Value, json};

/// The desktop. It ends with all that runs on it.
pub struct Desktop {
    pub installation: Installation,
    root: String,
    chinese: Words,
    english: Words,
    _driver: Running,
}

/// The window, open on a desktop.
pub struct Window<'a> {
    browser: Browser,
    desktop: &'a Desktop,
}

impl Desktop {
    /// Starts display, session bus and driver.
    pub fn new() -> Result<Self> {
        let installation = Installation::new();
        let (port, native) = (free_port(), free_port());
        let mut command = Command::new("dbus-run-session");
        command
            .args(["--", "xvfb-run", "--auto-servernum", "--server-args=-screen 0 1400x900x24"])
            .arg(tauri_driver()?)
            .args(["--port", &port.to_string(), "--native-port", &native.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        installation.use_by(&mut command);
        // What the desktop's own libraries keep must not land in the person's folders either.
        for (variable, folder) in
            [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_CACHE_HOME", "desktop-cache")]
        {
            command.env(variable, installation.home.root().join(folder));
        }
        let driver = Running::start(&mut command);
        let root = format!("http://127.0.0.1:{port}");
        let (chinese, english) = (Words::load("zh"), Words::load("en"));
        Ok(Self { installation, root, chinese, english, _driver: driver })
    }

    /// Opens the window.
    pub async fn open(&self) -> Result<Window<'_>> {
        let program = programs().join("partner-console");
        if !program.is_file() {
            bail!("{} is not there; `cargo xtask test` builds it before the tests", program.display());
        }
        let capabilities = json!({"browserName": "wry", "tauri:options": {"application": program}});
        let browser = Browser::open(&self.root, capabilities).await.context("opening the window")?;
        Ok(Window { browser, desktop: self })
    }
}

impl Window<'_> {
    /// A person who reads Chinese.
    pub fn flow(&self) -> Flow<'_> {
        Flow { screen: Screen(&self.browser), words: &self.desktop.chinese }
    }

    /// A person who reads English.
    pub fn english(&self) -> Flow<'_> {
        Flow { screen: Screen(&self.browser), words: &self.desktop.english }
    }

    /// Calls Rust as the page does; a refusal is an error that holds what the page would get.
    pub async fn invoke(&self, command: &str, request: Value) -> Result<Value> {
        let script = "const [command, request, done] = arguments;\
            window.__TAURI_INTERNALS__.invoke(command, request).then((answer) => done({answer}), (error) => done({refused: JSON.stringify(error)}));";
        let mut outcome = self.browser.run_async(script, json!([command, request])).await?;
        match outcome["refused"].as_str() {
            Some(refused) => bail!("{refused}"),
            None => Ok(outcome["answer"].take()),
        }
    }

    /// Keeps what the window shows, below `target/screenshots/window`.
    pub async fn picture(&self, name: &str) -> Result<()> {
        self.browser.screenshot(&pictures("window").join(format!("{name}.png"))).await
    }

    /// Closes it.
    pub async fn close(self) -> Result<()> {
        self.browser.close().await
    }
}
