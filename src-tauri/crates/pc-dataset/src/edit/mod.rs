//! What is done with a file of rows once it is there: rows are looked up by their number, repaired in bulk, rid of duplicates, divided,
//! sampled; two files are compared. Each writes a new file. Deliberately absent: judging rows, which is `check`'s, and ever writing to
//! the file that was given.

mod copy;
mod dedup;
mod diff;
mod fix;
mod index;
mod output;
pub mod provenance;
mod sample;
pub mod split;
mod strata;

pub use dedup::{DedupOptions, DedupReport, dedup_file};
pub use diff::{Diff, Difference, diff_files};
pub use fix::{Change, FixPlan, FixReport, FixShown, fix_file, fix_preview};
pub use index::{IndexedRow, RowIndex};
pub use sample::{SampleReport, sample_file};
