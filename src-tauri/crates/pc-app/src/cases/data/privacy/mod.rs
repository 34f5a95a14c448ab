//! Personal data and secrets in data sets: what would be masked, masking, the signed report about it, and the way back for whoever
//! has the master key. Deliberately absent: finding and replacing, which are `pc_dataset::privacy`.

mod plan;
mod register;
mod report;

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use pc_base::{Cancel, Code, Language, coded};
use pc_dataset::privacy::{
    Kind, MaskReport, Piece, Plan, Preview, PreviewOptions, PreviewRow, PreviewText, ReverseReport, ScanOptions,
    mask_file, mask_preview, reverse_file,
};
use serde::Serialize;

use crate::api::{
    Empty, KeptPrivacy, MadeBy, MaskDone, MaskPlan, MaskPreview, MaskRequest, MaskedPiece, MaskedRow, MaskedText,
    PrivacyKind, PrivacyStatement, TaskProgress, VersionId,
};
use crate::app::App;
use crate::library::{Chain, DatasetInput, NewVersion};
use crate::live::Live;
use register::Register;

/// Files that are no version share one register.
const FILES: &str = "files";

/// A file, or a version, that is masked into a file.
#[derive(Clone, Debug)]
pub struct Mask {
    pub input: DatasetInput,
    pub out: PathBuf,
    pub plan: MaskPlan,
    /// Where the signed report is written.
    pub report: Option<PathBuf>,
}

/// A file that was masked.
#[derive(Clone, Debug, Serialize)]
pub struct Masked {
    pub out: String,
    pub report: PrivacyStatement,
    pub report_path: Option<String>,
}

/// A file whose stand-ins become their originals again.
#[derive(Clone, Debug)]
pub struct Unmask {
    pub path: PathBuf,
    /// The name of the data set that it was made from; nothing for files that were no version.
    pub dataset: Option<String>,
    pub out: PathBuf,
}

/// One masking, from a file into a file that nobody sees yet.
struct Work<'a> {
    input: &'a Path,
    out: &'a Path,
    /// Whose register of stand-ins it is: a data set's id, or [`FILES`].
    owner: &'a str,
    plan: &'a Plan,
}

impl App {
    /// `privacy_kinds`
    pub async fn privacy_kinds(&self, _: Empty, language: Language) -> Result<Vec<PrivacyKind>> {
        let kind = |kind: &Kind| PrivacyKind {
            kind: kind.name().to_owned(),
            label: kind.label(language).to_owned(),
            secret: kind.secret(),
        };
        Ok(Kind::ALL.iter().map(kind).collect())
    }

    /// `mask_preview`
    pub async fn mask_preview(&self, wanted: MaskRequest, language: Language) -> Result<MaskPreview> {
        let plan = plan::read(wanted.plan, language)?;
        self.blocking(move |app| {
            let held = app.version_held(&wanted.dataset, wanted.version)?;
            let register = app.register_for(&plan, &wanted.dataset, &Cancel::default())?;
            let kept = (&register.key, register.stand_ins);
            mask_preview(&held.path, &plan, kept, PreviewOptions::default(), &Cancel::default()).map(shown)
        })
        .await
    }

