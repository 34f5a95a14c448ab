//! The main job as a person does it in the window, step by step, in whatever language the page speaks. The same steps run in
//! a browser and in the real window; how a file is chosen differs and is theirs.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::screen::Screen;
use crate::words::Words;

/// How long a training, a conversion or an answer of the tiny model may take on busy cores.
const WORK: Duration = Duration::from_secs(240);

/// A person at the page.
pub struct Flow<'a> {
    pub screen: Screen<'a>,
    pub words: &'a Words,
}

/// How a program calls a deployment, as the page shows it.
pub struct Call {
    pub openai_url: String,
    pub model: String,
    pub key: String,
}

impl Flow<'_> {
    /// Opens a page by its entry in the navigation.
    pub async fn page(&self, name: &str) -> Result<()> {
        self.screen.press("link", self.words.get(&format!("nav.{name}"))).await?;
        self.screen.find("heading", self.words.get(&format!("nav.{name}"))).await.map(drop)
    }

    /// Opens an address of the page, such as `datasets/check/<path>`.
    pub async fn address(&self, parts: &[&str]) -> Result<()> {
        let script = "location.hash = '#/' + arguments[0].map(encodeURIComponent).join('/')";
        self.screen.0.run(script, json!([parts])).await.map(drop)
    }

    /// Opens a file in the upload wizard by its address, without a dialog.
    pub async fn check(&self, file: &Path) -> Result<()> {
        self.address(&["datasets", "check", &file.to_string_lossy()]).await
    }

    /// Waits until the wizard is at a step: `check`, `privacy` or `upload`.
    pub async fn step(&self, name: &str) -> Result<()> {
        let at = ["choose", "check", "privacy", "upload"].iter().position(|step| *step == name).map_or(0, |at| at + 1);
        let title = self.words.get(&format!("wizard.step.{name}"));
        let values = [("at", at.to_string()), ("total", "4".to_owned()), ("title", title.to_owned())];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.screen.find_within("heading", &self.words.with("wizard.stepOf", &values), WORK).await.map(drop)
    }

    /// Takes the source that is shown in and waits until its first version is checked.
    pub async fn import(&self) -> Result<()> {
        self.screen.press("button", self.words.get("wizard.import")).await?;
        self.step("check").await?;
        self.checked(1).await
    }

    /// Waits until a version is checked.
    pub async fn checked(&self, version: u32) -> Result<()> {
        let said = self.words.with("wizard.checkedAt", &[("version", &version.to_string())]);
        self.screen.reads_within(said.split("{{").next().unwrap_or_default().trim(), WORK).await
    }

    /// Goes on from a check without errors to the last step and sends the rows as one file.
    pub async fn upload(&self) -> Result<()> {
        self.screen.press_within("button", self.words.get("wizard.toPrivacy"), WORK).await?;
        self.step("privacy").await?;
        self.screen.press_within("button", self.words.get("wizard.toUpload"), WORK).await?;
        self.step("upload").await?;
        self.send_undivided().await?;
        self.uploaded().await
    }

    /// From a version whose finds are masked to the end.
    pub async fn upload_masked(&self) -> Result<()> {
        self.screen.press("button", self.words.get("wizard.toUpload")).await?;
        self.step("upload").await?;
        self.send_undivided().await?;
        self.uploaded().await
    }

    /// Waits until the one file is in the cloud.
    pub async fn uploaded(&self) -> Result<()> {
        let done = self.words.with("wizard.doneTitle_one", &[("count", "1")]);
        self.screen.reads_within(done.split("{{").next().unwrap_or_default().trim(), WORK).await
    }

    /// At the last step: holds nothing back for validation and begins to send.
    pub async fn send_undivided(&self) -> Result<()> {
        self.screen.press("switch", self.words.get("wizard.splitOn")).await?;
        self.screen.press("button", self.words.get("wizard.prepareOne")).await?;
        self.screen.press("button", self.words.get("wizard.upload")).await
    }

    /// From an upload to a running fine-tune with the given base model, under a name.
    pub async fn launch(&self, base: &str, name: &str) -> Result<()> {
        self.screen.press("button", self.words.get("datasets.launch")).await?;
        self.screen.find("heading", self.words.get("tunes.launchTitle")).await?;
        self.screen.press("radio", &format!("~{base}")).await?;
        if self.screen.now("button", self.words.get("tunes.needReady")).await?.is_some() {
            self.screen.press("button", self.words.get("tunes.needReady")).await?;
            self.screen.press("button", self.words.get("tunes.accept")).await?;
        }
        self.screen.fill("textbox", self.words.get("tunes.naming"), name).await?;
        self.screen.press_within("button", self.words.get("tunes.launch"), WORK).await?;
        self.screen.find("heading", &format!("~{name}")).await.map(drop)
    }

    /// Waits until the loss is drawn and the training has succeeded.
    pub async fn watch(&self) -> Result<()> {
        let loss = self.words.get("tunes.lossOf").split("{{").next().unwrap_or_default();
        self.screen.find_within("img", &format!("~{loss}"), WORK).await?;
        self.screen.reads_within(self.words.get("status.SUCCEEDED"), WORK).await
    }

    /// Takes the finished fine-tune home.
    pub async fn take_home(&self, name: &str) -> Result<()> {
        self.screen.press("button", self.words.get("tunes.takeHome")).await?;
        self.screen.press("button", &format!("{}: {name}", self.words.get("models.pull"))).await?;
        let try_it = format!("{}: {name}", self.words.get("models.tryIt"));
        self.screen.find_within("button", &try_it, WORK).await.map(drop)
    }

    /// Converts the model to a quantisation.
    pub async fn convert(&self, name: &str, quant: &str) -> Result<()> {
        if self
            .screen
            .now("listitem", &format!("~{quant}{}", self.words.get(&format!("models.quant.{quant}"))))
            .await?
            .is_some()
        {
            return Ok(());
        }
        self.screen.press("button", &format!("{}: {name}", self.words.get("models.convert"))).await?;
        self.screen
            .press("menuitem", &format!("~{}", self.words.with("models.convertTo", &[("quant", quant)])))
            .await?;
        let format = format!("~{quant}{}", self.words.get(&format!("models.quant.{quant}")));
        self.screen.find_within("listitem", &format, WORK).await.map(drop)
    }

    /// Asks base and tuned the same question side by side and waits for both answers.
    pub async fn compare(&self, name: &str, question: &str) -> Result<()> {
        self.screen.press("button", &format!("{}: {name}", self.words.get("models.tryIt"))).await?;
        self.screen.fill("textbox", self.words.get("play.prompt"), question).await?;
        self.screen.press("button", self.words.get("play.send")).await?;
        // Each finished answer shows its speed.
        let speed = self.words.get("play.speed").rsplit("}}").next().unwrap_or_default().to_owned();
        let until = std::time::Instant::now() + WORK;
        loop {
            let text = self.screen.text().await?;
            if text.matches(speed.as_str()).count() >= 2 {
                return Ok(());
            }
            ensure!(
                std::time::Instant::now() < until,
                "two answers with their speed did not come; the page reads:\n{text}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Deploys the model and reads how it is called.
    pub async fn deploy(&self) -> Result<Call> {
        self.page("models").await?;
        self.screen.press("tab", self.words.get("models.tabs.deployments")).await?;
        self.screen.press("button", self.words.get("deploy.fresh")).await?;
        self.screen.press("button", self.words.get("deploy.start")).await?;
        self.screen.press_within("button", self.words.get("deploy.showKey"), WORK).await?;
        self.screen.find("button", self.words.get("deploy.hideKey")).await?;
        let shown = |name: &str| self.words.with("act.copyOf", &[("what", self.words.get(name))]);
        Ok(Call {
            openai_url: self.copied(&shown("deploy.openai")).await?,
            model: self.copied(&shown("deploy.callable")).await?,
            key: self.copied(&shown("deploy.key")).await?,
        })
    }

    /// The text beside a button that copies it.
    async fn copied(&self, button: &str) -> Result<String> {
        let button = self.screen.find("button", button).await?;
        let script =
            "const box = arguments[0].parentElement; return (box.querySelector('code') ?? box).textContent.trim()";
        let text = self.screen.0.run(script, json!([button.to_value()])).await?;
        text.as_str().map(str::to_owned).context("what can be copied is text")
    }

    /// Reads the bill from the cloud; the training that was done must be on it.
    pub async fn sync_bills(&self) -> Result<()> {
        self.page("usage").await?;
        self.screen.press("button", self.words.get("usage.sync")).await?;
        let read = self.words.get("usage.synced_other").rsplit("}}").next().unwrap_or_default().to_owned();
        self.screen.reads_within(read.trim(), WORK).await?;
        self.screen.reads(self.words.get("usage.item.training_token")).await
    }

    /// Sets language and theme as the settings page does, through the page's own host.
    pub async fn look(&self, language: &str, theme: &str) -> Result<()> {
        let script = "const [settings, done] = arguments;\
            fetch('/rpc/settings_set', {method: 'POST', body: JSON.stringify(settings), headers: {\
                'content-type': 'application/json', authorization: 'Bearer ' + sessionStorage.getItem('token')}})\
                .then((answer) => done(answer.status), (error) => done(String(error)));";
        let status = self.screen.0.run_async(script, json!([{"language": language, "theme": theme}])).await?;
        ensure!(status == json!(200), "the settings were not taken: {status}");
        let until = std::time::Instant::now() + crate::screen::SOON;
        let wanted = json!([language, theme]);
        let script = "return [document.documentElement.lang, document.documentElement.dataset.theme]";
        loop {
            let shown: Value = self.screen.read(script).await?;
            if shown == wanted {
                return Ok(());
            }
            ensure!(std::time::Instant::now() < until, "the page shows {shown} and not {wanted}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
