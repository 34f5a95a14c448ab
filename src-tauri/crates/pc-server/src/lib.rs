//! The embedded cloud: routes, job queue, metering; owns the Engine trait. Deliberately absent: training and
//! generation themselves, and any knowledge of the console.

mod account;
mod answering;
mod caller;
mod connections;
mod deploying;
mod description;
mod edge;
mod engine;
mod hyper;
mod intake;
mod money;
mod openai_rows;
mod profile;
mod python;
mod queue;
mod rates;
mod receipts;
mod refusal;
mod routes;
mod rows;
mod serve;
mod state;
mod training;
mod weights;

use money::meter;

pub use account::access::Scope;
pub use account::keys::{Credentials, KeyWish};
pub use account::workspaces::Rotated;
pub use description::PATH as DESCRIPTION_PATH;
pub use engine::{
    BaseModel, Chance, DeploySpec, Engine, Finish, GenerateSpec, Generated, Hyper, Prompt, Rewards, Said, Sampling,
    SaveStrategy, TokenChances, TrainDone, TrainEvent, TrainSpec, TrainingType,
};
pub use money::prices::{PriceBook, Prices};
pub use profile::Profile;
pub use queue::start;
pub use routes::{CAPABILITIES, router};
pub use serve::serve;
pub use state::{Options, State};