    /// `version_mask`: the next version of the same data set.
    pub async fn version_mask(
        &self,
        wanted: MaskRequest,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<MaskDone> {
        let (plan, live) = (plan::read(wanted.plan, language)?, live.clone());
        self.blocking(move |app| {
            let held = app.version_held(&wanted.dataset, wanted.version)?;
            let scratch = app.library_scratch()?;
            let file = scratch.path().join("masked.jsonl");
            let (input, name, owner) = (&held.path, &held.row.name, &held.row.dataset);
            let report = app.masked(&Work { input, out: &file, owner, plan: &plan }, &live)?;
            let kept = app.statement_keep(owner, name, &report)?;
            let counts = report.found.counts.iter().map(|(kind, count)| (kind.name().to_owned(), *count)).collect();
            let provenance = app.origins_carried(&held.row, &file, Some(&[]), &live.cancel)?;
            let new = NewVersion {
                file,
                chain: Chain::Next(held.row.dataset.clone()),
                parent: Some(VersionId { dataset: held.row.dataset.clone(), version: held.row.version }),
                made: MadeBy::Mask,
                source: String::new(),
                counts,
                provenance,
            };
            let version = app.version_keep(new, &live, &live.cancel)?;
            Ok(MaskDone { version, report: kept.statement, report_path: kept.path.display().to_string() })
        })
        .await
    }

    /// `privacy_report`: `receipt_…` codes where the kept report does not hold.
    pub async fn privacy_report(&self, wanted: VersionId, _: Language) -> Result<KeptPrivacy> {
        self.blocking(move |app| {
            let held = app.version_held(&wanted.dataset, wanted.version)?;
            let kept = match held.row.made {
                MadeBy::Mask => app.statement_kept(&held.row)?,
                _ => None,
            };
            let path = kept.as_ref().map(|kept| kept.path.display().to_string());
            Ok(KeptPrivacy { report: kept.map(|kept| kept.statement), path })
        })
        .await
    }

    /// Masks into a file of the caller's. It appears whole, and after what turns its stand-ins back was kept.
    pub async fn dataset_mask(&self, wanted: Mask, language: Language, live: &Live<TaskProgress>) -> Result<Masked> {
        let (plan, live) = (plan::read(wanted.plan.clone(), language)?, live.clone());
        self.blocking(move |app| {
            let Mask { input, out, report, .. } = &wanted;
            if same(&input.path, out) {
                bail!(coded(Code::InputInvalid).with("what", out.display()).with("why", "it is the input"));
            }
            let stem = || input.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let name = input.version.as_ref().map_or_else(stem, |row| row.name.clone());
            let owner = input.version.as_ref().map_or(FILES, |row| &row.dataset);
            let hidden = hidden_beside(out)?;
            let work = Work { input: &input.path, out: &hidden, owner, plan: &plan };
            let done = app.masked(&work, &live)?;
            let signed = app.statement_sign(&name, &done)?;
            if let Some(path) = report {
                signed.write(path)?;
            }
            hidden.persist(out).with_context(|| format!("writing {}", out.display()))?;
            let report_path = report.as_ref().map(|path| path.display().to_string());
            Ok(Masked { out: out.display().to_string(), report: signed.statement, report_path })
        })
        .await
    }

    /// Turns stand-ins back. [`Code::SealedDamaged`] with another master key or a damaged register, [`Code::NotFound`] where
    /// nothing was ever replaced by stand-ins.
    pub async fn dataset_unmask(&self, wanted: Unmask, live: &Live<TaskProgress>) -> Result<ReverseReport> {
        let live = live.clone();
        self.blocking(move |app| {
            let owner = match &wanted.dataset {
                Some(name) => {
                    let unknown = || coded(Code::DatasetInputUnknown).with("input", name);
                    app.store().read(|tx| tx.library_named(name))?.ok_or_else(unknown)?.id
                }
                None => FILES.to_owned(),
            };
            if same(&wanted.path, &wanted.out) {
                bail!(coded(Code::InputInvalid).with("what", wanted.out.display()).with("why", "it is the input"));
            }
            let name = wanted.dataset.as_deref().unwrap_or(FILES);
            let missing = || coded(Code::NotFound).with("what", format!("{name}: stand-ins"));
            let register = app.register(&owner)?.ok_or_else(missing)?;
            reverse_file((&wanted.path, &wanted.out), &register.stand_ins, &live, &live.cancel)
        })
        .await
    }

    /// Masks, and keeps the register before anybody sees the result: a kill in between loses nothing.
    fn masked(&self, work: &Work<'_>, live: &Live<TaskProgress>) -> Result<MaskReport> {
        let held: Option<File> =
            work.plan.gives_stand_ins().then(|| self.register_lock(work.owner, &live.cancel)).transpose()?;
        let mut register = match held {
            Some(_) => self.register(work.owner)?.unwrap_or_else(Register::fresh),
            None => Register::fresh(),
        };
        let (paths, kept) = ((work.input, work.out), (&register.key, &mut register.stand_ins));
        let options = ScanOptions { kept: report::PLACES, ..ScanOptions::default() };
        let report = mask_file(paths, work.plan, kept, &options, live, &live.cancel)?;
        if held.is_some() {
            self.register_keep(work.owner, &register)?;
        }
        Ok(report)
    }

    /// The register that masking by a plan will use; one is made where stand-ins will be given, so that a preview shows these.
    fn register_for(&self, plan: &Plan, owner: &str, cancel: &Cancel) -> Result<Register> {
        if !plan.gives_stand_ins() {
            return Ok(Register::fresh());
        }
        if let Some(register) = self.register(owner)? {
            return Ok(register);
        }
        let _held = self.register_lock(owner, cancel)?;
        if let Some(register) = self.register(owner)? {
            return Ok(register);
        }
        let fresh = Register::fresh();
        self.register_keep(owner, &fresh)?;
        Ok(fresh)
    }
}

fn same(a: &Path, b: &Path) -> bool {
    a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

/// A file beside another one, for this user only, that is gone unless it takes its place.
fn hidden_beside(path: &Path) -> Result<tempfile::TempPath> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder);
    Ok(file
        .with_context(|| coded(Code::FolderUnusable).with("path", folder.display()).with("why", ""))?
        .into_temp_path())
}

fn shown(preview: Preview) -> MaskPreview {
    let piece =
        |Piece { text, kind, after }| MaskedPiece { text, kind: kind.map(|kind: Kind| kind.name().to_owned()), after };
    let text = |PreviewText { at, pieces }| MaskedText { at, pieces: pieces.into_iter().map(piece).collect() };
    let row = |PreviewRow { line, texts }| MaskedRow { line, texts: texts.into_iter().map(text).collect() };
    MaskPreview {
        rows: preview.rows.into_iter().map(row).collect(),
        counts: preview.counts.into_iter().map(|(kind, count)| (kind.name().to_owned(), count)).collect(),
        whole: preview.whole,
    }
}
