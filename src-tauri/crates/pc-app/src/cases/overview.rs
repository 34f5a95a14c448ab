//! The first page: what there is, what runs, what it cost. From what was last seen where the cloud is slow.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use pc_base::Language;

use crate::api::{Empty, Overview, TuneRow, TuneStatus, UsageRequest};
use crate::app::App;
use crate::seen::is_unreachable;

/// How long a failed job stays on the first page.
const RECENT: SignedDuration = SignedDuration::from_hours(24 * 7);

impl App {
    /// `overview_get`: a cloud that cannot be reached and was never seen counts nothing; what is on this machine is shown.
    pub async fn overview_get(&self, _: Empty, language: Language) -> Result<Overview> {
        let (datasets, tunes, deployments, models, usage) = tokio::join!(
            self.dataset_list(Empty {}, language),
            self.tune_list(Empty {}, language),
            self.deployment_list(Empty {}, language),
            self.model_list(Empty {}, language),
            self.usage_get(UsageRequest { month: None }, language),
        );
        let usage = usage?;
        let now: Timestamp = self.now().parse()?;
        Ok(Overview {
            datasets: or_none(datasets)?.len() as u64,
            models: models?.len() as u64,
            deployments: or_none(deployments)?.len() as u64,
            tunes: of_interest(or_none(tunes)?, now),
            month_cost: usage.synced_at.is_some().then_some(usage.total),
            synced_at: usage.synced_at,
        })
    }
}

fn or_none<T>(list: Result<Vec<T>>) -> Result<Vec<T>> {
    match list {
        Err(error) if is_unreachable(&error) => Ok(Vec::new()),
        list => list,
    }
}

/// Running and waiting jobs first, then those that failed lately.
fn of_interest(tunes: Vec<TuneRow>, now: Timestamp) -> Vec<TuneRow> {
    let open = |row: &TuneRow| !matches!(row.status, TuneStatus::Succeeded | TuneStatus::Failed | TuneStatus::Canceled);
    let lately = |row: &TuneRow| {
        let ended = row.ended_at.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
        row.status == TuneStatus::Failed && ended.is_none_or(|ended| now.duration_since(ended) < RECENT)
    };
    let (running, rest): (Vec<_>, Vec<_>) = tunes.into_iter().partition(open);
    running.into_iter().chain(rest.into_iter().filter(lately)).collect()
}
