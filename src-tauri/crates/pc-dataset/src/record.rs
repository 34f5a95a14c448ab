//! A row of any source (a table, a sheet, a query) before it becomes a row to train on: named values in the source's
//! order. Deliberately absent: where it came from, and what its columns mean.

use std::sync::Arc;

use serde_json::Value;

/// One row of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// 1-based place in the source: the line where it begins for text, the row for a sheet, its turn for a query.
    pub at: u64,
    /// Names of the columns; shared by all rows of a table.
    pub names: Arc<[String]>,
    /// As many values as there are names. Dates and decimals stand as the text that the source shows.
    pub values: Vec<Value>,
}

/// The rows of a source, one at a time; nothing follows an error.
pub type Records = Box<dyn Iterator<Item = anyhow::Result<Record>> + Send>;

impl Record {
    /// The value of a column.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.names.iter().position(|known| known == name).and_then(|at| self.values.get(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_name_and_a_short_row_has_none() {
        let names: Arc<[String]> = ["question".to_owned(), "answer".to_owned()].into();
        let record = Record { at: 2, names, values: vec![Value::from("how")] };
        assert_eq!(record.get("question"), Some(&Value::from("how")));
        assert_eq!((record.get("answer"), record.get("other")), (None, None));
    }
}
