//! Local data sets: listed with their lineage, renamed, deleted, copied out, and sent to the selected cloud; kept recipes, and wizards
//! that were left. Deliberately absent: what makes versions.

use std::path::PathBuf;

use anyhow::{Result, bail};
use pc_base::{Code, Language, coded};
use pc_store::console;

use super::sources::copy;
use crate::api::{
    Draft, DraftId, Empty, LibraryDetail, LibraryId, LibraryRename, LocalDataset, NamedRecipe, RecipeName,
    TaskProgress, VersionExport, VersionUpload,
};
use crate::app::App;
use crate::library::named;
use crate::live::Live;

/// Bytes of a draft's content.
const DRAFT: usize = 1 << 20;

impl App {
    /// `library_list`
    pub async fn library_list(&self, _: Empty, _: Language) -> Result<Vec<LocalDataset>> {
        self.blocking(|app| {
            let sets = app.store().read(|tx| tx.library())?;
            sets.iter().filter_map(|set| app.local_dataset(set).transpose()).collect()
        })
        .await
    }

    /// `library_get`
    pub async fn library_get(&self, wanted: LibraryId, _: Language) -> Result<LibraryDetail> {
        self.blocking(move |app| {
            let missing = || coded(Code::VersionNotFound).with("dataset", &wanted.dataset).with("version", "");
            let set = app.store().read(|tx| tx.library_dataset(&wanted.dataset))?.ok_or_else(missing)?;
            let (versions, descendants) =
                app.store().read(|tx| Ok((tx.versions(&set.id)?, tx.version_descendants(&set.id)?)))?;
            let mut uploads = Vec::new();
            for version in &versions {
                uploads.extend(app.uploads_of(version)?);
            }
            let mut others = Vec::new();
            for row in descendants {
                let of = app.store().read(|tx| tx.library_dataset(&row.dataset_id))?;
                others.extend(of.map(|of| app.version_row(&of, row)).transpose()?);
            }
            Ok(LibraryDetail {
                dataset: app.local_dataset(&set)?.ok_or_else(missing)?,
                versions: versions.into_iter().map(|row| app.version_row(&set, row)).collect::<Result<_>>()?,
                descendants: others,
                uploads,
            })
        })
        .await
    }

    /// One with its newest version; nothing while it has none.
    fn local_dataset(&self, set: &console::LocalDataset) -> Result<Option<LocalDataset>> {
        let mut versions = self.store().read(|tx| tx.versions(&set.id))?;
        let mut uploaded_to: Vec<String> = Vec::new();
        for version in &versions {
            for upload in self.uploads_of(version)? {
                if !uploaded_to.contains(&upload.cloud_name) {
                    uploaded_to.push(upload.cloud_name);
                }
            }
        }
        let count = versions.len() as u32;
        let Some(latest) = versions.pop() else { return Ok(None) };
        let latest = self.version_row(set, latest)?;
        let (id, name, kind) = (set.id.clone(), set.name.clone(), latest.kind);
        Ok(Some(LocalDataset { id, name, kind, latest, versions: count, uploaded_to }))
    }

    fn uploads_of(&self, version: &console::Version) -> Result<Vec<VersionUpload>> {
        let (found, clouds) = self.store().read(|tx| Ok((tx.uploads_of(&version.sha256)?, tx.clouds()?)))?;
        let name =
            |id: &str| clouds.iter().find(|cloud| cloud.id == id).map_or_else(|| id.to_owned(), |c| c.name.clone());
        let upload = |(cloud_id, file_id): (String, String)| VersionUpload {
            version: version.number,
            cloud_name: name(&cloud_id),
            receipt: self.receipt_kept(&cloud_id, &file_id),
            cloud_id,
            file_id,
        };
        Ok(found.into_iter().map(upload).collect())
    }

