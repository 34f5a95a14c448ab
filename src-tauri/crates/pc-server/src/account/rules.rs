//! What a workspace may do with a base model, and how often, as its account has set it; everything as long as nothing is set.

use axum::http::StatusCode;
use pc_store::cloud::ModelRule;

use crate::refusal::{Answer, Refusal};
use crate::state::State;

/// What a model is used for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Use {
    Inference,
    FineTune,
    Deploy,
}

impl Use {
    fn of(self, rule: &ModelRule) -> Option<bool> {
        match self {
            Self::Inference => rule.inference,
            Self::FineTune => rule.fine_tune,
            Self::Deploy => rule.deploy,
        }
    }
}

/// Whether it is granted: by the model's own rule, or else by that of all.
pub(crate) fn granted(rule: &ModelRule, of_all: &ModelRule, what: Use) -> bool {
    what.of(rule).or(what.of(of_all)).unwrap_or(true)
}

impl State {
    /// Refuses what the account does not let a workspace do with a base model; answers the model's rule.
    pub(crate) fn permitted(&self, workspace: &str, base_model: &str, what: Use) -> Answer<ModelRule> {
        let (rule, of_all) =
            self.store.read(|tx| Ok((tx.model_rule(workspace, base_model)?, tx.model_rule(workspace, "")?)))?;
        if granted(&rule, &of_all, what) {
            return Ok(rule);
        }
        let message = format!("This workspace has no permission for that use of {base_model}.");
        Err(Refusal::new(StatusCode::FORBIDDEN, "Model.AccessDenied", message).on("model"))
    }
}
