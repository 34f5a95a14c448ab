//! Getting a base model onto this machine, and its terms before that. Everything is fetched into a folder beside the
//! models, which becomes one of them only when it is whole; until then it lets a cut download go on. Deliberately absent:
//! how a hub or the Python index is asked, which `pc_cloud` and `packages` know.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use pc_base::{Cancel, Code, Coded, Language, Places, Silent, coded, env};
use pc_cloud::{CloudError, Hub, HubKind};
use pc_model::{Catalog, CatalogRow as Known, ModelFolder, Source};

use super::catalog::{is_accepted, one};
use super::packages;
use crate::api::{CatalogRow, LicenceText, ModelId, TaskProgress};
use crate::app::App;
use crate::clouds::network;
use crate::live::Live;
use crate::models::ready;

impl App {
    /// `catalog_prepare`: fetches a base model whose terms were accepted.
    pub async fn catalog_prepare(
        &self,
        wanted: ModelId,
        language: Language,
        live: &Live<TaskProgress>,
    ) -> Result<CatalogRow> {
        let Known { id, licence, .. } = known(&wanted)?;
        let allowed = self.blocking(move |app| Ok(ready(app.places(), &id) || is_accepted(app, &id)?)).await?;
        if !allowed {
            let refused = coded(Code::LicenceNotAccepted).with("model", &wanted.model).with("licence", licence);
            return Err(refused.into());
        }
        self.base_prepare(wanted, language, live).await
    }

    /// The same where nobody can be asked: whoever calls this says where the terms lie.
    pub async fn base_prepare(&self, wanted: ModelId, _: Language, live: &Live<TaskProgress>) -> Result<CatalogRow> {
        let known = known(&wanted)?;
        let id = known.id.clone();
        if self.blocking(move |app| Ok(ready(app.places(), &id))).await? {
            let id = known.id;
            return self.blocking(move |app| one(app, &id)).await;
        }
        let work = Work::begin(self.places(), &known.id)?;
        fetch(&known, &work, live).await?;
        self.blocking(move |app| {
            work.keep(app.places(), &known.id)?;
            one(app, &known.id)
        })
        .await
    }

    /// `licence_get`: of a model that is not here yet only the terms are fetched.
    pub async fn licence_get(&self, wanted: ModelId, _: Language) -> Result<LicenceText> {
        let known = known(&wanted)?;
        let places = [self.places().base_model(&known.id), being_fetched(self.places(), &known.id)];
        if let Some(found) = places.iter().find_map(|folder| terms(&known, folder)) {
            return Ok(found);
        }
        let work = Work::begin(self.places(), &known.id)?;
        fetch_terms(&known, &work.folder).await?;
        terms(&known, &work.folder).ok_or_else(|| coded(Code::ModelNotPrepared).with("model", &known.id).into())
    }
}

fn known(wanted: &ModelId) -> Result<Known> {
    let unknown = || coded(Code::ModelUnknown).with("model", &wanted.model).into();
    Catalog::bundled().row(&wanted.model).cloned().ok_or_else(unknown)
}

/// A base model is fetched here; the dot keeps it from being taken for one.
fn being_fetched(places: &Places, id: &str) -> PathBuf {
    places.base_model(&format!(".fetching-{id}"))
}

/// The folder of a fetch, and the right to write into it.
struct Work {
    folder: PathBuf,
    /// Held until the fetch ends, however it ends.
    #[expect(dead_code, reason = "dropping the file releases the lock")]
    lock: File,
}

