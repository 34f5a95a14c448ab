/** @file The command table: name, kind, types and cache tags. Written by `cargo xtask codegen`. No behaviour. */
import type * as T from './types';

export type Commands = {
  app_info: { kind: 'query'; request: T.Empty; event: never; response: T.AppInfo };
  settings_get: { kind: 'query'; request: T.Empty; event: never; response: T.Settings };
  settings_set: { kind: 'mutation'; request: T.Settings; event: never; response: T.Settings };
  keychain_status: { kind: 'query'; request: T.Empty; event: never; response: T.KeychainStatus };
  keychain_choose: { kind: 'mutation'; request: T.KeychainChoose; event: never; response: T.KeychainStatus };
  storage_get: { kind: 'query'; request: T.Empty; event: never; response: T.Storage };
  storage_clean: { kind: 'mutation'; request: T.StorageClean; event: never; response: T.Storage };
  overview_get: { kind: 'query'; request: T.Empty; event: never; response: T.Overview };
  cloud_list: { kind: 'query'; request: T.Empty; event: never; response: T.CloudRow[] };
  cloud_add: { kind: 'mutation'; request: T.CloudAdd; event: never; response: T.CloudRow };
  cloud_select: { kind: 'mutation'; request: T.CloudId; event: never; response: T.Empty };
  cloud_remove: { kind: 'mutation'; request: T.CloudId; event: never; response: T.Empty };
  cloud_check: { kind: 'mutation'; request: T.CloudId; event: never; response: T.CloudHealth };
  dataset_check: { kind: 'stream'; request: T.DatasetPath; event: T.TaskProgress; response: T.DatasetReport };
  dataset_upload: { kind: 'stream'; request: T.DatasetUpload; event: T.TaskProgress; response: T.DatasetRow };
  dataset_list: { kind: 'query'; request: T.Empty; event: never; response: T.DatasetRow[] };
  dataset_delete: { kind: 'mutation'; request: T.DatasetId; event: never; response: T.Empty };
  upload_limits: { kind: 'query'; request: T.Empty; event: never; response: T.UploadLimits };
  upload_list: { kind: 'query'; request: T.Empty; event: never; response: T.UploadRow[] };
  upload_discard: { kind: 'mutation'; request: T.UploadId; event: never; response: T.Empty };
  dataset_sample: { kind: 'query'; request: T.Empty; event: never; response: T.DatasetPath };
  source_look: { kind: 'query'; request: T.SourceLook; event: never; response: T.SourceSeen };
  source_preview: { kind: 'query'; request: T.SourcePreview; event: never; response: T.PreviewedRow[] };
  source_import: { kind: 'stream'; request: T.SourceImport; event: T.TaskProgress; response: T.VersionRow };
  recipe_list: { kind: 'query'; request: T.Empty; event: never; response: T.NamedRecipe[] };
  recipe_save: { kind: 'mutation'; request: T.NamedRecipe; event: never; response: T.NamedRecipe };
  recipe_delete: { kind: 'mutation'; request: T.RecipeName; event: never; response: T.Empty };
  draft_list: { kind: 'query'; request: T.Empty; event: never; response: T.Draft[] };
  draft_save: { kind: 'mutation'; request: T.Draft; event: never; response: T.Draft };
  draft_delete: { kind: 'mutation'; request: T.DraftId; event: never; response: T.Empty };
  library_list: { kind: 'query'; request: T.Empty; event: never; response: T.LocalDataset[] };
  library_get: { kind: 'query'; request: T.LibraryId; event: never; response: T.LibraryDetail };
  library_rename: { kind: 'mutation'; request: T.LibraryRename; event: never; response: T.Empty };
  library_delete: { kind: 'mutation'; request: T.LibraryId; event: never; response: T.Empty };
  version_rows: { kind: 'query'; request: T.RowsRequest; event: never; response: T.RowsPage };
  version_check: { kind: 'stream'; request: T.VersionCheck; event: T.TaskProgress; response: T.VersionReport };
  version_report: { kind: 'query'; request: T.VersionId; event: never; response: T.KeptReport };
  fix_preview: { kind: 'query'; request: T.FixRequest; event: never; response: T.FixPreview };
  version_fix: { kind: 'stream'; request: T.FixRequest; event: T.TaskProgress; response: T.VersionRow };
  version_dedup: { kind: 'stream'; request: T.DedupRequest; event: T.TaskProgress; response: T.VersionRow };
  version_split: { kind: 'stream'; request: T.SplitRequest; event: T.TaskProgress; response: T.VersionRow[] };
  version_sample: { kind: 'stream'; request: T.SampleRequest; event: T.TaskProgress; response: T.VersionRow };
  version_diff: { kind: 'stream'; request: T.DiffRequest; event: T.TaskProgress; response: T.VersionDiff };
  row_find: { kind: 'query'; request: T.RowFind; event: never; response: T.RowNumber };
  privacy_kinds: { kind: 'query'; request: T.Empty; event: never; response: T.PrivacyKind[] };
  mask_preview: { kind: 'query'; request: T.MaskRequest; event: never; response: T.MaskPreview };
  version_mask: { kind: 'stream'; request: T.MaskRequest; event: T.TaskProgress; response: T.MaskDone };
  privacy_report: { kind: 'query'; request: T.VersionId; event: never; response: T.KeptPrivacy };
  version_export: { kind: 'stream'; request: T.VersionExport; event: T.TaskProgress; response: T.Empty };
  version_upload: { kind: 'stream'; request: T.VersionSend; event: T.TaskProgress; response: T.DatasetRow };
  database_list: { kind: 'query'; request: T.Empty; event: never; response: T.DatabaseRow[] };
  database_save: { kind: 'mutation'; request: T.DatabaseSave; event: never; response: T.DatabaseRow };
  database_remove: { kind: 'mutation'; request: T.DatabaseId; event: never; response: T.Empty };
  database_probe: { kind: 'mutation'; request: T.DatabaseId; event: never; response: T.DatabaseProbe };
  database_look: { kind: 'stream'; request: T.DatabaseQuery; event: T.TaskProgress; response: T.DatabaseSeen };
  database_preview: { kind: 'mutation'; request: T.DatabasePreview; event: never; response: T.PreviewedRow[] };
  database_import: { kind: 'stream'; request: T.DatabaseImport; event: T.TaskProgress; response: T.VersionRow };
  document_import: { kind: 'stream'; request: T.DocumentImport; event: T.TaskProgress; response: T.VersionRow };
  proposal_draft: { kind: 'stream'; request: T.ProposalDraft; event: T.TaskProgress; response: T.ProposalsMade };
  proposal_list: { kind: 'query'; request: T.Empty; event: never; response: T.ProposalRow[] };
  proposal_judge: { kind: 'mutation'; request: T.ProposalJudge; event: never; response: T.ProposalRow };
  proposal_keep: { kind: 'stream'; request: T.ProposalKeep; event: T.TaskProgress; response: T.VersionRow };
  proposal_discard: { kind: 'mutation'; request: T.ProposalBatch; event: never; response: T.Empty };
  catalog_list: { kind: 'query'; request: T.Empty; event: never; response: T.CatalogRow[] };
  catalog_prepare: { kind: 'stream'; request: T.ModelId; event: T.TaskProgress; response: T.CatalogRow };
  licence_get: { kind: 'query'; request: T.ModelId; event: never; response: T.LicenceText };
  licence_accept: { kind: 'mutation'; request: T.ModelId; event: never; response: T.CatalogRow };
  tune_estimate: { kind: 'query'; request: T.TuneStart; event: never; response: T.TuneEstimate };
  tune_start: { kind: 'mutation'; request: T.TuneStart; event: never; response: T.TuneRow };
  tune_list: { kind: 'query'; request: T.Empty; event: never; response: T.TuneRow[] };
  tune_get: { kind: 'query'; request: T.JobId; event: never; response: T.TuneRow };
  tune_metrics: { kind: 'query'; request: T.JobId; event: never; response: T.TuneMetrics };
  tune_logs: { kind: 'query'; request: T.TuneLogsRequest; event: never; response: T.TuneLogs };
  tune_watch: { kind: 'stream'; request: T.JobId; event: T.TuneWatchEvent; response: T.TuneRow };
  tune_cancel: { kind: 'mutation'; request: T.JobId; event: never; response: T.TuneRow };
  tune_delete: { kind: 'mutation'; request: T.JobId; event: never; response: T.Empty };
  model_list: { kind: 'query'; request: T.Empty; event: never; response: T.ModelRow[] };
  model_pull: { kind: 'stream'; request: T.ModelPull; event: T.TaskProgress; response: T.ModelRow };
  model_convert: { kind: 'stream'; request: T.ModelConvert; event: T.TaskProgress; response: T.ModelRow };
  model_import: { kind: 'stream'; request: T.ModelImport; event: T.TaskProgress; response: T.ModelRow };
  model_export: { kind: 'stream'; request: T.ModelExport; event: T.TaskProgress; response: T.Empty };
  model_delete: { kind: 'mutation'; request: T.ModelId; event: never; response: T.Empty };
  chat_send: { kind: 'stream'; request: T.ChatSend; event: T.ChatEvent; response: T.ChatDone };
  deployment_list: { kind: 'query'; request: T.Empty; event: never; response: T.DeploymentRow[] };
  deployment_create: { kind: 'mutation'; request: T.DeploymentCreate; event: never; response: T.DeploymentRow };
  deployment_delete: { kind: 'mutation'; request: T.DeploymentId; event: never; response: T.Empty };
  deployment_key: { kind: 'mutation'; request: T.Empty; event: never; response: T.DeploymentKey };
  usage_sync: { kind: 'mutation'; request: T.Empty; event: never; response: T.UsageSynced };
  usage_get: { kind: 'query'; request: T.UsageRequest; event: never; response: T.UsageMonth };
  task_list: { kind: 'query'; request: T.Empty; event: never; response: T.TaskRow[] };
  task_cancel: { kind: 'mutation'; request: T.TaskId; event: never; response: T.Empty };
};

