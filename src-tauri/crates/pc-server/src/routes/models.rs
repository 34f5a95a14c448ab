//! Lists of models: the catalogue, what can be deployed, and the OpenAI-compatible list.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::caller::{Asked, Caller, blocking};
use crate::refusal::{Answer, Refusal};
use crate::state::State;

use super::unix;

#[derive(Deserialize)]
pub(super) struct Filter {
    page_no: Option<u64>,
    page_size: Option<u64>,
    model: Option<String>,
    model_source: Option<String>,
}

impl Filter {
    fn page(&self, rows: Vec<Value>) -> Answer<Value> {
        let (number, size) = (self.page_no.unwrap_or(1), self.page_size.unwrap_or(50));
        if number == 0 || number > 1_000_000 || size == 0 || size > 200 {
            return Err(Refusal::invalid("page_no must be at least 1 and page_size from 1 to 200."));
        }
        let total = rows.len();
        let page: Vec<Value> = rows.into_iter().skip(((number - 1) * size) as usize).take(size as usize).collect();
        Ok(json!({"page_no": number, "page_size": size, "total": total, "models": page}))
    }
}

pub(super) async fn list(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Asked(filter): Asked<Filter>,
) -> Answer<Json<Value>> {
    blocking(move || {
        let bases = state.engine.bases().into_iter().map(|base| {
            let prices = state.prices.of(&base.id);
            json!({
                "model": base.id,
                "name": base.name,
                "description": "",
                "max_length": base.max_length,
                "prices": {
                    "currency": state.prices.currency,
                    "tokens": state.prices.tokens_a_unit,
                    "training_token": prices.training_token.to_string(),
                    "input_token": prices.input_token.to_string(),
                    "output_token": prices.output_token.to_string(),
                    "model_unit_hour": prices.model_unit_hour.to_string(),
                    "date": state.prices.date,
                    "source": state.prices.source,
                },
            })
        });
        let wanted = |row: &Value| filter.model.as_ref().is_none_or(|model| row["model"] == **model);
        let rows = bases.filter(wanted).collect();
        Ok(caller.output(filter.page(rows)?))
    })
    .await
}

pub(super) async fn deployable(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Asked(filter): Asked<Filter>,
) -> Answer<Json<Value>> {
    blocking(move || {
        let template = json!({
            "template_id": "embedded",
            "template_name": "embedded",
            "template_type": "COUPLED",
            "template_version": "1",
            "template_desc": "",
            "roles": {"unified": {"model_unit_spec": "MU1", "capacity_unit_per_instance": 1}},
        });
        let row = |name: String, plans: &[&str]| {
            let plans: Vec<Value> = plans.iter().map(|plan| json!({"plan": plan, "templates": [template]})).collect();
            json!({"model_name": name, "base_capacity": 1, "plans": plans})
        };
        let mut rows = Vec::new();
        if filter.model_source.as_deref() != Some("custom") {
            rows.extend(state.engine.bases().into_iter().map(|base| row(base.id, &["mu"])));
        }
        if filter.model_source.as_deref() != Some("base") {
            let tuned = state.store.read(|tx| tx.models(&caller.workspace))?;
            rows.extend(tuned.into_iter().map(|model| row(model.name, &["lora", "mu"])));
        }
        Ok(caller.output(filter.page(rows)?))
    })
    .await
}

/// What can be called: base models and running deployments.
pub(super) async fn compatible(Shared(state): Shared<Arc<State>>, caller: Caller) -> Answer<Json<Value>> {
    blocking(move || {
        let row =
            |id: &str, created: i64| json!({"id": id, "object": "model", "created": created, "owned_by": "embedded"});
        let mut rows: Vec<Value> = state.engine.bases().iter().map(|base| row(&base.id, 0)).collect();
        let (deployments, _) = state.store.read(|tx| tx.deployments(&caller.workspace, 0, 10_000))?;
        let running = deployments.iter().filter(|deployment| deployment.status == "RUNNING");
        rows.extend(running.map(|deployment| row(&deployment.deployed_model, unix(&deployment.created_at))));
        Ok(Json(json!({"object": "list", "data": rows})))
    })
    .await
}
