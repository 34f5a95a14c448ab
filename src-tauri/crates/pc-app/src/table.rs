//! The command table: the one list of what the window can ask for. It expands to the router and to the rows from which
//! `cargo xtask codegen` writes the UI's types. Deliberately absent: what the commands do, which is `cases`.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use pc_base::{Cancel, Code, CodedExt as _, Failure, Language, coded};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ts_rs::{Config, TS};

use crate::api::*;
use crate::app::App;
use crate::live::Live;

/// How a command behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "the table's own words, which are also the wire's")]
pub enum Kind {
    /// Changes nothing; its answer may be cached under its tags.
    query,
    /// Changes something; its tags are stale afterwards.
    mutation,
    /// As a mutation, and tells of its progress while it works.
    stream,
}

/// A row of the table.
pub struct Command {
    pub name: &'static str,
    pub kind: Kind,
    /// Names of TypeScript types.
    pub request: fn(&Config) -> String,
    pub event: Option<fn(&Config) -> String>,
    pub response: fn(&Config) -> String,
    /// Of a query: what its answer depends on. Of the others: what is stale afterwards.
    pub tags: &'static [Tag],
}

macro_rules! commands {
    ($($kind:ident $name:ident($request:ty $(, $event:ty)?) -> $response:ty, [$($tag:ident)*];)*) => {
        /// Every command.
        pub const COMMANDS: &[Command] = &[$(Command {
            name: stringify!($name),
            kind: Kind::$kind,
            request: <$request as TS>::name,
            event: commands!(@event $($event)?),
            response: <$response as TS>::name,
            tags: &[$(Tag::$tag),*],
        }),*];

        impl App {
            async fn route(&self, command: &str, request: Value, language: Language) -> anyhow::Result<Value> {
                match command {
                    $(stringify!($name) => commands!(@call $kind self, $name, $name, request, language),)*
                    _ => Err(unknown(command)),
                }
            }

            async fn route_stream(
                &self,
                command: &str,
                request: Value,
                language: Language,
                live: Live<Value>,
            ) -> anyhow::Result<Value> {
                match command {
                    $(stringify!($name) => commands!(@stream $kind self, $name, request, language, live),)*
                    _ => Err(unknown(command)),
                }
            }
        }
    };
    (@event) => { None };
    (@event $event:ty) => { Some(<$event as TS>::name) };
    (@call stream $app:ident, $name:ident, $text:ident, $request:ident, $language:ident) => {
        Err(wrong_way(stringify!($text)))
    };
    (@call $kind:ident $app:ident, $name:ident, $text:ident, $request:ident, $language:ident) => {
        Box::pin(async move { written($app.$name(read(stringify!($text), $request)?, $language).await?) }).await
    };
    (@stream stream $app:ident, $name:ident, $request:ident, $language:ident, $live:ident) => {
        Box::pin(async move {
            let request = read(stringify!($name), $request)?;
            let out = $live.clone();
            // An event that cannot be written is lost, as progress may be; the answer is not.
            let told = move |event| if let Ok(event) = serde_json::to_value(event) { out.tell(event) };
            let live = Live::new(told, $live.cancel.clone());
            written($app.$name(request, $language, &live).await?)
        }).await
    };
    (@stream $kind:ident $app:ident, $name:ident, $request:ident, $language:ident, $live:ident) => {
        Err(wrong_way(stringify!($name)))
    };
}

