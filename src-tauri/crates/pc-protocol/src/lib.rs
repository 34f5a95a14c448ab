//! Wire types of a cloud: files, fine-tunes, deployments, chat, billing, error bodies, SSE, request signing. What one
//! side writes the other reads, so there is one type for both. Deliberately absent: IO and any HTTP library.
//!
//! Answers are read tolerantly: unknown fields are ignored, a number may come as text, null is as good as absent, a
//! status that nobody knows is kept as it came. What an answer cannot do without is required.

pub mod account;
pub mod acs3;
mod amount;
mod billing;
mod chat;
mod deployment;
mod envelope;
mod error_body;
mod extension;
mod file;
mod fine_tune;
mod generation;
mod lenient;
mod message;
mod model;
pub mod openai;
pub mod receipt;
mod sampling;
mod sse;
pub mod studio;
pub mod time;
mod token;
mod word;

pub use billing::{AccountBalance, BillOverview, OverviewItem};
pub use billing::{
    BillItem, BillKind, BssAnswer, InstanceBill, InstanceBillPage, InstanceId, ItemList, SettledBill, SettledItem,
    action, query,
};
pub use chat::{
    ChatAnswer, ChatChoice, ChatChunk, ChatDelta, ChatRequest, ChatUsage, ChoiceLogprobs, ChunkChoice, StreamOptions,
    TokenLogprob, TopLogprob,
};
pub use deployment::{CreateDeployment, Deployment, DeploymentPage, DeploymentStatus, Limits, Scale};
pub use envelope::{Answered, Data, Done, Output};
pub use error_body::{CompatibleError, CompatibleErrorBody, ErrorText, NativeErrorBody, RpcErrorBody};
pub use extension::{
    CRC64_HEADER, Capabilities, CreateUpload, FinishUpload, ReceiptEntry, ReceiptList, ResumableUpload, WeightsFile,
    WeightsManifest,
};
pub use file::{
    CompatibleFile, CompatibleFilePage, FailedUpload, FileDeleted, FileObject, FilePage, Upload, UploadedFile,
};
pub use fine_tune::{Checkpoint, CheckpointStatus, LogPage, ValidationMetrics, ValidationResult};
pub use fine_tune::{CreateFineTune, DatasetSource, FineTune, FineTunePage, FineTuneStatus};
pub use generation::{
    Generation, GenerationAnswer, GenerationChoice, GenerationInput, GenerationOutput, GenerationParameters, Usage,
};
pub use message::{Message, Spoken};
pub use model::{
    CompatibleModel, CompatibleModelList, DeployableModel, DeployableModelPage, DeploymentPlan, ModelInfo, ModelPage,
    ModelPrices, PlanTemplate, TemplateRole,
};
pub use sampling::{SamplingParameters, Stop};
pub use sse::{SseEvent, SseParser, SseTooLong};
pub use token::Token;
