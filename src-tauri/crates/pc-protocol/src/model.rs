//! Lists of models: the catalogue (`/api/v1/models`), what can be deployed (`/api/v1/deployments/models`), what can be
//! called (`/compatible-mode/v1/models`).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{amount, lenient};

/// A page of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ModelPage {
    #[serde(default, deserialize_with = "lenient::count")]
    pub page_no: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub page_size: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub total: u64,
    #[serde(deserialize_with = "lenient::or_default")]
    pub models: Vec<ModelInfo>,
}

/// A model of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ModelInfo {
    /// The id that requests take.
    #[serde(deserialize_with = "lenient::text")]
    pub model: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: String,
    /// The longest sequence in tokens; not documented.
    #[serde(default, deserialize_with = "lenient::maybe_count")]
    pub max_length: Option<u64>,
    /// Not documented in this form; nothing where a cloud writes it another way.
    #[serde(default, deserialize_with = "prices")]
    pub prices: Option<ModelPrices>,
}

/// Prices of a model: exact decimals in text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ModelPrices {
    /// ISO 4217.
    pub currency: String,
    /// How many tokens a token price is for.
    #[serde(deserialize_with = "lenient::count")]
    pub tokens: u64,
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub training_token: Decimal,
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub input_token: Decimal,
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub output_token: Decimal,
    /// For one unit of capacity.
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub model_unit_hour: Decimal,
    /// `YYYY-MM-DD`: since when they hold.
    #[serde(default, deserialize_with = "lenient::text")]
    pub date: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub source: String,
}

/// Another cloud's prices must not make its catalogue unreadable.
fn prices<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<ModelPrices>, D::Error> {
    let raw = Box::<serde_json::value::RawValue>::deserialize(from)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

/// A page of what can be deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DeployableModelPage {
    #[serde(default, deserialize_with = "lenient::count")]
    pub page_no: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub page_size: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub total: u64,
    #[serde(deserialize_with = "lenient::or_default")]
    pub models: Vec<DeployableModel>,
}

/// A model and the plans by which it can be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DeployableModel {
    #[serde(deserialize_with = "lenient::text")]
    pub model_name: String,
    #[serde(default, deserialize_with = "lenient::maybe_count")]
    pub base_capacity: Option<u64>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub plans: Vec<DeploymentPlan>,
}

/// A way to serve and to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DeploymentPlan {
    /// `lora`, `mu`, `ptu` or `cu`.
    #[serde(deserialize_with = "lenient::text")]
    pub plan: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub templates: Vec<PlanTemplate>,
}

/// A hardware layout of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlanTemplate {
    #[serde(default, deserialize_with = "lenient::text")]
    pub template_id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub template_name: String,
    /// `COUPLED` or `SEPERATED` (so spelled).
    #[serde(default, deserialize_with = "lenient::text")]
    pub template_type: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub template_version: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub template_desc: String,
    /// By `unified`, `prefill` or `decode`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub roles: std::collections::BTreeMap<String, TemplateRole>,
}

/// What a role runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TemplateRole {
    #[serde(default, deserialize_with = "lenient::text")]
    pub model_unit_spec: String,
    #[serde(default, deserialize_with = "lenient::count")]
    pub capacity_unit_per_instance: u64,
}

/// What can be called, OpenAI-compatible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CompatibleModelList {
    /// `list`
    pub object: String,
    pub data: Vec<CompatibleModel>,
}

/// A row of [`CompatibleModelList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CompatibleModel {
    pub id: String,
    /// `model`
    pub object: String,
    /// Seconds since 1970.
    #[serde(default)]
    pub created: i64,
    #[serde(default, deserialize_with = "lenient::text")]
    pub owned_by: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact_and_those_of_another_shape_are_left_out() {
        let text = r#"{"models":[{"model":"a","prices":{"currency":"CNY","tokens":1000,"training_token":"0.002",
            "input_token":"0.00005","output_token":"0.0001","model_unit_hour":"0.2"}},
            {"model":"b","prices":[{"range":"0-32K","price":0.1}]},{"model":"c","max_length":null}]}"#;
        let page: ModelPage = serde_json::from_str(text).unwrap();
        assert_eq!(page.models[0].prices.as_ref().unwrap().input_token, "0.00005".parse().unwrap());
        assert_eq!((&page.models[1].prices, &page.models[2].prices), (&None, &None));
    }
}
