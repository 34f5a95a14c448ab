//! What every crate shares: error codes and their words, progress, cancel, secrets, clock, places on
//! disk. Deliberately absent: anything that knows a dataset, a model or a cloud.

mod cancel;
mod clock;
mod code;
pub mod env;
mod error;
mod files;
mod places;
mod progress;
mod secret;

pub use cancel::Cancel;
pub use clock::{Clock, FixedClock, SystemClock};
pub use code::{Code, Language};
pub use error::{Coded, CodedExt, Failure, Kind, coded};
pub use files::{make_private, room_for, write_atomic};
pub use places::Places;
pub use progress::{Progress, Reporter, Silent, Unit};
pub use secret::Secret;
