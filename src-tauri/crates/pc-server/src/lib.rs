//! The embedded cloud: routes, job queue, metering; owns the Engine trait. Deliberately absent: training and
//! generation themselves, and any knowledge of the console.

mod acs3;
mod answering;
mod caller;
mod deploying;
mod edge;
mod engine;
mod hyper;
mod intake;
mod meter;
mod prices;
mod profile;
mod python;
mod queue;
mod refusal;
mod routes;
mod rows;
mod serve;
mod state;
mod training;
mod weights;

pub use engine::{
    BaseModel, Chance, DeploySpec, Engine, Finish, GenerateSpec, Generated, Hyper, Prompt, Said, Sampling,
    TokenChances, TrainDone, TrainEvent, TrainSpec,
};
pub use prices::{PriceBook, Prices};
pub use profile::Profile;
pub use queue::start;
pub use routes::router;
pub use serve::serve;
pub use state::{Credentials, Options, State};
