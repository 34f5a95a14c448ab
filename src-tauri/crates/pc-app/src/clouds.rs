//! The way from a cloud's row to an opened client. The embedded cloud differs in how it is found and in nothing else.
//! Deliberately absent: what is asked of a cloud.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use pc_base::{Code, Secret, coded};
use pc_cloud::{Billing, Cloud, Endpoint, Network};
use pc_secrets::Keyring;
use pc_store::console;

use crate::app::App;
use crate::embedded;

/// The id of the cloud that is always there.
pub(crate) const EMBEDDED: &str = "embedded";
/// How long an opened client is used without asking again whether its cloud is still where it was.
const TRUSTED: Duration = Duration::from_secs(2);

/// An opened cloud.
#[derive(Clone)]
pub(crate) struct Opened {
    pub id: String,
    pub base_url: String,
    pub api_key: Arc<Secret<String>>,
    pub bills: bool,
    pub cloud: Cloud,
}

/// The last opened cloud and when it was found.
#[derive(Default)]
pub(crate) struct Clouds(Mutex<Option<(Instant, Opened)>>);

impl Clouds {
    fn kept(&self, id: &str) -> Option<Opened> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(found, opened)| found.elapsed() < TRUSTED && opened.id == id).map(|(_, o)| o.clone())
    }

    fn keep(&self, opened: &Opened) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), opened.clone()));
    }

    /// Another key or address may hold from now on.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The name of a secret of a cloud.
pub(crate) fn secret_name(cloud_id: &str, what: &str) -> String {
    format!("cloud/{cloud_id}/{what}")
}

impl App {
    /// The id of the selected cloud; the embedded one where none was chosen or the chosen one is gone.
    pub(crate) async fn selected_id(&self) -> Result<String> {
        self.blocking(|app| {
            app.store().read(|tx| {
                let chosen = tx.setting("selected_cloud")?.unwrap_or_default();
                let known = tx.clouds()?.iter().any(|cloud| cloud.id == chosen);
                Ok(if known { chosen } else { EMBEDDED.to_owned() })
            })
        })
        .await
    }

    /// The selected cloud, opened; the embedded one is started where it does not run.
    pub(crate) async fn selected(&self) -> Result<Opened> {
        let id = self.selected_id().await?;
        self.open_cloud(&id).await
    }

    /// A cloud by its id, opened.
    pub(crate) async fn open_cloud(&self, id: &str) -> Result<Opened> {
        if let Some(kept) = self.clouds().kept(id) {
            return Ok(kept);
        }
        let endpoint = if id == EMBEDDED { self.embedded_endpoint().await? } else { self.added_endpoint(id).await? };
        let opened = Opened {
            id: id.to_owned(),
            base_url: endpoint.base_url.clone(),
            api_key: endpoint.api_key.clone(),
            bills: endpoint.billing.is_some(),
            cloud: Cloud::new(endpoint, &network())?,
        };
        self.clouds().keep(&opened);
        Ok(opened)
    }

    async fn embedded_endpoint(&self) -> Result<Endpoint> {
        let keychain = self.blocking(|app| app.keys().keychain()).await?;
        let running = embedded::connect(self.places(), &keychain).await?;
        Ok(Endpoint {
            base_url: running.base_url.clone(),
            api_key: Arc::new(running.api_key),
            workspace: None,
            billing: Some(Billing {
                url: running.base_url,
                access_key_id: running.access_key_id,
                access_key_secret: Arc::new(running.access_key_secret),
            }),
        })
    }

    async fn added_endpoint(&self, id: &str) -> Result<Endpoint> {
        let id = id.to_owned();
        self.blocking(move |app| {
            let row = app.cloud_row(&id)?;
            let key = app.console_key()?;
            app.store().read(|tx| {
                let secret = |what: &str| tx.secret(&key, &secret_name(&row.id, what));
                let api_key = secret("api_key")?.context("this cloud's key was not kept")?;
                let pair = (secret("access_key_id")?, secret("access_key_secret")?);
                let billing = match (&row.billing_url, pair) {
                    (Some(url), (Some(id), Some(secret))) => Some(Billing {
                        url: url.clone(),
                        access_key_id: id.expose().clone(),
                        access_key_secret: Arc::new(secret),
                    }),
                    _ => None,
                };
                let (base_url, workspace) = (row.base_url.clone(), row.workspace.clone());
                Ok(Endpoint { base_url, api_key: Arc::new(api_key), workspace, billing })
            })
        })
        .await
    }

    /// The row of an added cloud.
    pub(crate) fn cloud_row(&self, id: &str) -> Result<console::Cloud> {
        let found = self.store().read(|tx| Ok(tx.clouds()?.into_iter().find(|cloud| cloud.id == id)))?;
        found.ok_or_else(|| coded(Code::NotFound).with("what", format!("cloud {id}")).into())
    }

    /// The key below which the console seals its secrets; blocks.
    pub(crate) fn console_key(&self) -> Result<Keyring> {
        Ok(self.keys().keychain()?.load_or_create()?.derived("console"))
    }
}

/// A person waits for most calls, so they give up sooner than the client would by itself.
pub(crate) fn network() -> Network {
    Network {
        connect_timeout: Duration::from_secs(5),
        retries: 2,
        first_wait: Duration::from_millis(200),
        ..Network::default()
    }
}
