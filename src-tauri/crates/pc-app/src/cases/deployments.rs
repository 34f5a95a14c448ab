//! Deployments: models that the selected cloud serves, and the key to call them.

use std::time::{Duration, Instant};

use anyhow::Result;
use pc_base::{Code, Language, coded};
use pc_protocol::{CreateDeployment, Deployment, DeploymentStatus};

use super::when;
use crate::api::{DeploymentCreate, DeploymentId, DeploymentKey, DeploymentRow, Empty, Tag};
use crate::app::App;

/// How long a new deployment is waited for; a larger one is shown as it is then.
const WAIT: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(250);

impl App {
    /// `deployment_list`
    pub async fn deployment_list(&self, _: Empty, _: Language) -> Result<Vec<DeploymentRow>> {
        self.listed(("deployments", Tag::Deployments), async |app: App| {
            let opened = app.selected().await?;
            let rows = opened.cloud.deployments().await?;
            Ok(rows.into_iter().map(|deployment| row(deployment, &opened.base_url)).collect())
        })
        .await
    }

    /// `deployment_create`: waits for a while until it serves; the row says how far it came.
    pub async fn deployment_create(&self, wanted: DeploymentCreate, _: Language) -> Result<DeploymentRow> {
        let opened = self.selected().await?;
        let others = opened.cloud.deployments().await?;
        let count = others.iter().filter(|other| other.model_name == wanted.model_name).count();
        // From the second deployment of a model on, the cloud wants a suffix.
        let suffix = (count > 0).then(|| format!("{:04x}", uuid::Uuid::new_v4().as_u128() & 0xffff));
        let create = CreateDeployment {
            model_name: wanted.model_name,
            plan: Some(wanted.plan),
            name: Some(wanted.name).filter(|name| !name.trim().is_empty()),
            capacity: Some(1),
            suffix,
            ..CreateDeployment::default()
        };
        let mut deployment = opened.cloud.deployment_create(&create).await?;
        let start = Instant::now();
        while is_coming(&deployment.status) && start.elapsed() < WAIT {
            tokio::time::sleep(LOOK_EVERY).await;
            deployment = opened.cloud.deployment(&deployment.deployed_model).await?;
        }
        if deployment.status == DeploymentStatus::Failed {
            self.changed(&[Tag::Deployments]);
            let why = deployment.message.unwrap_or_else(|| "FAILED".to_owned());
            return Err(coded(Code::CloudRefused).with("why", why.trim_end_matches('.')).into());
        }
        Ok(row(deployment, &opened.base_url))
    }

    /// `deployment_delete`
    pub async fn deployment_delete(&self, wanted: DeploymentId, _: Language) -> Result<Empty> {
        self.selected().await?.cloud.deployment_delete(&wanted.deployed_model).await?;
        Ok(Empty {})
    }

    /// `deployment_key`: the one key that leaves this program, because callers of the model need it and the user asked.
    pub async fn deployment_key(&self, _: Empty, _: Language) -> Result<DeploymentKey> {
        Ok(DeploymentKey { api_key: self.selected().await?.api_key.expose().clone() })
    }
}

fn is_coming(status: &DeploymentStatus) -> bool {
    matches!(status, DeploymentStatus::Pending | DeploymentStatus::Deploying | DeploymentStatus::Updating)
}

fn row(deployment: Deployment, base_url: &str) -> DeploymentRow {
    DeploymentRow {
        deployed_model: deployment.deployed_model,
        name: deployment.name,
        model_name: deployment.model_name,
        base_model: deployment.base_model,
        status: deployment.status.to_string(),
        plan: deployment.plan,
        created_at: when(&deployment.gmt_create),
        native_url: format!("{base_url}/api/v1"),
        openai_url: format!("{base_url}/compatible-mode/v1"),
    }
}
