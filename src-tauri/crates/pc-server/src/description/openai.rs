//! The OpenAI-compatible API of Model Studio, and OpenAI's own surface.

use pc_protocol::openai::{
    Checkpoint, CompleteUpload, CompletionsUsage, Costs, CreateJob, CreatePermission, CreateUpload, Deleted, Event,
    FileObject, Job, List, Permission, Upload, UploadPart, UsagePage,
};
use pc_protocol::{
    ChatAnswer, ChatRequest, CompatibleFile, CompatibleFilePage, CompatibleModel, CompatibleModelList, FileDeleted,
};

use super::operation::{Answer, Api::*, Body, Kind, Operation, Parameter, of, plain};

const COMPATIBLE_FILES: &[Parameter] = &[
    Parameter("after", Kind::Text),
    Parameter("limit", Kind::Whole(1, 2000)),
    Parameter("purpose", Kind::Text),
    Parameter("create_after", Kind::Whole(0, i64::MAX)),
    Parameter("create_before", Kind::Whole(0, i64::MAX)),
];
const FILES: &[Parameter] = &[
    Parameter("after", Kind::Text),
    Parameter("limit", Kind::Whole(1, 10_000)),
    Parameter("order", Kind::Word(&["asc", "desc"])),
    Parameter("purpose", Kind::Text),
];
const CURSOR: &[Parameter] = &[Parameter("after", Kind::Text), Parameter("limit", Kind::Whole(1, 1000))];
const CHECKPOINTS: &[Parameter] = &[Parameter("after", Kind::Text), Parameter("limit", Kind::Whole(1, 100))];
const PERMISSIONS: &[Parameter] = &[
    Parameter("after", Kind::Text),
    Parameter("limit", Kind::Whole(1, 100)),
    Parameter("order", Kind::Word(&["ascending", "descending"])),
    Parameter("project_id", Kind::Text),
];
const START: &[Parameter] = &[Parameter("start_time", Kind::Whole(0, i64::MAX))];
const USAGE: &[Parameter] = &[
    Parameter("end_time", Kind::Whole(0, i64::MAX)),
    Parameter("bucket_width", Kind::Word(&["1m", "1h", "1d"])),
    Parameter("limit", Kind::Whole(1, 1440)),
    Parameter("page", Kind::Text),
    Parameter("group_by", Kind::Texts),
    Parameter("models", Kind::Texts),
    Parameter("project_ids", Kind::Texts),
    Parameter("api_key_ids", Kind::Texts),
    Parameter("user_ids", Kind::Texts),
    Parameter("batch", Kind::Flag),
];
const COSTS: &[Parameter] = &[
    Parameter("end_time", Kind::Whole(0, i64::MAX)),
    Parameter("bucket_width", Kind::Word(&["1d"])),
    Parameter("limit", Kind::Whole(1, 180)),
    Parameter("page", Kind::Text),
    Parameter("group_by", Kind::Texts),
    Parameter("project_ids", Kind::Texts),
    Parameter("api_key_ids", Kind::Texts),
    Parameter("line_items", Kind::Texts),
];

