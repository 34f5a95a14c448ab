//! The figures of a main job, and the verdict over them.

use anyhow::Result;
use pc_base::{Code, coded};
use pc_dataset::Recall;
use serde::{Deserialize, Serialize};

use super::event::{Step, Who};
use crate::api::{Money, Quant};

/// A tuned model must recall this share of what is required, in percent.
const RECALLED: usize = 90;
/// And this many percent points more than the base model in the same form: far more than chance gives.
const BETTER_BY: usize = 50;

/// Everything that was measured, step by step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Summary {
    pub model: String,
    pub check: Checked,
    pub upload: Uploaded,
    pub tune: Tuned,
    pub take_home: TakenHome,
    pub ask: Asked,
    pub serve: Served,
    pub bill: Billed,
    /// Seconds of each step, in order.
    pub steps: Vec<(Step, f64)>,
    pub seconds: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checked {
    pub file: String,
    pub rows: u64,
    pub bytes: u64,
    pub sha256: String,
    /// The greatest character-4-gram Jaccard similarity between a golden and a training question.
    pub max_jaccard: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Uploaded {
    pub file_id: String,
    pub bytes: u64,
    pub seconds: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tuned {
    pub job_id: String,
    pub output_model: String,
    pub steps: u64,
    pub tokens: u64,
    /// While it trained.
    pub tokens_per_second: f64,
    pub loss_first: f64,
    pub loss_last: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TakenHome {
    pub model: String,
    /// Of the adapter, as the cloud announced it and as it was computed here.
    pub sha256: String,
    pub adapter_bytes: u64,
    pub forms: Vec<Form>,
}

/// A converted form that ONNX Runtime loaded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Form {
    pub who: Who,
    pub quant: Quant,
    pub bytes: u64,
    pub convert_seconds: f64,
    pub load_ms: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// Whether the answering process had no route to any network.
    pub offline: bool,
    pub questions: usize,
    pub recalls: Vec<Recalled>,
    /// Mean KL of the tuned int4 form to its f32 form, in nats, on a fixed text.
    pub kl_int4: f64,
    /// Share of positions where both have the same likeliest token.
    pub same_top_int4: f64,
}

/// How one form of one model did on the golden set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recalled {
    pub who: Who,
    pub quant: Quant,
    pub recall: Recall,
    /// `recall` as a share in [0, 1].
    pub share: f64,
    pub tokens_per_second: f64,
    pub first_token_ms: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Served {
    pub deployed_model: String,
    pub calls: Vec<Call>,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Whether all calls, which ask the same greedily, were answered the same.
    pub same: bool,
}

/// One call of the dedicated API.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    /// `native` or `openai`.
    pub api: String,
    pub streamed: bool,
    pub text: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub seconds: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Billed {
    pub month: String,
    /// The whole month of this home, of which this job is a part.
    pub lines: usize,
    pub month_total: Money,
    /// This job's tokens as billed, which are those that job and answers reported.
    pub training_tokens: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// This job's lines.
    pub cost: Money,
}

impl Asked {
    fn of(&self, who: Who, quant: Quant) -> Recall {
        let found = self.recalls.iter().find(|recalled| recalled.who == who && recalled.quant == quant);
        found.map(|recalled| recalled.recall).unwrap_or_default()
    }

    /// Fails unless the tuned model is clearly better in every form. In whole counts, so that a golden set that requires
    /// nothing asks for nothing.
    pub fn verdict(&self) -> Result<()> {
        for quant in [Quant::F32, Quant::Int4] {
            let (base, tuned) = (self.of(Who::Base, quant), self.of(Who::Tuned, quant));
            let enough = tuned.found * 100 >= tuned.required * RECALLED;
            let better = tuned.found * 100 >= base.found * 100 + tuned.required * BETTER_BY;
            if !enough || !better {
                let share = |recall: Recall| format!("{:.2}", recall.share());
                let (tuned, base) = (share(tuned), share(base));
                return Err(coded(Code::ModelNotBetter).with("tuned", tuned).with("base", base).into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(required: usize, base: usize, tuned: [usize; 2]) -> Asked {
        let recalled = |who, quant, found| {
            let recall = Recall { found, required };
            Recalled { who, quant, recall, share: recall.share(), tokens_per_second: 1.0, first_token_ms: 1.0 }
        };
        let recalls = vec![
            recalled(Who::Base, Quant::F32, base),
            recalled(Who::Base, Quant::Int4, base),
            recalled(Who::Tuned, Quant::F32, tuned[0]),
            recalled(Who::Tuned, Quant::Int4, tuned[1]),
        ];
        Asked { offline: true, questions: required, recalls, kl_int4: 0.0, same_top_int4: 1.0 }
    }

    #[test]
    fn a_tuned_model_must_be_good_and_clearly_better_in_both_forms() {
        assert!(asked(40, 2, [40, 36]).verdict().is_ok());
        assert!(asked(40, 2, [40, 35]).verdict().is_err(), "35 of 40 is less than nine of ten");
        assert!(asked(40, 21, [40, 40]).verdict().is_err(), "a base model that knows half proves little");
        assert!(asked(0, 0, [0, 0]).verdict().is_ok(), "nothing required is nothing missed");
    }
}
