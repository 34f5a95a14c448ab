//! HTTP client for any endpoint that speaks pc-protocol, for billing, and for the hubs that base models come from.
//! Authentication, proxies, time limits, retries and the reading of errors are in `transport`, once for all calls.
//! Deliberately absent: which endpoint is the embedded one, where keys are kept, and any database.

mod account;
mod billing;
mod chat;
mod cloud;
mod deployments;
mod download;
mod endpoint;
mod error;
mod extensions;
mod files;
mod fine_tunes;
mod generation;
mod models;
mod network;
mod retry;
mod stream;
mod transport;
mod upload;
mod waiting;

pub use billing::BillLine;
pub use cloud::Cloud;
pub use download::{Hub, HubFile, HubKind};
pub use endpoint::{Billing, Endpoint};
pub use error::{CloudError, ErrorKind};
pub use generation::Answer;
pub use network::{Network, Proxy};
pub use upload::{Hours, Outgoing, Pace};
