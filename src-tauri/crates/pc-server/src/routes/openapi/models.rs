//! ModelStudio's catalogue: the base models, with the price book's prices.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use pc_protocol::studio::{
    InferenceMetadata, ModelPrice, ModelPriceRange, StudioAnswer, StudioModel, StudioModelInfo, StudioModels,
};

use super::listed::{Names, page};
use super::signed::Admitted;
use crate::engine::BaseModel;
use crate::refusal::Answer;
use crate::state::State;

const PROVIDER: &str = "embedded";
const CAPABILITIES: [&str; 1] = ["text-generation"];
const FEATURES: [&str; 2] = ["fine-tune", "deploy"];

fn shown(state: &State, base: BaseModel) -> StudioModel {
    let (book, prices) = (&state.prices, state.prices.of(&base.id));
    let by_tokens = format!("{}/{} tokens", book.currency, book.tokens_a_unit);
    let by_hour = format!("{}/hour", book.currency);
    let price = |name: &str, price: rust_decimal::Decimal, unit: &str| ModelPrice {
        price: price.normalize().to_string(),
        price_name: name.to_owned(),
        price_unit: unit.to_owned(),
        time_band: String::new(),
    };
    let text = || vec!["text".to_owned()];
    StudioModel {
        description: format!("Prices of {}: {}", book.date, book.source),
        provider: PROVIDER.to_owned(),
        capabilities: CAPABILITIES.map(str::to_owned).to_vec(),
        features: FEATURES.map(str::to_owned).to_vec(),
        inference_metadata: InferenceMetadata { request_modality: text(), response_modality: text() },
        model_info: StudioModelInfo {
            context_window: base.max_length,
            max_input_tokens: base.max_length,
            max_output_tokens: base.max_length,
            max_reasoning_tokens: None,
            reasoning_max_input_tokens: None,
            reasoning_max_output_tokens: None,
        },
        prices: vec![ModelPriceRange {
            range_name: String::new(),
            prices: vec![
                price("training_token", prices.training_token, &by_tokens),
                price("input_token", prices.input_token, &by_tokens),
                price("output_token", prices.output_token, &by_tokens),
                price("model_unit_hour", prices.model_unit_hour, &by_hour),
            ],
        }],
        published_time: None,
        model: base.id,
        name: base.name,
    }
}

pub(super) fn list(state: &State, admitted: Admitted) -> Answer<Response> {
    let Admitted { request_id, account, action, mut parameters, .. } = admitted;
    let names = Names { size: "maxResults", token: "nextToken", most: 200, downwards: false };
    let question = parameters.question(account, &action, [names.size, names.token]);
    let all = |wanted: Option<Vec<String>>, has: &[&str]| {
        wanted.is_none_or(|wanted| wanted.iter().all(|word| has.contains(&word.as_str())))
    };
    let fits = all(parameters.json("capabilities")?, &CAPABILITIES)
        & all(parameters.json("features")?, &FEATURES)
        & parameters.json::<Vec<String>>("providers")?.is_none_or(|wanted| wanted.iter().any(|word| word == PROVIDER));
    let (model, name) = (parameters.text("model"), parameters.text("name"));
    let least = parameters.number("contextWindow", 0, u64::MAX)?.unwrap_or(0);
    // Nothing of what is shown is in one language or another.
    parameters.word("language", &["en", "zh", "en-US", "zh-CN"])?;
    let mut bases = state.engine.bases();
    bases.retain(|base| {
        fits && base.max_length >= least
            && model.as_ref().is_none_or(|id| base.id == *id)
            && name.as_ref().is_none_or(|part| base.name.contains(part.as_str()))
    });
    let mut rows: Vec<_> = bases.into_iter().map(|base| (base.id.clone(), shown(state, base))).collect();
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    let page = page(state, &mut parameters, &names, &question, rows)?;
    parameters.done()?;
    let (max_results, next_token, total_count) = (page.size as u64, page.next, page.total);
    let body = StudioModels { models: page.rows, error_message: String::new(), max_results, next_token, total_count };
    Ok(Json(StudioAnswer::success(request_id, body)).into_response())
}
