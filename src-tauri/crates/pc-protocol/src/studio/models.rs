//! The catalogue with its prices (`/modelstudio/models`).

use serde::Serialize;

/// A page of models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StudioModels {
    pub models: Vec<StudioModel>,
    /// This listing's name for the envelope's `message`.
    pub error_message: String,
    pub max_results: u64,
    pub next_token: Option<String>,
    pub total_count: u64,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StudioModel {
    pub model: String,
    pub name: String,
    pub description: String,
    pub provider: String,
    pub capabilities: Vec<String>,
    pub features: Vec<String>,
    pub inference_metadata: InferenceMetadata,
    pub model_info: StudioModelInfo,
    pub prices: Vec<ModelPriceRange>,
    /// Milliseconds since 1970; not known here.
    pub published_time: Option<i64>,
}

/// What goes in and what comes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InferenceMetadata {
    pub request_modality: Vec<String>,
    pub response_modality: Vec<String>,
}

/// Tokens that fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StudioModelInfo {
    pub context_window: u64,
    pub max_input_tokens: u64,
    pub max_output_tokens: u64,
    /// Nothing for models that do not think aloud.
    pub max_reasoning_tokens: Option<u64>,
    pub reasoning_max_input_tokens: Option<u64>,
    pub reasoning_max_output_tokens: Option<u64>,
}

/// Prices that hold for a range of lengths; here for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelPriceRange {
    pub range_name: String,
    pub prices: Vec<ModelPrice>,
}

/// One price: an exact decimal in text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelPrice {
    pub price: String,
    pub price_name: String,
    pub price_unit: String,
    pub time_band: String,
}
