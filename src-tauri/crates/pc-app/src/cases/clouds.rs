//! Clouds: the embedded one, always first, and those that the user adds. Their keys go in and never come out.

use std::time::Instant;

use anyhow::Result;
use pc_base::{Code, Language, Secret, coded};
use pc_cloud::{Billing, Cloud, Endpoint};
use pc_store::console;
use std::sync::Arc;
use uuid::Uuid;

use crate::api::{CloudAdd, CloudHealth, CloudId, CloudKind, CloudRow, Empty};
use crate::app::App;
use crate::clouds::{EMBEDDED, network, secret_name};
use crate::embedded;
use crate::seen::is_unreachable;
use crate::words::words;

const SECRETS: [&str; 3] = ["api_key", "access_key_id", "access_key_secret"];

impl App {
    /// `cloud_list`
    pub async fn cloud_list(&self, _: Empty, language: Language) -> Result<Vec<CloudRow>> {
        let selected = self.selected_id().await?;
        self.blocking(move |app| {
            let mut rows = vec![embedded_row(app, language)?];
            let added = app.store().read(|tx| {
                let with_bills = |cloud: console::Cloud| {
                    let known = tx.secret_known(&secret_name(&cloud.id, "access_key_secret"))?;
                    Ok((known, cloud))
                };
                tx.clouds()?.into_iter().map(with_bills).collect::<Result<Vec<_>>>()
            })?;
            rows.extend(added.into_iter().map(|(bills, cloud)| row(cloud, bills)));
            for row in &mut rows {
                row.selected = row.id == selected;
            }
            Ok(rows)
        })
        .await
    }

    /// `cloud_add`: refused when an address or a key cannot be used at all; whether the cloud answers is `cloud_check`'s.
    pub async fn cloud_add(&self, added: CloudAdd, _: Language) -> Result<CloudRow> {
        self.blocking(move |app| {
            let name = one_line("name", &added.name, 80)?;
            let (cloud, secrets) = taken_apart(added, name, app.now())?;
            let key = app.console_key()?;
            app.store().write(|tx| {
                tx.cloud_put(&cloud)?;
                for (what, secret) in &secrets {
                    tx.secret_put(&key, &secret_name(&cloud.id, what), secret)?;
                }
                Ok(())
            })?;
            let bills = cloud.billing_url.is_some();
            Ok(row(cloud, bills))
        })
        .await
    }

    /// `cloud_select`
    pub async fn cloud_select(&self, wanted: CloudId, _: Language) -> Result<Empty> {
        self.blocking(move |app| {
            if wanted.id != EMBEDDED {
                app.cloud_row(&wanted.id)?;
            }
            app.store().write(|tx| tx.setting_put("selected_cloud", &wanted.id))?;
            Ok(Empty {})
        })
        .await
    }

    /// `cloud_remove`: with its keys and all that was seen of it. Nothing in the cloud itself changes.
    pub async fn cloud_remove(&self, wanted: CloudId, language: Language) -> Result<Empty> {
        self.blocking(move |app| {
            if wanted.id == EMBEDDED {
                let why = words("cloud_is_built_in", language, &[]);
                return Err(coded(Code::InputInvalid).with("what", EMBEDDED).with("why", why).into());
            }
            app.cloud_row(&wanted.id)?;
            app.store().write(|tx| {
                for what in SECRETS {
                    tx.secret_remove(&secret_name(&wanted.id, what))?;
                }
                tx.cloud_remove(&wanted.id)
            })?;
            app.clouds().forget();
            Ok(Empty {})
        })
        .await
    }

