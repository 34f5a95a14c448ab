//! Fine-tunes: jobs, their logs and checkpoints.

use pc_protocol::{Checkpoint, CreateFineTune, Done, FineTune, FineTunePage, LogPage, Output};
use reqwest::Method;

use crate::cloud::{Cloud, page};
use crate::error::outward;
use crate::retry::Repeat;

const JOBS: [&str; 3] = ["api", "v1", "fine-tunes"];

fn of<'a>(id: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [JOBS.as_slice(), &[id], rest].concat()
}

impl Cloud {
    /// A page of jobs, newest first; `page_no` counts from 1, `page_size` is at most 100.
    pub async fn fine_tunes(&self, page_no: u64, page_size: u64) -> anyhow::Result<FineTunePage> {
        let answer: Output<FineTunePage> = self.get("fine_tune_list", &JOBS, &page(page_no, page_size)).await?;
        Ok(answer.output)
    }

    /// A job.
    pub async fn fine_tune(&self, id: &str) -> anyhow::Result<FineTune> {
        let answer: Output<FineTune> = self.get("fine_tune_get", &of(id, &[]), &[]).await?;
        Ok(answer.output)
    }

    /// Starts a job, which costs money, so it is carried out once.
    pub async fn fine_tune_create(&self, create: &CreateFineTune) -> anyhow::Result<FineTune> {
        let answer: Output<FineTune> = self.create("fine_tune_create", &JOBS, create).await?;
        Ok(answer.output)
    }

    /// Asks a job to stop.
    pub async fn fine_tune_cancel(&self, id: &str) -> anyhow::Result<()> {
        let kind = self.kind("fine_tune_cancel", Repeat::IfUntouched);
        self.bare::<Output<Done>>(kind, Method::POST, &of(id, &["cancel"])).await.map(drop).map_err(outward)
    }

    /// Removes a job that has ended, and its result.
    pub async fn fine_tune_delete(&self, id: &str) -> anyhow::Result<()> {
        let kind = self.kind("fine_tune_delete", Repeat::Safe);
        self.bare::<Output<Done>>(kind, Method::DELETE, &of(id, &[])).await.map(drop).map_err(outward)
    }

    /// Log lines: skips `offset`, then up to `line` (at most 1000).
    pub async fn fine_tune_logs(&self, id: &str, offset: u64, line: u64) -> anyhow::Result<LogPage> {
        let query = [("offset", offset.to_string()), ("line", line.to_string())];
        let answer: Output<LogPage> = self.get("fine_tune_logs", &of(id, &["logs"]), &query).await?;
        Ok(answer.output)
    }

    /// A job's checkpoints.
    pub async fn fine_tune_checkpoints(&self, id: &str) -> anyhow::Result<Vec<Checkpoint>> {
        let answer: Output<Vec<Checkpoint>> = self.get("fine_tune_checkpoints", &of(id, &["checkpoints"]), &[]).await?;
        Ok(answer.output)
    }

    /// Makes a model of a checkpoint such as `checkpoint-20`. Done when the list says so.
    pub async fn checkpoint_publish(&self, id: &str, checkpoint: &str, model_name: &str) -> anyhow::Result<()> {
        let query = [("model_name", model_name.to_owned())];
        self.get::<Output<bool>>("checkpoint_publish", &of(id, &["export", checkpoint]), &query).await.map(drop)
    }
}
