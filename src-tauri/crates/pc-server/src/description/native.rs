//! Model Studio's own API, and this cloud's extensions of it.

use pc_protocol::receipt::Receipt;
use pc_protocol::{
    Answered, Capabilities, Checkpoint, CreateDeployment, CreateFineTune, CreateUpload, Data, DeployableModelPage,
    Deployment, DeploymentPage, Done, FileObject, FilePage, FineTune, FineTunePage, FinishUpload, Generation,
    GenerationAnswer, Limits, LogPage, ModelPage, Output, ReceiptList, ResumableUpload, Scale, Token, Upload,
    ValidationResult, WeightsManifest,
};
use serde_json::Value;

use super::operation::{Answer, Api::*, Body, Kind, Operation, Parameter, of, plain};

const PAGE: &[Parameter] =
    &[Parameter("page_no", Kind::Whole(1, i64::MAX)), Parameter("page_size", Kind::Whole(1, 100))];
const LONG_PAGE: &[Parameter] =
    &[Parameter("page_no", Kind::Whole(1, i64::MAX)), Parameter("page_size", Kind::Whole(1, 200))];
const JOBS: &[Parameter] = &[
    Parameter("page_no", Kind::Whole(1, i64::MAX)),
    Parameter("page_size", Kind::Whole(1, 100)),
    Parameter("model", Kind::Text),
    Parameter("status", Kind::Text),
];
const LINES: &[Parameter] = &[Parameter("offset", Kind::Whole(0, i64::MAX)), Parameter("line", Kind::Whole(1, 1000))];
const MODELS: &[Parameter] = &[
    Parameter("page_no", Kind::Whole(1, i64::MAX)),
    Parameter("page_size", Kind::Whole(1, 100)),
    Parameter("model", Kind::Text),
];
const DEPLOYABLE: &[Parameter] = &[
    Parameter("page_no", Kind::Whole(1, i64::MAX)),
    Parameter("page_size", Kind::Whole(1, 100)),
    Parameter("version", Kind::Text),
    Parameter("model_source", Kind::Word(&["base", "custom"])),
];
const AT: &[Parameter] = &[Parameter("offset", Kind::Whole(0, i64::MAX)), Parameter("sha256", Kind::Text)];

