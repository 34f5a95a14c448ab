//! The catalogue, and what can be called.

use pc_protocol::{CompatibleModel, CompatibleModelList, ModelPage, Output, Token};
use reqwest::Method;

use crate::cloud::{Cloud, page};
use crate::error::outward;
use crate::retry::Repeat;

impl Cloud {
    /// A page of the catalogue of base models; `page_no` counts from 1.
    pub async fn models(&self, page_no: u64, page_size: u64) -> anyhow::Result<ModelPage> {
        let answer: Output<ModelPage> =
            self.get("model_list", &["api", "v1", "models"], &page(page_no, page_size)).await?;
        Ok(answer.output)
    }

    /// What the OpenAI-compatible API can call.
    pub async fn callable_models(&self) -> anyhow::Result<Vec<CompatibleModel>> {
        let list: CompatibleModelList = self.get("callable_models", &["compatible-mode", "v1", "models"], &[]).await?;
        Ok(list.data)
    }

    /// A key that lives for `seconds` (1 to 1800). One more key does no harm, so the call may be repeated.
    pub async fn short_lived_key(&self, seconds: u32) -> anyhow::Result<Token> {
        let kind = self.kind("short_lived_key", Repeat::Safe);
        let query = [("expire_in_seconds", seconds)];
        let build = || self.request(Method::POST, &["api", "v1", "tokens"]).query(&query);
        self.0.transport.json(kind, build).await.map_err(outward)
    }
}
