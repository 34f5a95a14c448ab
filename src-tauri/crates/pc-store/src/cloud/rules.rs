//! Table `model_rules`: what a workspace may do with a base model, and how often.

use crate::database::{first, run};

use super::Tx;

/// The rule of one model, or that of all others (the empty model).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelRule {
    /// Nothing leaves it to the rule of all.
    pub inference: Option<bool>,
    pub fine_tune: Option<bool>,
    pub deploy: Option<bool>,
    /// So many requests in so many seconds.
    pub requests: Option<(u64, u64)>,
    /// So many tokens in so many seconds.
    pub usage: Option<(u64, u64)>,
}

impl Tx<'_> {
    /// A workspace's rule for a model.
    pub fn model_rule(&self, workspace: &str, model: &str) -> anyhow::Result<ModelRule> {
        let sql = "SELECT inference, fine_tune, deploy, request_limit, request_period, usage_limit, usage_period
                   FROM model_rules WHERE workspace_id = ?1 AND model = ?2";
        let found = first(self.0, sql, (workspace, model), |row| {
            let pair = |limit: Option<u64>, period: Option<u64>| limit.zip(period);
            Ok(ModelRule {
                inference: row.get(0)?,
                fine_tune: row.get(1)?,
                deploy: row.get(2)?,
                requests: pair(row.get(3)?, row.get(4)?),
                usage: pair(row.get(5)?, row.get(6)?),
            })
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Keeps a workspace's rule for a model.
    pub fn model_rule_put(&self, workspace: &str, model: &str, rule: &ModelRule) -> anyhow::Result<()> {
        let sql =
            "INSERT OR REPLACE INTO model_rules (workspace_id, model, inference, fine_tune, deploy, request_limit,
                   request_period, usage_limit, usage_period) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let (requests, usage) = (rule.requests.unzip(), rule.usage.unzip());
        let grants = (rule.inference, rule.fine_tune, rule.deploy);
        let params = (workspace, model, grants.0, grants.1, grants.2, requests.0, requests.1, usage.0, usage.1);
        run(self.0, sql, params).map(drop)
    }

    /// Leaves what a workspace may do to the rule of all, model by model.
    pub fn model_grants_clear(&self, workspace: &str) -> anyhow::Result<()> {
        let sql = "UPDATE model_rules SET inference = NULL, fine_tune = NULL, deploy = NULL WHERE workspace_id = ?1";
        run(self.0, sql, [workspace]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_kept_whole_and_its_grants_can_be_left_to_the_rule_of_all() {
        let (_dir, store) = super::super::empty();
        let rule = ModelRule { deploy: Some(false), requests: Some((5, 60)), ..ModelRule::default() };
        store.write(|tx| tx.model_rule_put("a", "m", &rule)).unwrap();
        assert_eq!(store.read(|tx| tx.model_rule("a", "m")).unwrap(), rule);
        assert_eq!(store.read(|tx| tx.model_rule("b", "m")).unwrap(), ModelRule::default());
        store.write(|tx| tx.model_grants_clear("a")).unwrap();
        let cleared = store.read(|tx| tx.model_rule("a", "m")).unwrap();
        assert_eq!(cleared, ModelRule { deploy: None, ..rule });
    }
}