commands! {
    query    app_info(Empty) -> AppInfo, [];
    query    settings_get(Empty) -> Settings, [Settings];
    mutation settings_set(Settings) -> Settings, [Settings];
    query    keychain_status(Empty) -> KeychainStatus, [Keychain];
    mutation keychain_choose(KeychainChoose) -> KeychainStatus, [Keychain Clouds Datasets Tunes Deployments Catalog];
    query    storage_get(Empty) -> Storage, [Storage];
    mutation storage_clean(StorageClean) -> Storage, [Storage Models Catalog];
    query    overview_get(Empty) -> Overview, [Datasets Tunes Models Deployments Usage];

    query    cloud_list(Empty) -> Vec<CloudRow>, [Clouds];
    mutation cloud_add(CloudAdd) -> CloudRow, [Clouds];
    mutation cloud_select(CloudId) -> Empty, [Clouds Datasets Tunes Deployments Usage Catalog];
    mutation cloud_remove(CloudId) -> Empty, [Clouds Datasets Tunes Deployments Usage Catalog];
    mutation cloud_check(CloudId) -> CloudHealth, [];

    stream   dataset_check(DatasetPath, TaskProgress) -> DatasetReport, [];
    stream   dataset_upload(DatasetUpload, TaskProgress) -> DatasetRow, [Datasets];
    query    dataset_list(Empty) -> Vec<DatasetRow>, [Datasets];
    mutation dataset_delete(DatasetId) -> Empty, [Datasets];
    query    upload_limits(Empty) -> UploadLimits, [Clouds];
    query    upload_list(Empty) -> Vec<UploadRow>, [Datasets];
    mutation upload_discard(UploadId) -> Empty, [Datasets];
    query    dataset_sample(Empty) -> DatasetPath, [];

    query    source_look(SourceLook) -> SourceSeen, [];
    query    source_preview(SourcePreview) -> Vec<PreviewedRow>, [];
    stream   source_import(SourceImport, TaskProgress) -> VersionRow, [Library];
    query    recipe_list(Empty) -> Vec<NamedRecipe>, [Library];
    mutation recipe_save(NamedRecipe) -> NamedRecipe, [Library];
    mutation recipe_delete(RecipeName) -> Empty, [Library];
    query    draft_list(Empty) -> Vec<Draft>, [Library];
    mutation draft_save(Draft) -> Draft, [];
    mutation draft_delete(DraftId) -> Empty, [Library];
    query    library_list(Empty) -> Vec<LocalDataset>, [Library Datasets];
    query    library_get(LibraryId) -> LibraryDetail, [Library Datasets];
    mutation library_rename(LibraryRename) -> Empty, [Library];
    mutation library_delete(LibraryId) -> Empty, [Library];
    query    version_rows(RowsRequest) -> RowsPage, [Library];
    stream   version_check(VersionCheck, TaskProgress) -> VersionReport, [Library];
    query    version_report(VersionId) -> KeptReport, [Library];
    query    fix_preview(FixRequest) -> FixPreview, [Library];
    stream   version_fix(FixRequest, TaskProgress) -> VersionRow, [Library];
    stream   version_dedup(DedupRequest, TaskProgress) -> VersionRow, [Library];
    stream   version_split(SplitRequest, TaskProgress) -> Vec<VersionRow>, [Library];
    stream   version_sample(SampleRequest, TaskProgress) -> VersionRow, [Library];
    stream   version_diff(DiffRequest, TaskProgress) -> VersionDiff, [];
    query    row_find(RowFind) -> RowNumber, [Library];
    query    privacy_kinds(Empty) -> Vec<PrivacyKind>, [];
    query    mask_preview(MaskRequest) -> MaskPreview, [Library];
    stream   version_mask(MaskRequest, TaskProgress) -> MaskDone, [Library];
    query    privacy_report(VersionId) -> KeptPrivacy, [Library];
    stream   version_export(VersionExport, TaskProgress) -> Empty, [];
    stream   version_upload(VersionSend, TaskProgress) -> DatasetRow, [Datasets Library];

    query    database_list(Empty) -> Vec<DatabaseRow>, [Library];
    mutation database_save(DatabaseSave) -> DatabaseRow, [Library];
    mutation database_remove(DatabaseId) -> Empty, [Library];
    mutation database_probe(DatabaseId) -> DatabaseProbe, [];
    stream   database_look(DatabaseQuery, TaskProgress) -> DatabaseSeen, [];
    mutation database_preview(DatabasePreview) -> Vec<PreviewedRow>, [];
    stream   database_import(DatabaseImport, TaskProgress) -> VersionRow, [Library];

    stream   document_import(DocumentImport, TaskProgress) -> VersionRow, [Library];
    stream   proposal_draft(ProposalDraft, TaskProgress) -> ProposalsMade, [Library];
    query    proposal_list(Empty) -> Vec<ProposalRow>, [Library];
    mutation proposal_judge(ProposalJudge) -> ProposalRow, [];
    stream   proposal_keep(ProposalKeep, TaskProgress) -> VersionRow, [Library];
    mutation proposal_discard(ProposalBatch) -> Empty, [Library];

    query    catalog_list(Empty) -> Vec<CatalogRow>, [Catalog];
    stream   catalog_prepare(ModelId, TaskProgress) -> CatalogRow, [Catalog Models Storage];
    query    licence_get(ModelId) -> LicenceText, [];
    mutation licence_accept(ModelId) -> CatalogRow, [Catalog];

    query    tune_estimate(TuneStart) -> TuneEstimate, [Datasets];
    mutation tune_start(TuneStart) -> TuneRow, [Tunes];
    query    tune_list(Empty) -> Vec<TuneRow>, [Tunes];
    query    tune_get(JobId) -> TuneRow, [Tunes];
    query    tune_metrics(JobId) -> TuneMetrics, [Tunes];
    query    tune_logs(TuneLogsRequest) -> TuneLogs, [Tunes];
    stream   tune_watch(JobId, TuneWatchEvent) -> TuneRow, [Tunes Usage];
    mutation tune_cancel(JobId) -> TuneRow, [Tunes];
    mutation tune_delete(JobId) -> Empty, [Tunes];

    query    model_list(Empty) -> Vec<ModelRow>, [Models];
    stream   model_pull(ModelPull, TaskProgress) -> ModelRow, [Models Tunes Storage];
    stream   model_convert(ModelConvert, TaskProgress) -> ModelRow, [Models Storage];
    stream   model_import(ModelImport, TaskProgress) -> ModelRow, [Catalog Models Storage];
    stream   model_export(ModelExport, TaskProgress) -> Empty, [];
    mutation model_delete(ModelId) -> Empty, [Models Tunes Storage];

    stream   chat_send(ChatSend, ChatEvent) -> ChatDone, [Models];

    query    deployment_list(Empty) -> Vec<DeploymentRow>, [Deployments];
    mutation deployment_create(DeploymentCreate) -> DeploymentRow, [Deployments];
    mutation deployment_delete(DeploymentId) -> Empty, [Deployments];
    mutation deployment_key(Empty) -> DeploymentKey, [];

    mutation usage_sync(Empty) -> UsageSynced, [Usage];
    query    usage_get(UsageRequest) -> UsageMonth, [Usage];

    query    task_list(Empty) -> Vec<TaskRow>, [Tasks];
    mutation task_cancel(TaskId) -> Empty, [Tasks];
}

