//! What is done with a file of rows once it is there: rows are looked up by their number, and repaired in bulk.
//! Deliberately absent: judging rows, which is `check`'s, and ever writing to the file that was given.

mod fix;
mod index;
mod output;
pub mod split;

pub use fix::{Change, FixPlan, FixReport, FixShown, fix_file, fix_preview};
pub use index::{IndexedRow, RowIndex};
