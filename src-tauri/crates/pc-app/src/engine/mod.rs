//! The embedded cloud's engine on this machine: training in a worker process, answers from ONNX Runtime in this one.
//!
//! A deployment's converted weights lie in the data folder, open but for this user only, because ONNX Runtime maps them
//! into memory; they are destroyed with the deployment. Only one thing is heavy at a time: a conversion, which takes
//! seconds, goes first and the training waits for it between two steps (`turns`).
//! Deliberately absent: jobs, tenants and prices (`pc-server`).

mod answering;
mod bases;
mod deployed;
mod sessions;
mod training;
mod turns;
mod worker;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Result;
use pc_base::{Cancel, Places};
use pc_server::{BaseModel, DeploySpec, Engine, GenerateSpec, Generated, Said, TrainDone, TrainEvent, TrainSpec};

use bases::Bases;
use deployed::Deployed;
use sessions::Sessions;
use turns::Turns;

pub(crate) use worker::worker_main;

/// See the module's words.
pub struct LocalEngine {
    places: Places,
    bases: Bases,
    deployed: Deployed,
    sessions: Sessions,
    turns: Turns,
}

impl LocalEngine {
    /// `folder` is where converted weights are kept.
    pub fn new(places: Places, folder: PathBuf) -> Self {
        Self {
            bases: Bases::new(places.cache.join("models")),
            deployed: Deployed::new(folder),
            sessions: Sessions::default(),
            turns: Turns::default(),
            places,
        }
    }
}

/// Whether a training's result is a whole model, and not an adapter.
fn is_whole(folder: &Path) -> bool {
    folder.join("config.json").is_file()
}

impl Engine for LocalEngine {
    fn bases(&self) -> Vec<BaseModel> {
        self.bases.list()
    }

    fn train(&self, spec: &TrainSpec, events: &mut dyn FnMut(TrainEvent), cancel: &Cancel) -> Result<TrainDone> {
        training::train(&self.places, &self.turns, spec, events, cancel)
    }

    fn deploy(&self, spec: &DeploySpec) -> Result<()> {
        self.deployed.deploy(&self.places, &self.turns, spec)
    }

    fn undeploy(&self, deployed_model: &str) -> Result<()> {
        if let Some(served) = self.deployed.find(deployed_model).filter(|served| served.weights.is_some()) {
            self.sessions.forget(&served.session);
        }
        self.deployed.undeploy(deployed_model)
    }

    fn retain(&self, deployed_models: &[String]) -> Result<()> {
        self.deployed.retain(deployed_models)
    }

    fn generate(
        &self,
        spec: &GenerateSpec,
        on_said: &mut dyn FnMut(Said<'_>) -> ControlFlow<()>,
        cancel: &Cancel,
    ) -> Result<Generated> {
        answering::generate(self, spec, on_said, cancel)
    }
}
