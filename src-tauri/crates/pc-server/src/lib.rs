//! The embedded cloud: routes over pc-protocol, job queue, metering; owns the Engine trait.

mod engine;

pub use engine::{
    BaseModel, DeploySpec, Engine, Finish, Generated, GenerateSpec, Hyper, Prompt, Sampling, TrainDone, TrainEvent, TrainSpec,
};
