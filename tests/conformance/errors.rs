//! Every kind of refusal of the real cloud has its code, the cloud's own code and the request's id on the client's side.
//! Faults that the embedded cloud does not produce are tested with a fake one beside the client (`pc-cloud/tests`).

use std::sync::Arc;

use pc_base::{Cancel, Code, Secret, Silent};
use pc_cloud::{CloudError, Endpoint, ErrorKind};
use pc_protocol::{ChatRequest, CreateDeployment, Generation, Message, SamplingParameters};

use crate::cloud::{Serving, told, tune_of};

fn expect(error: anyhow::Error, code: Code, kind: ErrorKind, cloud_code: &str, status: u16) -> CloudError {
    let (found, typed) = told(&error);
    let seen = (found, typed.kind, typed.cloud_code.as_deref(), typed.http_status);
    assert_eq!(seen, (code, kind, Some(cloud_code), Some(status)), "{error:?}");
    assert!(typed.request_id.as_ref().is_some_and(|id| id.len() > 10), "support finds the call: {typed:?}");
    typed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_is_told_apart() {
    let serving = Serving::start().await;
    let cloud = serving.cloud();
    let with = |endpoint: Endpoint| serving.cloud_of(endpoint);
    let bad_key = Endpoint { api_key: Arc::new(Secret::new("sk-wrong".into())), ..serving.endpoint() };
    let error = with(bad_key.clone()).files(1, 10).await.unwrap_err();
    expect(error, Code::KeyInvalid, ErrorKind::Key, "InvalidApiKey", 401);
    let error = with(bad_key).callable_models().await.unwrap_err();
    expect(error, Code::KeyInvalid, ErrorKind::Key, "invalid_api_key", 401);
    let other = Endpoint { workspace: Some("llm-other".into()), ..serving.endpoint() };
    let error = with(other).files(1, 10).await.unwrap_err();
    expect(error, Code::CloudRefused, ErrorKind::Refused, "Workspace.AccessDenied", 403);

    let error = cloud.file("no-such-file").await.unwrap_err();
    expect(error, Code::CloudRefused, ErrorKind::NotFound, "InvalidParameter", 400);
    for odd in ["..", ".", "a/b", "a?b#c", "%2e%2e"] {
        let error = cloud.file(odd).await.unwrap_err();
        assert!(CloudError::is_not_found(&error), "an id stays in its place, whatever it is: {odd} {error:?}");
    }
    let error = cloud.fine_tune("ft-none").await.unwrap_err();
    expect(error, Code::CloudRefused, ErrorKind::NotFound, "NotFound", 404);
    let error = cloud.fine_tune_create(&tune_of("no-such-file")).await.unwrap_err();
    expect(error, Code::CloudRefused, ErrorKind::NotFound, "InvalidParameter", 400);
    let mut unknown = tune_of("f");
    unknown.model = "gpt".into();
    let error = cloud.fine_tune_create(&unknown).await.unwrap_err();
    let typed = expect(error, Code::CloudRefused, ErrorKind::NotFound, "ModelNotFound", 404);
    assert!(typed.message.contains("gpt") && !typed.retryable);
    let error = cloud.deployment("none").await.unwrap_err();
    expect(error, Code::CloudRefused, ErrorKind::NotFound, "NotFound", 404);
    let base = CreateDeployment { model_name: "tiny".into(), ..CreateDeployment::default() };
    let error = cloud.deployment_create(&base).await.unwrap_err();
    expect(error, Code::CloudRefused, ErrorKind::Refused, "InvalidParameter", 400);
    let error = cloud.weights_download("ft-none", serving.dir.path(), &Silent, &Cancel::default()).await.unwrap_err();
    expect(error, Code::CloudRefused, ErrorKind::NotFound, "NotFound", 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_cannot_be_given_is_an_error_in_every_form() {
    let serving = Serving::start().await;
    let cloud = serving.cloud();
    let sampling = SamplingParameters { max_tokens: Some(13), ..SamplingParameters::default() };
    let messages = vec![Message::new("user", "hi")];
    let native = Generation::chat("tiny", messages.clone(), sampling.clone());
    let chat = |model: &str| ChatRequest {
        model: model.to_owned(),
        messages: messages.clone(),
        sampling: sampling.clone(),
        ..ChatRequest::default()
    };
    let cancel = Cancel::default();
    for error in [
        cloud.generate(&native).await.unwrap_err(),
        cloud.generate_stream(&native, |_| (), &cancel).await.unwrap_err(),
        cloud.chat(&chat("tiny")).await.unwrap_err(),
        cloud.chat_stream(&chat("tiny"), |_| (), &cancel).await.unwrap_err(),
    ] {
        let (code, typed) = told(&error);
        assert_eq!((code, typed.kind), (Code::CloudRefused, ErrorKind::Refused), "{error:?}");
        assert!(typed.message.contains("thirteen") && typed.request_id.is_some(), "{typed:?}");
    }
    let error = cloud.chat(&chat("none")).await.unwrap_err();
    expect(error, Code::CloudRefused, ErrorKind::NotFound, "model_not_found", 404);
    let error = cloud.generate(&Generation { model: "none".into(), ..native }).await.unwrap_err();
    expect(error, Code::CloudRefused, ErrorKind::NotFound, "ModelNotFound", 404);
}