pub(super) const OPERATIONS: &[Operation] = &[
    plain(Native, "get", "/api/v1/files", "Files, the newest first", Answer::Json(of::<Data<FilePage>>)).query(PAGE),
    plain(Native, "post", "/api/v1/files", "Upload files", Answer::Json(of::<Data<Upload>>))
        .body(Body::Form("files", &["descriptions", "purpose"])),
    plain(Native, "get", "/api/v1/files/{id}", "A file", Answer::Json(of::<Data<FileObject>>)),
    plain(Native, "delete", "/api/v1/files/{id}", "Destroy a file", Answer::Json(of::<Answered>)),
    plain(
        Native,
        "get",
        "/api/v1/fine-tunes",
        "Fine-tunes, the newest first",
        Answer::Json(of::<Output<FineTunePage>>),
    )
    .query(JOBS),
    plain(Native, "post", "/api/v1/fine-tunes", "Start a fine-tune", Answer::Json(of::<Output<FineTune>>))
        .body(Body::Json(of::<CreateFineTune>)),
    plain(Native, "get", "/api/v1/fine-tunes/{id}", "A fine-tune", Answer::Json(of::<Output<FineTune>>)),
    plain(Native, "delete", "/api/v1/fine-tunes/{id}", "Forget a fine-tune", Answer::Json(of::<Output<Done>>)),
    plain(Native, "post", "/api/v1/fine-tunes/{id}/cancel", "Cancel a fine-tune", Answer::Json(of::<Output<Done>>)),
    plain(Native, "get", "/api/v1/fine-tunes/{id}/logs", "Lines of its log", Answer::Json(of::<Output<LogPage>>))
        .query(LINES),
    plain(Native, "get", "/api/v1/fine-tunes/{id}/stream", "Its log as events, until it ends", Answer::Events),
    plain(
        Native,
        "get",
        "/api/v1/fine-tunes/{id}/checkpoints",
        "Its checkpoints",
        Answer::Json(of::<Output<Vec<Checkpoint>>>),
    ),
    plain(
        Native,
        "get",
        "/api/v1/fine-tunes/{id}/export/{checkpoint}",
        "Publish a checkpoint",
        Answer::Json(of::<Output<bool>>),
    )
    .query(&[Parameter("model_name", Kind::Text)])
    .refused(&[409]),
    plain(
        Native,
        "get",
        "/api/v1/fine-tunes/{id}/validation-results",
        "Its evaluations",
        Answer::Json(of::<Output<Vec<ValidationResult>>>),
    ),
    plain(
        Native,
        "get",
        "/api/v1/fine-tunes/{id}/validation-details/{checkpoint}",
        "What was measured at a checkpoint",
        Answer::Json(of::<Output<ValidationResult>>),
    ),
    plain(Native, "get", "/api/v1/deployments", "Deployments", Answer::Json(of::<Output<DeploymentPage>>))
        .query(LONG_PAGE),
    plain(Native, "post", "/api/v1/deployments", "Deploy a model", Answer::Json(of::<Output<Deployment>>))
        .body(Body::Json(of::<CreateDeployment>)),
    plain(
        Native,
        "get",
        "/api/v1/deployments/models",
        "What can be deployed, and by which plans",
        Answer::Json(of::<Output<DeployableModelPage>>),
    )
    .query(DEPLOYABLE),
    plain(Native, "get", "/api/v1/deployments/{id}", "A deployment", Answer::Json(of::<Output<Deployment>>)),
    plain(Native, "delete", "/api/v1/deployments/{id}", "End a deployment", Answer::Json(of::<Output<Deployment>>)),
    plain(
        Native,
        "put",
        "/api/v1/deployments/{id}/scale",
        "Change its capacity",
        Answer::Json(of::<Output<Deployment>>),
    )
    .body(Body::Json(of::<Scale>)),
    plain(
        Native,
        "put",
        "/api/v1/deployments/{id}/update",
        "Change its limits",
        Answer::Json(of::<Output<Deployment>>),
    )
    .body(Body::Json(of::<Limits>)),
    plain(Native, "get", "/api/v1/deployments/{id}/stream", "Its states as events, until it runs", Answer::Events),
    plain(
        Native,
        "post",
        "/api/v1/services/aigc/text-generation/generation",
        "Generate text; events with X-DashScope-SSE: enable",
        Answer::JsonOrEvents(of::<GenerationAnswer>),
    )
    .body(Body::Json(of::<Generation>))
    .refused(&[503]),
    plain(Native, "get", "/api/v1/models", "Base models", Answer::Json(of::<Output<ModelPage>>)).query(MODELS),
    plain(Native, "post", "/api/v1/tokens", "A key that lives for a short time", Answer::Json(of::<Token>))
        .query(&[Parameter("expire_in_seconds", Kind::Whole(1, 1800))]),
    plain(
        Native,
        "get",
        "/api/v1/extensions",
        "What this cloud offers beyond the protocol",
        Answer::Json(of::<Capabilities>),
    ),
    plain(Open, "get", super::PATH, "This document", Answer::Json(of::<Value>)),
    plain(Native, "get", "/api/v1/extensions/files/{id}/content", "A file's bytes", Answer::Bytes).refused(&[416]),
    plain(
        Native,
        "get",
        "/api/v1/extensions/files/{id}/receipts",
        "Receipts of a file, even of a destroyed one",
        Answer::Json(of::<Data<ReceiptList>>),
    ),
    plain(Native, "get", "/api/v1/extensions/receipts/{id}", "A signed receipt", Answer::Json(of::<Receipt>)),
    plain(
        Native,
        "post",
        "/api/v1/extensions/uploads",
        "Begin an upload that can go on after a break",
        Answer::Json(of::<Data<ResumableUpload>>),
    )
    .body(Body::Json(of::<CreateUpload>)),
    plain(Native, "get", "/api/v1/extensions/uploads/{id}", "How far it is", Answer::Json(of::<Data<ResumableUpload>>)),
    plain(
        Native,
        "put",
        "/api/v1/extensions/uploads/{id}",
        "Append at its offset",
        Answer::Json(of::<Data<ResumableUpload>>),
    )
    .needed(AT)
    .body(Body::Bytes),
    plain(Native, "delete", "/api/v1/extensions/uploads/{id}", "Give it up", Answer::Json(of::<Answered>)),
    plain(
        Native,
        "post",
        "/api/v1/extensions/uploads/{id}/finish",
        "Make it a file",
        Answer::Json(of::<Data<FileObject>>),
    )
    .body(Body::Json(of::<FinishUpload>)),
    plain(
        Native,
        "get",
        "/api/v1/extensions/fine-tunes/{id}/weights",
        "Files of a result, with their hashes",
        Answer::Json(of::<WeightsManifest>),
    ),
    plain(Native, "get", "/api/v1/extensions/fine-tunes/{id}/weights/{name}", "Bytes of one of them", Answer::Bytes)
        .refused(&[416]),
];