impl App {
    /// Answers a query or a mutation for the window: cached lists where the network is slow, a `Failure` in the reader's
    /// language for whatever goes wrong, a panic included.
    pub async fn call(&self, command: &str, request: Value, language: Language) -> Result<Value, Failure> {
        let app = self.hurried();
        let outcome = AssertUnwindSafe(app.route(command, request, language)).catch_unwind().await;
        let answer = outcome.unwrap_or_else(|_| Err(panicked(command))).map_err(|e| Failure::of(&e, language))?;
        self.finished(command);
        Ok(answer)
    }

    /// Runs a stream as a task: it is listed while it runs, and dropping the future cancels it.
    pub async fn stream(
        &self,
        command: &str,
        request: Value,
        language: Language,
        events: impl Fn(Value) + Send + Sync + 'static,
        cancel: Cancel,
    ) -> Result<Value, Failure> {
        let _ends = EndsWork(cancel.clone());
        let task = self.tasks().begin(command, &request, cancel.clone(), self);
        let seen = task.clone();
        let told = move |event: Value| {
            if seen.progressed(&event) {
                events(event);
            }
        };
        let live = Live::new(told, cancel);
        let outcome = AssertUnwindSafe(self.route_stream(command, request, language, live)).catch_unwind().await;
        drop(task);
        let answer = outcome.unwrap_or_else(|_| Err(panicked(command))).map_err(|e| Failure::of(&e, language))?;
        self.finished(command);
        Ok(answer)
    }

    /// Tells everybody what a finished command made stale.
    fn finished(&self, command: &str) {
        let row = COMMANDS.iter().find(|row| row.name == command && row.kind != Kind::query);
        if let Some(row) = row {
            self.changed(row.tags);
        }
    }
}

/// A stream that nobody waits for any more is told to stop.
struct EndsWork(Cancel);

impl Drop for EndsWork {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

fn read<T: DeserializeOwned>(command: &str, request: Value) -> anyhow::Result<T> {
    let why = |error: &serde_json::Error| error.to_string();
    serde_json::from_value(request)
        .map_err(|error| coded(Code::InputInvalid).with("what", command).with("why", why(&error)).into())
}

fn written(answer: impl Serialize) -> anyhow::Result<Value> {
    Ok(serde_json::to_value(answer)?)
}

fn unknown(command: &str) -> anyhow::Error {
    // What was sent is shown, but never at any length.
    let shown: String = command.chars().filter(|c| !c.is_control()).take(60).collect();
    coded(Code::CommandUnknown).with("command", shown).into()
}

fn wrong_way(command: &str) -> anyhow::Error {
    anyhow::anyhow!("{command} was asked for by the wrong one of call and stream")
}

fn panicked(command: &str) -> anyhow::Error {
    Err::<(), _>(anyhow::anyhow!("{command} stopped unexpectedly")).code(|| coded(Code::Internal)).unwrap_err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_every_tag_is_provided_and_made_stale() {
        let names: HashSet<&str> = COMMANDS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), COMMANDS.len(), "a name is one command");
        for row in COMMANDS {
            assert!(row.name.split('_').count() == 2, "{} is a noun and a verb", row.name);
            assert_eq!(row.event.is_some(), row.kind == Kind::stream, "{}: streams have events", row.name);
        }
        for tag in Tag::ALL {
            let used = |kind: fn(Kind) -> bool| COMMANDS.iter().any(|row| kind(row.kind) && row.tags.contains(tag));
            assert!(used(|kind| kind == Kind::query), "no query provides {tag:?}");
            assert!(used(|kind| kind != Kind::query), "nothing makes {tag:?} stale");
        }
    }
}
