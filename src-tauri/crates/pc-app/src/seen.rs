//! Lists of a cloud for a page that wants to be painted: the cloud's answer where it comes at once, else what was last
//! seen, and the cloud's answer is announced when it comes. Deliberately absent: which lists there are.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context as _, Result};
use pc_base::{Code, Coded};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::Tag;
use crate::app::App;

/// How long a page waits for the network when it has something to show without it.
const PATIENCE: Duration = Duration::from_millis(400);

impl App {
    /// A list by its name and tag. Only a page is given what was seen before: the command line gets the cloud's answer or
    /// its error.
    pub(crate) async fn listed<T, F>(
        &self,
        (what, tag): (&'static str, Tag),
        fetch: impl FnOnce(App) -> F + Send + 'static,
    ) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: Future<Output = Result<T>> + Send,
    {
        let cloud_id = self.selected_id().await?;
        let kept: Option<String> = self.seen_text(&cloud_id, what).await?;
        let app = self.clone();
        let id = cloud_id.clone();
        let mut work = tokio::spawn(async move {
            let fresh = fetch(app.clone()).await?;
            let text = serde_json::to_string(&fresh)?;
            app.keep_seen(&id, what, text.clone()).await?;
            anyhow::Ok((fresh, text))
        });
        let kept = kept.filter(|_| self.is_hurried()).and_then(|text| Some((serde_json::from_str(&text).ok()?, text)));
        let Some((shown, text)) = kept else { return Ok(ended(work.await)?.0) };
        match tokio::time::timeout(PATIENCE, &mut work).await {
            Ok(done) => match ended(done) {
                Err(error) if is_unreachable(&error) => Ok(shown),
                done => Ok(done?.0),
            },
            Err(_late) => {
                let app = self.clone();
                tokio::spawn(async move {
                    // What cannot be had now stays as it was seen; the next page asks again.
                    if ended(work.await).is_ok_and(|(_, fresh)| fresh != text) {
                        app.changed(&[tag]);
                    }
                });
                Ok(shown)
            }
        }
    }

    pub(crate) async fn seen_text(&self, cloud_id: &str, what: &str) -> Result<Option<String>> {
        let (id, what) = (cloud_id.to_owned(), what.to_owned());
        self.blocking(move |app| app.store().read(|tx| tx.seen(&id, &what))).await
    }

    pub(crate) async fn keep_seen(&self, cloud_id: &str, what: &str, text: String) -> Result<()> {
        let (id, what) = (cloud_id.to_owned(), what.to_owned());
        self.blocking(move |app| app.store().write(|tx| tx.seen_put(&id, &what, &text, &app.now()))).await
    }
}

fn ended<T>(done: Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    done.context("a part of the program stopped unexpectedly")?
}

/// Whether a cloud could not be reached, so that what was seen before is the best there is.
pub(crate) fn is_unreachable(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Coded>().is_some_and(|coded| matches!(coded.code, Code::NetworkUnreachable | Code::CloudBusy))
}