    /// `library_rename`: [`Code::LibraryNameTaken`] where another one is called so.
    pub async fn library_rename(&self, wanted: LibraryRename, _: Language) -> Result<Empty> {
        self.blocking(move |app| {
            let name = named(&wanted.name)?;
            app.store().write(|tx| match tx.library_named(&name)? {
                Some(other) if other.id != wanted.dataset => bail!(coded(Code::LibraryNameTaken).with("name", &name)),
                _ => tx.library_rename(&wanted.dataset, &name),
            })?;
            Ok(Empty {})
        })
        .await
    }

    /// `library_delete`: the versions on this machine; what is uploaded stays in its cloud.
    pub async fn library_delete(&self, wanted: LibraryId, _: Language) -> Result<Empty> {
        self.blocking(move |app| app.library_remove(&wanted.dataset).map(|()| Empty {})).await
    }

    /// `version_export`
    pub async fn version_export(&self, wanted: VersionExport, _: Language, live: &Live<TaskProgress>) -> Result<Empty> {
        let live = live.clone();
        self.blocking(move |app| {
            let held = app.version_held(&wanted.dataset, wanted.version)?;
            let to = PathBuf::from(&wanted.path);
            let unwritable = || coded(Code::FolderUnusable).with("path", to.display()).with("why", "");
            let folder = to.parent().filter(|folder| folder.is_dir()).ok_or_else(unwritable)?;
            let part = tempfile::NamedTempFile::new_in(folder)?.into_temp_path();
            copy(&held.path, &part, "export", &live)?;
            part.persist(&to)?;
            Ok(Empty {})
        })
        .await
    }

    /// `recipe_list`
    pub async fn recipe_list(&self, _: Empty, _: Language) -> Result<Vec<NamedRecipe>> {
        self.blocking(|app| {
            let kept = app.store().read(|tx| tx.recipes())?;
            // One of a later program cannot be used here, and is no reason to hide the others.
            let read =
                |(name, json): (String, String)| Some(NamedRecipe { name, recipe: serde_json::from_str(&json).ok()? });
            Ok(kept.into_iter().filter_map(read).collect())
        })
        .await
    }

    /// `recipe_save`
    pub async fn recipe_save(&self, wanted: NamedRecipe, _: Language) -> Result<NamedRecipe> {
        self.blocking(move |app| {
            let name = named(&wanted.name)?;
            pc_dataset::map::Recipe::try_from(wanted.recipe.clone())?;
            let json = serde_json::to_string(&wanted.recipe)?;
            app.store().write(|tx| tx.recipe_put(&name, &json))?;
            Ok(NamedRecipe { name, ..wanted })
        })
        .await
    }

    /// `recipe_delete`
    pub async fn recipe_delete(&self, wanted: RecipeName, _: Language) -> Result<Empty> {
        self.blocking(move |app| app.store().write(|tx| tx.recipe_remove(&wanted.name)).map(|()| Empty {})).await
    }

    /// `draft_list`
    pub async fn draft_list(&self, _: Empty, _: Language) -> Result<Vec<Draft>> {
        self.blocking(|app| {
            let drafts = app.store().read(|tx| tx.drafts())?;
            let shown = |row: console::Draft| Draft { id: row.id, content: row.content, saved_at: row.saved_at };
            Ok(drafts.into_iter().map(shown).collect())
        })
        .await
    }

    /// `draft_save`: [`Code::DraftTooLarge`].
    pub async fn draft_save(&self, wanted: Draft, _: Language) -> Result<Draft> {
        self.blocking(move |app| {
            if wanted.content.len() > DRAFT {
                bail!(coded(Code::DraftTooLarge).with("bytes", wanted.content.len()).with("limit", DRAFT));
            }
            let saved_at = app.now();
            let row = console::Draft { id: wanted.id, content: wanted.content, saved_at };
            app.store().write(|tx| tx.draft_put(&row))?;
            Ok(Draft { id: row.id, content: row.content, saved_at: row.saved_at })
        })
        .await
    }

    /// `draft_delete`
    pub async fn draft_delete(&self, wanted: DraftId, _: Language) -> Result<Empty> {
        self.blocking(move |app| app.store().write(|tx| tx.draft_remove(&wanted.id)).map(|()| Empty {})).await
    }
}