impl Work {
    fn begin(places: &Places, id: &str) -> Result<Self> {
        let folder = being_fetched(places, id);
        std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let path = folder.with_file_name(format!(".fetching-{id}.lock"));
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.with_context(|| format!("opening {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder, lock }),
            Err(TryLockError::WouldBlock) => Err(coded(Code::HomeLocked).with("path", folder.display()).into()),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
        }
    }

    /// Makes a base model of what was fetched. It is opened whole before: what cannot be used is none.
    fn keep(&self, places: &Places, id: &str) -> Result<()> {
        let opened = ModelFolder::open(&self.folder)?;
        opened.tokenizer()?;
        opened.weights()?;
        // Halves of other versions, from a source that was left for another.
        let entries = std::fs::read_dir(&self.folder).context("listing what was fetched")?;
        for half in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with('.')) {
            std::fs::remove_file(half.path()).context("removing half a file")?;
        }
        let target = places.base_model(id);
        // What lies there is no model, or there was nothing to fetch.
        if let Err(error) = std::fs::remove_dir_all(&target)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error).with_context(|| format!("removing {}", target.display()));
        }
        std::fs::rename(&self.folder, &target).with_context(|| format!("keeping {}", target.display()))
    }
}

/// The first source that gives the model, in the catalogue's order.
async fn fetch(known: &Known, work: &Work, live: &Live<TaskProgress>) -> Result<()> {
    let mut outcome = Err(coded(Code::ModelNotPrepared).with("model", &known.id).into());
    for source in &known.sources {
        outcome = match hub(source)? {
            Some(hub) => from_hub(&hub, &work.folder, live).await,
            None => {
                let (known, folder, live) = (known.clone(), work.folder.clone(), live.clone());
                let fetched =
                    tokio::task::spawn_blocking(move || packages::fetch(&known, &folder, &live, &live.cancel));
                fetched.await?
            }
        };
        match &outcome {
            Err(error) if may_be_elsewhere(error) && !live.cancel.is_cancelled() => {
                tracing::warn!("{} is not to be had from {source:?}: {error:#}", known.id);
            }
            _ => return outcome,
        }
    }
    outcome
}

async fn from_hub(hub: &Hub, folder: &Path, live: &Live<TaskProgress>) -> Result<()> {
    let files = hub.files(&live.cancel).await?;
    hub.download(&files, folder, live, &live.cancel).await
}

/// Only the terms, which are small.
async fn fetch_terms(known: &Known, folder: &Path) -> Result<()> {
    let mut outcome = Ok(());
    for source in &known.sources {
        outcome = match hub(source)? {
            Some(hub) => terms_from_hub(&hub, folder).await,
            None => {
                let (known, folder) = (known.clone(), folder.to_owned());
                let cancel = Cancel::default();
                tokio::task::spawn_blocking(move || packages::fetch_terms(&known, &folder, &cancel)).await?
            }
        };
        if outcome.is_ok() && terms(known, folder).is_some() {
            break;
        }
    }
    outcome
}

async fn terms_from_hub(hub: &Hub, folder: &Path) -> Result<()> {
    let cancel = Cancel::default();
    let mut files = hub.files(&cancel).await?;
    files.retain(pc_cloud::HubFile::is_terms);
    hub.download(&files, folder, &Silent, &cancel).await
}

/// The hub of a source; nothing for the Python index.
fn hub(source: &Source) -> Result<Option<Hub>> {
    let (kind, mirror, repository, revision) = match source {
        Source::Modelscope { repository, revision } => (HubKind::ModelScope, env::MODELSCOPE, repository, revision),
        Source::Huggingface { repository, revision } => (HubKind::HuggingFace, env::HUGGINGFACE, repository, revision),
        Source::Pypi { .. } => return Ok(None),
    };
    let address = env::text(mirror).unwrap_or_else(|| kind.address().to_owned());
    Hub::new(kind, &address, repository, revision, &network()).map(Some)
}

/// Whether another source may have what this one did not give. A full disk is full for each.
fn may_be_elsewhere(error: &anyhow::Error) -> bool {
    let code = error.downcast_ref::<Coded>().map(|coded| coded.code);
    CloudError::of(error).is_some() || code == Some(Code::ModelHashWrong)
}

/// A model's terms where they lie in a folder.
fn terms(known: &Known, folder: &Path) -> Option<LicenceText> {
    let texts = known.licence_files.iter().filter_map(|name| {
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        Some(if name.ends_with(".html") { super::catalog::plain(&text) } else { text })
    });
    let text = texts.collect::<Vec<_>>().join("\n\n");
    (!text.trim().is_empty()).then(|| LicenceText { model: known.id.clone(), title: known.licence.clone(), text })
}
