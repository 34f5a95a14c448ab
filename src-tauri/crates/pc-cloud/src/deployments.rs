//! Deployments: served models.

use pc_protocol::{CreateDeployment, DeployableModelPage, Deployment, DeploymentPage, Limits, Output, Scale};
use reqwest::Method;

use crate::cloud::{Cloud, page};
use crate::error::outward;
use crate::retry::Repeat;

const DEPLOYMENTS: [&str; 3] = ["api", "v1", "deployments"];
/// The most that one page may have.
const PAGE: u64 = 200;
/// No account has more; a list that never ends is a broken one.
const MOST_PAGES: u64 = 100;

fn of<'a>(id: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [DEPLOYMENTS.as_slice(), &[id], rest].concat()
}

impl Cloud {
    /// All deployments, newest first.
    pub async fn deployments(&self) -> anyhow::Result<Vec<Deployment>> {
        let mut all = Vec::new();
        for number in 1..=MOST_PAGES {
            let answer: Output<DeploymentPage> = self.get("deployment_list", &DEPLOYMENTS, &page(number, PAGE)).await?;
            let rows = answer.output.deployments;
            let last = rows.is_empty();
            all.extend(rows);
            if last || all.len() as u64 >= answer.output.total {
                break;
            }
        }
        Ok(all)
    }

    /// A deployment.
    pub async fn deployment(&self, id: &str) -> anyhow::Result<Deployment> {
        let answer: Output<Deployment> = self.get("deployment_get", &of(id, &[]), &[]).await?;
        Ok(answer.output)
    }

    /// Starts to serve a model, which may cost money by the hour, so it is carried out once.
    pub async fn deployment_create(&self, create: &CreateDeployment) -> anyhow::Result<Deployment> {
        let answer: Output<Deployment> = self.create("deployment_create", &DEPLOYMENTS, create).await?;
        Ok(answer.output)
    }

    /// Changes how much serves.
    pub async fn deployment_scale(&self, id: &str, capacity: u64) -> anyhow::Result<Deployment> {
        let kind = self.kind("deployment_scale", Repeat::Safe);
        let answer: Output<Deployment> = self.send(kind, Method::PUT, &of(id, &["scale"]), &Scale { capacity }).await?;
        Ok(answer.output)
    }

    /// Changes limits of requests and tokens a minute.
    pub async fn deployment_update(&self, id: &str, limits: &Limits) -> anyhow::Result<Deployment> {
        let kind = self.kind("deployment_update", Repeat::Safe);
        let answer: Output<Deployment> = self.send(kind, Method::PUT, &of(id, &["update"]), limits).await?;
        Ok(answer.output)
    }

    /// Stops serving.
    pub async fn deployment_delete(&self, id: &str) -> anyhow::Result<Deployment> {
        let kind = self.kind("deployment_delete", Repeat::Safe);
        let answer: Output<Deployment> = self.bare(kind, Method::DELETE, &of(id, &[])).await.map_err(outward)?;
        Ok(answer.output)
    }

    /// What can be deployed; `source` is `base`, `custom` or nothing for both.
    pub async fn deployable_models(
        &self,
        page_no: u64,
        page_size: u64,
        source: Option<&str>,
    ) -> anyhow::Result<DeployableModelPage> {
        let mut query = page(page_no, page_size).to_vec();
        query.push(("version", "v1.0".to_owned()));
        query.extend(source.map(|source| ("model_source", source.to_owned())));
        let answer: Output<DeployableModelPage> = self.get("deployable_models", &of("models", &[]), &query).await?;
        Ok(answer.output)
    }
}
