//! Lists of models: the catalogue, what can be deployed, and the OpenAI-compatible list.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use pc_protocol::{
    CompatibleModel, CompatibleModelList, DeployableModel, DeployableModelPage, DeploymentPlan, ModelInfo, ModelPage,
    ModelPrices, Output, PlanTemplate, TemplateRole,
};
use serde::Deserialize;

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
    /// Page number, its size, all rows' number and the page's rows.
    fn page<T>(&self, rows: Vec<T>) -> Answer<(u64, u64, u64, Vec<T>)> {
        let (number, size) = (self.page_no.unwrap_or(1), self.page_size.unwrap_or(50));
        if number == 0 || number > 1_000_000 || size == 0 || size > 200 {
            return Err(Refusal::invalid("page_no must be at least 1 and page_size from 1 to 200."));
        }
        let total = rows.len() as u64;
        let page = rows.into_iter().skip(((number - 1) * size) as usize).take(size as usize).collect();
        Ok((number, size, total, page))
    }
}

pub(super) async fn list(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Asked(filter): Asked<Filter>,
) -> Answer<Json<Output<ModelPage>>> {
    blocking(move || {
        let bases = state.engine.bases().into_iter().map(|base| {
            let prices = state.prices.of(&base.id);
            ModelInfo {
                model: base.id,
                name: base.name,
                description: String::new(),
                max_length: Some(base.max_length),
                prices: Some(ModelPrices {
                    currency: state.prices.currency.clone(),
                    tokens: u64::from(state.prices.tokens_a_unit),
                    training_token: prices.training_token,
                    input_token: prices.input_token,
                    output_token: prices.output_token,
                    model_unit_hour: prices.model_unit_hour,
                    date: state.prices.date.clone(),
                    source: state.prices.source.clone(),
                }),
            }
        });
        let wanted = |row: &ModelInfo| filter.model.as_ref().is_none_or(|model| row.model == *model);
        let (page_no, page_size, total, models) = filter.page(bases.filter(wanted).collect())?;
        Ok(caller.output(ModelPage { page_no, page_size, total, models }))
    })
    .await
}

pub(super) async fn deployable(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Asked(filter): Asked<Filter>,
) -> Answer<Json<Output<DeployableModelPage>>> {
    blocking(move || {
        let row = |model_name: String, base_model: &str, plans: &[&str]| {
            let units = state.prices.of(base_model).base_capacity;
            let plan = |plan: &&str| DeploymentPlan { plan: (*plan).to_owned(), templates: vec![template(units)] };
            DeployableModel { model_name, base_capacity: Some(units), plans: plans.iter().map(plan).collect() }
        };
        let mut rows = Vec::new();
        if filter.model_source.as_deref() != Some("custom") {
            rows.extend(state.engine.bases().into_iter().map(|base| row(base.id.clone(), &base.id, &["mu"])));
        }
        if filter.model_source.as_deref() != Some("base") {
            for model in state.store.read(|tx| tx.models(&caller.workspace))? {
                let plans: &[&str] = if state.is_lora(&model)? { &["lora", "mu"] } else { &["mu"] };
                rows.push(row(model.name, &model.base_model, plans));
            }
        }
        let (page_no, page_size, total, models) = filter.page(rows)?;
        Ok(caller.output(DeployableModelPage { page_no, page_size, total, models }))
    })
    .await
}

/// The one kind of model unit, and the one layout, that there is.
pub(super) const UNIT: &str = "MU1";
pub(super) const TEMPLATE: &str = "embedded";

fn template(units: u64) -> PlanTemplate {
    let role = TemplateRole { model_unit_spec: UNIT.to_owned(), capacity_unit_per_instance: units };
    PlanTemplate {
        template_id: TEMPLATE.to_owned(),
        template_name: TEMPLATE.to_owned(),
        template_type: "COUPLED".to_owned(),
        template_version: "1".to_owned(),
        template_desc: String::new(),
        roles: [("unified".to_owned(), role)].into(),
    }
}

/// What can be called: base models and running deployments.
pub(super) async fn compatible(Shared(state): Shared<Arc<State>>, caller: Caller) -> Answer<Json<CompatibleModelList>> {
    blocking(move || {
        let row = |id: &str, created: i64| {
            let (id, object, owned_by) = (id.to_owned(), "model".to_owned(), "embedded".to_owned());
            CompatibleModel { id, object, created, owned_by }
        };
        let mut rows: Vec<CompatibleModel> = state.engine.bases().iter().map(|base| row(&base.id, 0)).collect();
        let (deployments, _) = state.store.read(|tx| tx.deployments(&caller.workspace, 0, 10_000))?;
        let running = deployments.iter().filter(|deployment| deployment.status == "RUNNING");
        rows.extend(running.map(|deployment| row(&deployment.deployed_model, unix(&deployment.created_at))));
        Ok(Json(CompatibleModelList { object: "list".to_owned(), data: rows }))
    })
    .await
}