pub(super) const OPERATIONS: &[Operation] = &[
    plain(Compatible, "get", "/compatible-mode/v1/files", "Files", Answer::Json(of::<CompatibleFilePage>))
        .query(COMPATIBLE_FILES),
    plain(Compatible, "post", "/compatible-mode/v1/files", "Upload a file", Answer::Json(of::<CompatibleFile>))
        .body(Body::Form("file", &["purpose"])),
    plain(Compatible, "get", "/compatible-mode/v1/files/{id}", "A file", Answer::Json(of::<CompatibleFile>)),
    plain(Compatible, "delete", "/compatible-mode/v1/files/{id}", "Destroy a file", Answer::Json(of::<FileDeleted>)),
    plain(Compatible, "get", "/compatible-mode/v1/files/{id}/content", "A file's bytes", Answer::Bytes).refused(&[416]),
    plain(
        Compatible,
        "post",
        "/compatible-mode/v1/chat/completions",
        "Chat; events with stream",
        Answer::JsonOrEvents(of::<ChatAnswer>),
    )
    .body(Body::Json(of::<ChatRequest>))
    .refused(&[503]),
    plain(
        Compatible,
        "get",
        "/compatible-mode/v1/models",
        "Models that answer",
        Answer::Json(of::<CompatibleModelList>),
    ),
    plain(OpenAi, "get", "/v1/files", "Files", Answer::Json(of::<List<FileObject>>)).query(FILES),
    plain(OpenAi, "post", "/v1/files", "Upload a file", Answer::Json(of::<FileObject>))
        .body(Body::Form("file", &["purpose", "expires_after[anchor]", "expires_after[seconds]"])),
    plain(OpenAi, "get", "/v1/files/{id}", "A file", Answer::Json(of::<FileObject>)),
    plain(OpenAi, "delete", "/v1/files/{id}", "Destroy a file", Answer::Json(of::<Deleted>)),
    plain(OpenAi, "get", "/v1/files/{id}/content", "A file's bytes", Answer::Bytes).refused(&[416]),
    plain(OpenAi, "post", "/v1/uploads", "Begin an upload in parts", Answer::Json(of::<Upload>))
        .body(Body::Json(of::<CreateUpload>)),
    plain(OpenAi, "post", "/v1/uploads/{id}/parts", "A part of it", Answer::Json(of::<UploadPart>))
        .body(Body::Form("data", &[])),
    plain(OpenAi, "post", "/v1/uploads/{id}/complete", "Make the parts a file", Answer::Json(of::<Upload>))
        .body(Body::Json(of::<CompleteUpload>)),
    plain(OpenAi, "post", "/v1/uploads/{id}/cancel", "Give it up", Answer::Json(of::<Upload>)),
    plain(OpenAi, "get", "/v1/fine_tuning/jobs", "Fine-tuning jobs", Answer::Json(of::<List<Job>>)).query(CURSOR),
    plain(OpenAi, "post", "/v1/fine_tuning/jobs", "Start a job", Answer::Json(of::<Job>))
        .body(Body::Json(of::<CreateJob>)),
    plain(OpenAi, "get", "/v1/fine_tuning/jobs/{id}", "A job", Answer::Json(of::<Job>)),
    plain(OpenAi, "post", "/v1/fine_tuning/jobs/{id}/cancel", "Cancel it", Answer::Json(of::<Job>)),
    plain(OpenAi, "post", "/v1/fine_tuning/jobs/{id}/pause", "Stop it for a while", Answer::Json(of::<Job>)),
    plain(OpenAi, "post", "/v1/fine_tuning/jobs/{id}/resume", "Let it go on", Answer::Json(of::<Job>)),
    plain(OpenAi, "get", "/v1/fine_tuning/jobs/{id}/events", "What happened to it", Answer::Json(of::<List<Event>>))
        .query(CURSOR),
    plain(
        OpenAi,
        "get",
        "/v1/fine_tuning/jobs/{id}/checkpoints",
        "Its checkpoints",
        Answer::Json(of::<List<Checkpoint>>),
    )
    .query(CHECKPOINTS),
    plain(
        OpenAi,
        "post",
        "/v1/chat/completions",
        "Chat, with results of jobs too; events with stream",
        Answer::JsonOrEvents(of::<ChatAnswer>),
    )
    .body(Body::Json(of::<ChatRequest>))
    .refused(&[503]),
    plain(OpenAi, "get", "/v1/models", "Models", Answer::Json(of::<List<CompatibleModel>>)),
    plain(OpenAi, "get", "/v1/models/{id}", "A model", Answer::Json(of::<CompatibleModel>)),
    plain(OpenAi, "delete", "/v1/models/{id}", "Destroy a job's result", Answer::Json(of::<Deleted>)),
    plain(
        Organization,
        "get",
        "/v1/fine_tuning/checkpoints/{id}/permissions",
        "Which projects may use a checkpoint",
        Answer::Json(of::<List<Permission>>),
    )
    .query(PERMISSIONS),
    plain(
        Organization,
        "post",
        "/v1/fine_tuning/checkpoints/{id}/permissions",
        "Let projects use it",
        Answer::Json(of::<List<Permission>>),
    )
    .body(Body::Json(of::<CreatePermission>)),
    plain(
        Organization,
        "delete",
        "/v1/fine_tuning/checkpoints/{id}/permissions/{permission}",
        "Let one use it no more",
        Answer::Json(of::<Deleted>),
    ),
    plain(
        Organization,
        "get",
        "/v1/organization/usage/completions",
        "Tokens, by time",
        Answer::Json(of::<UsagePage<CompletionsUsage>>),
    )
    .needed(START)
    .query(USAGE),
    plain(Organization, "get", "/v1/organization/costs", "Costs, by day", Answer::Json(of::<UsagePage<Costs>>))
        .needed(START)
        .query(COSTS),
];
