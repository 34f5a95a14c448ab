//! The command table as TypeScript. `cargo xtask codegen` writes it; a test and `codegen --check` hold that it is fresh.
//! Deliberately absent: files.

use std::fmt::Write as _;

use ts_rs::{Config, TS};

use crate::api::*;
use crate::table::{COMMANDS, Command, Kind};

/// `types.ts`
pub fn types() -> String {
    let config = config();
    let mut text = "/** @file The shapes of the command table's requests and responses, as serialised by pc-app. \
                    Written by `cargo xtask codegen`. No behaviour. */\n"
        .to_owned();
    text.push_str(EMPTY);
    for declaration in declarations(&config) {
        writeln!(text, "export {declaration}").expect("a String takes everything");
    }
    text.push_str(FAILURE);
    text
}

/// TypeScript's empty object type would take anything.
const EMPTY: &str = "export type Empty = Record<string, never>;\n";

/// pc-base's `Failure`, which knows nothing of TypeScript; a test holds that the fields are these.
const FAILURE: &str =
    "export type Failure = { code: string, message: string, retryable: boolean, detail?: string | null, };\n";

/// `commands.ts`
pub fn commands() -> String {
    let config = config();
    let mut text = "/** @file The command table: name, kind, types and cache tags. Written by `cargo xtask codegen`. \
                    No behaviour. */\nimport type * as T from './types';\n\nexport type Commands = {\n"
        .to_owned();
    for row in COMMANDS {
        let event = row.event.map_or_else(|| "never".to_owned(), |event| qualified(&event(&config)));
        let (request, response) = (qualified(&(row.request)(&config)), qualified(&(row.response)(&config)));
        let (name, kind) = (row.name, row.kind);
        writeln!(text, "  {name}: {{ kind: '{kind:?}'; request: {request}; event: {event}; response: {response} }};")
            .expect("a String takes everything");
    }
    text.push_str("};\n");
    let (queries, others): (Vec<&Command>, Vec<&Command>) = COMMANDS.iter().partition(|row| row.kind == Kind::query);
    tags(&mut text, "provides", "Tags that a query's answer depends on.", &queries);
    tags(&mut text, "invalidates", "Tags that a finished mutation or stream makes stale.", &others);
    text
}

fn tags(text: &mut String, name: &str, meaning: &str, rows: &[&Command]) {
    write!(text, "\n/** {meaning} */\nexport const {name}: Partial<Record<keyof Commands, readonly T.Tag[]>> = {{\n")
        .expect("a String takes everything");
    for row in rows.iter().filter(|row| !row.tags.is_empty()) {
        let tags: Vec<String> = row.tags.iter().map(|tag| format!("'{}'", tag_name(*tag))).collect();
        writeln!(text, "  {}: [{}],", row.name, tags.join(", ")).expect("a String takes everything");
    }
    text.push_str("};\n");
}

fn tag_name(tag: Tag) -> String {
    let value = serde_json::to_value(tag).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// `Array<ModelRow>` -> `T.ModelRow[]`
fn qualified(name: &str) -> String {
    match name.strip_prefix("Array<").and_then(|rest| rest.strip_suffix('>')) {
        Some(item) => format!("T.{item}[]"),
        None => format!("T.{name}"),
    }
}

/// Counts fit a double: bytes of the largest disk are below 2^53.
fn config() -> Config {
    Config::new().with_large_int("number")
}

macro_rules! declared {
    ($config:ident, $($name:ident)*) => { vec![$(one_line(&$name::decl($config))),*] };
}

/// Every type of `api`, in the order of its files. One that a command uses and that is missing here does not compile in
/// TypeScript.
fn declarations(config: &Config) -> Vec<String> {
    declared!(config,
        Money Tag
        AppInfo Settings KeyPlace KeychainStatus KeychainChoose StoragePlace Storage StorageClean Overview
        CloudKind CloudRow CloudAdd CloudId CloudHealth
        DatasetKind DatasetPath Severity Finding SampleMessage SampleRow DatasetReport DatasetUpload DatasetRow DatasetId UploadLimits UploadRow UploadId
        SourceLook SourceReading SourceSeen SourceRecord PreviewedRow SourcePreview SourceImport Recipe RecipeSource RecipeGrouping
        NamedRecipe RecipeName Draft DraftId
        VersionId LocalDataset LibraryId LibraryRename LibraryDetail VersionRow MadeBy Checked VersionUpload RowsRequest RowsPage
        BrowsedRow RowFind RowNumber VersionCheck KeptReport VersionReport FindingGroup FindingArea VersionFinding Distribution Bar
        FixRequest FixPreview ChangedRow DedupRequest SplitRequest SampleRequest DiffRequest VersionDiff DiffRow VersionExport VersionSend
        MaskRequest MaskPlan MaskWay MaskRule PrivacyKind MaskPreview MaskedRow MaskedText MaskedPiece MaskDone KeptPrivacy PrivacyStatement
        DatabaseRow DatabaseEngine DatabaseTls DatabaseSave DatabaseId DatabaseProbe DatabaseTable DatabaseQuery DatabaseSeen
        DatabasePreview DatabaseImport
        DocumentImport ProposalDraft ProposalSource ProposalRow ProposalState ProposalJudge ProposalKeep ProposalsMade ProposalBatch
        CatalogRow ModelId LicenceText Quant ModelFormat ModelRow ModelPull ModelConvert ModelImport ModelExport
        TaskProgress TaskRow TaskId
        TrainingType HyperParameters TuneStart TuneEstimate TuneStatus TuneRow JobId TuneLogsRequest TuneLogs TuneMetric TuneMetrics
        TuneWatchEvent
        ChatTarget ChatSend ChatEvent ChatDone
        DeploymentRow DeploymentCreate DeploymentId DeploymentKey
        UsageRequest UsageDay BillLine UsageMonth UsageSynced
    )
}

/// One line a type, without the comments, which are Rust's.
fn one_line(declaration: &str) -> String {
    let mut text = String::new();
    let mut rest = declaration;
    while let Some((before, after)) = rest.split_once("/**") {
        text.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_base::Failure;
    use std::path::Path;

    #[test]
    fn the_uis_files_are_what_would_be_written() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/src/api/generated");
        for (name, text) in [("types.ts", types()), ("commands.ts", commands())] {
            let kept = std::fs::read_to_string(folder.join(name)).expect("the file is there");
            assert!(kept == text, "{name} is stale; run `cargo xtask codegen`");
        }
    }

    #[test]
    fn the_failure_that_is_written_by_hand_has_its_fields() {
        let failure = Failure { code: "c".into(), message: "m".into(), retryable: true, detail: Some("d".into()) };
        let fields = serde_json::to_value(&failure).expect("it is JSON");
        for name in fields.as_object().expect("it is an object").keys() {
            assert!(FAILURE.contains(&format!(" {name}:")) || FAILURE.contains(&format!(" {name}?:")), "{name}");
        }
    }
}
