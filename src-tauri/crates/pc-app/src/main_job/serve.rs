//! Step 6: the tuned model behind its dedicated API, asked the same over all four of its forms.

use std::time::{Duration, Instant};

use anyhow::Result;
use pc_base::{Cancel, Code, coded};
use pc_cloud::{Answer, Cloud};
use pc_protocol::{ChatRequest, Generation, Message, SamplingParameters};

use super::Run;
use super::event::Event;
use super::summary::{Call, Served};
use crate::api::{DeploymentCreate, DeploymentRow, Empty};

const MOST_TOKENS: u64 = 48;
/// A model is loaded within seconds; a machine that swaps may need longer.
const READY_WITHIN: Duration = Duration::from_mins(5);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Deploys a fine-tune's result and calls it.
pub(super) async fn serve(run: &Run<'_>, output_model: &str, question: &str) -> Result<Served> {
    let deployed = deploy(run, output_model).await?;
    run.tell(Event::Deployed {
        deployed_model: deployed.deployed_model.clone(),
        native_url: deployed.native_url.clone(),
        openai_url: deployed.openai_url.clone(),
    });
    let cloud = run.app.selected().await?.cloud;
    let mut calls = Vec::new();
    for (api, streamed) in [("native", false), ("native", true), ("openai", false), ("openai", true)] {
        run.cancel.check()?;
        let start = Instant::now();
        let answer = call(&cloud, &deployed.deployed_model, question, api, streamed, run.cancel).await?;
        let call = Call {
            api: api.to_owned(),
            streamed,
            text: answer.text,
            input_tokens: answer.input_tokens,
            output_tokens: answer.output_tokens,
            seconds: start.elapsed().as_secs_f64(),
        };
        anyhow::ensure!(call.input_tokens > 0, "an answer of the {api} API does not say its tokens");
        run.tell(Event::Called { call: call.clone() });
        calls.push(call);
    }
    Ok(Served {
        deployed_model: deployed.deployed_model,
        input_tokens: calls.iter().map(|call| call.input_tokens).sum(),
        output_tokens: calls.iter().map(|call| call.output_tokens).sum(),
        same: calls.iter().all(|call| call.text == calls[0].text),
        calls,
    })
}

async fn deploy(run: &Run<'_>, output_model: &str) -> Result<DeploymentRow> {
    let wanted = DeploymentCreate {
        model_name: output_model.to_owned(),
        name: output_model.to_owned(),
        plan: "lora".to_owned(),
    };
    let mut row = run.app.deployment_create(wanted, run.language).await?;
    let start = Instant::now();
    while row.status != "RUNNING" {
        run.cancel.check()?;
        if row.status == "FAILED" || start.elapsed() > READY_WITHIN {
            let why = format!("the deployment {} is {}", row.deployed_model, row.status);
            return Err(coded(Code::CloudRefused).with("why", why).into());
        }
        tokio::time::sleep(LOOK_EVERY).await;
        let rows = run.app.deployment_list(Empty {}, run.language).await?;
        row = rows.into_iter().find(|other| other.deployed_model == row.deployed_model).unwrap_or(row);
    }
    Ok(row)
}

async fn call(
    cloud: &Cloud,
    model: &str,
    question: &str,
    api: &str,
    streamed: bool,
    cancel: &Cancel,
) -> Result<Answer> {
    let messages = vec![Message::new("user", question)];
    let sampling =
        SamplingParameters { max_tokens: Some(MOST_TOKENS), temperature: Some(0.0), ..SamplingParameters::default() };
    if api == "native" {
        let asked = Generation::chat(model, messages, sampling);
        return if streamed {
            cloud.generate_stream(&asked, |_| {}, cancel).await
        } else {
            cloud.generate(&asked).await
        };
    }
    let asked = ChatRequest { model: model.to_owned(), messages, sampling, ..ChatRequest::default() };
    if streamed { cloud.chat_stream(&asked, |_| {}, cancel).await } else { cloud.chat(&asked).await }
}