/** Tags that a query's answer depends on. */
export const provides: Partial<Record<keyof Commands, readonly T.Tag[]>> = {
  settings_get: ['settings'],
  keychain_status: ['keychain'],
  storage_get: ['storage'],
  overview_get: ['datasets', 'tunes', 'models', 'deployments', 'usage'],
  cloud_list: ['clouds'],
  dataset_list: ['datasets'],
  upload_limits: ['clouds'],
  upload_list: ['datasets'],
  recipe_list: ['library'],
  draft_list: ['library'],
  library_list: ['library', 'datasets'],
  library_get: ['library', 'datasets'],
  version_rows: ['library'],
  version_report: ['library'],
  fix_preview: ['library'],
  row_find: ['library'],
  mask_preview: ['library'],
  privacy_report: ['library'],
  database_list: ['library'],
  proposal_list: ['library'],
  catalog_list: ['catalog'],
  tune_estimate: ['datasets'],
  tune_list: ['tunes'],
  tune_get: ['tunes'],
  tune_metrics: ['tunes'],
  tune_logs: ['tunes'],
  model_list: ['models'],
  deployment_list: ['deployments'],
  usage_get: ['usage'],
  task_list: ['tasks'],
};

/** Tags that a finished mutation or stream makes stale. */
export const invalidates: Partial<Record<keyof Commands, readonly T.Tag[]>> = {
  settings_set: ['settings'],
  keychain_choose: ['keychain', 'clouds', 'datasets', 'tunes', 'deployments', 'catalog'],
  storage_clean: ['storage', 'models', 'catalog'],
  cloud_add: ['clouds'],
  cloud_select: ['clouds', 'datasets', 'tunes', 'deployments', 'usage', 'catalog'],
  cloud_remove: ['clouds', 'datasets', 'tunes', 'deployments', 'usage', 'catalog'],
  dataset_upload: ['datasets'],
  dataset_delete: ['datasets'],
  upload_discard: ['datasets'],
  source_import: ['library'],
  recipe_save: ['library'],
  recipe_delete: ['library'],
  draft_delete: ['library'],
  library_rename: ['library'],
  library_delete: ['library'],
  version_check: ['library'],
  version_fix: ['library'],
  version_dedup: ['library'],
  version_split: ['library'],
  version_sample: ['library'],
  version_mask: ['library'],
  version_upload: ['datasets', 'library'],
  database_save: ['library'],
  database_remove: ['library'],
  database_import: ['library'],
  document_import: ['library'],
  proposal_draft: ['library'],
  proposal_keep: ['library'],
  proposal_discard: ['library'],
  catalog_prepare: ['catalog', 'models', 'storage'],
  licence_accept: ['catalog'],
  tune_start: ['tunes'],
  tune_watch: ['tunes', 'usage'],
  tune_cancel: ['tunes'],
  tune_delete: ['tunes'],
  model_pull: ['models', 'tunes', 'storage'],
  model_convert: ['models', 'storage'],
  model_import: ['catalog', 'models', 'storage'],
  model_delete: ['models', 'tunes', 'storage'],
  chat_send: ['models'],
  deployment_create: ['deployments'],
  deployment_delete: ['deployments'],
  usage_sync: ['usage'],
  task_cancel: ['tasks'],
};
