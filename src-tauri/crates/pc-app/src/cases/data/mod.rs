//! Data sets: sources, local data sets and what makes their versions, uploads, and what lies in a cloud. Deliberately absent: the work
//! itself, which is `pc-dataset`.

mod checks;
mod convert;
mod databases;
mod datasets;
mod edits;
mod library;
mod privacy;
mod rows;
mod sources;
mod uploads;

pub use checks::{Asked, Statistics};
pub use convert::{Convert, Converted, Split};
pub(crate) use databases::Looked;
pub use databases::{QueryFrom, QueryImport, QueryImported, QueryTo};
pub use edits::{Edited, Fixes, Repeats};
pub use privacy::{Mask, Masked, Unmask};
pub use uploads::upload_name;
