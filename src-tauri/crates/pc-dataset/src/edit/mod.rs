//! What is done with a file of rows once it is there: rows are looked up by their number.
//! Deliberately absent: judging rows, which is `check`'s, and ever writing to the file that was given.

mod index;

pub use index::{IndexedRow, RowIndex};