    /// `cloud_check`: a cloud that cannot be reached is an answer, a refused key is an error.
    pub async fn cloud_check(&self, wanted: CloudId, _: Language) -> Result<CloudHealth> {
        let opened = self.open_cloud(&wanted.id).await?;
        let start = Instant::now();
        let (reachable, capabilities) = match opened.cloud.capabilities().await {
            Ok(capabilities) => (true, capabilities),
            Err(error) if is_unreachable(&error) => (false, Vec::new()),
            Err(error) => return Err(error),
        };
        // The namespace of extensions may be absent without a look at the key, so something that needs it is asked, too.
        if reachable {
            opened.cloud.files(1, 1).await?;
        }
        Ok(CloudHealth { reachable, milliseconds: start.elapsed().as_millis() as u64, capabilities })
    }
}

fn embedded_row(app: &App, language: Language) -> Result<CloudRow> {
    let running = embedded::running(app.places())?;
    let name = match language {
        Language::English => "Embedded cloud",
        Language::Chinese => "内置云",
    };
    Ok(CloudRow {
        id: EMBEDDED.to_owned(),
        name: name.to_owned(),
        kind: CloudKind::Embedded,
        base_url: running.map(|running| running.base_url).unwrap_or_default(),
        region: None,
        workspace: None,
        selected: false,
        bills: true,
    })
}

fn row(cloud: console::Cloud, bills: bool) -> CloudRow {
    CloudRow {
        id: cloud.id,
        name: cloud.name,
        kind: CloudKind::ModelStudio,
        base_url: cloud.base_url,
        region: cloud.region,
        workspace: cloud.workspace,
        selected: false,
        bills,
    }
}

type Named = (&'static str, Secret<String>);

/// The row to keep and the secrets to seal. Opening a client proves that the addresses can be used.
fn taken_apart(added: CloudAdd, name: String, now: String) -> Result<(console::Cloud, Vec<Named>)> {
    let CloudAdd { base_url, billing_url, region, workspace, api_key, access_key_id, access_key_secret, .. } = added;
    let filled = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let (billing_url, id, secret) = (filled(billing_url), filled(access_key_id), filled(access_key_secret));
    let api_key = one_line("api_key", &api_key, 400)?;
    let pair = match (id, secret) {
        (Some(id), Some(secret)) => {
            Some((one_line("access_key_id", &id, 400)?, one_line("access_key_secret", &secret, 400)?))
        }
        (None, None) => None,
        _ => {
            let why = "id + secret";
            return Err(coded(Code::InputInvalid).with("what", "AccessKey").with("why", why).into());
        }
    };
    let billing_url = pair.as_ref().map(|_| billing_url.unwrap_or_else(|| "https://business.aliyuncs.com".to_owned()));
    let base_url = base_url.trim().trim_end_matches('/').to_owned();
    let billing = billing_url.clone().zip(pair.as_ref()).map(|(url, (id, secret))| Billing {
        url,
        access_key_id: id.clone(),
        access_key_secret: Arc::new(Secret::new(secret.clone())),
    });
    let workspace = filled(workspace);
    let key = Arc::new(Secret::new(api_key.clone()));
    Cloud::new(
        Endpoint { base_url: base_url.clone(), api_key: key, workspace: workspace.clone(), billing },
        &network(),
    )?;
    let mut secrets = vec![("api_key", Secret::new(api_key))];
    if let Some((id, secret)) = pair {
        secrets.push(("access_key_id", Secret::new(id)));
        secrets.push(("access_key_secret", Secret::new(secret)));
    }
    let id = Uuid::now_v7().to_string();
    let kind = "model_studio".to_owned();
    let region = filled(region);
    Ok((console::Cloud { id, name, kind, base_url, billing_url, region, workspace, added_at: now }, secrets))
}

/// Text without control characters that is not empty; keys travel in headers, which take nothing else. What was sent is
/// not in the refusal, because it may be a key.
pub(super) fn one_line(what: &'static str, text: &str, longest: usize) -> Result<String> {
    let text = text.trim();
    if !text.is_empty() && text.chars().count() <= longest && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    let why = format!("1 - {longest}");
    Err(coded(Code::InputInvalid).with("what", what).with("why", why).into())
}
