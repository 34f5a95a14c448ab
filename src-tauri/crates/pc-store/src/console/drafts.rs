//! Tables `recipes` and `drafts`: recipes that are used again, and wizards that were left. Deliberately absent: what they mean.

use crate::database::{rows, run};

use super::Tx;

/// A wizard that was left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    pub id: String,
    pub content: String,
    /// RFC 3339.
    pub saved_at: String,
}

impl Tx<'_> {
    /// Keeps a recipe under a name; the old one of this name is gone.
    pub fn recipe_put(&self, name: &str, json: &str) -> anyhow::Result<()> {
        run(self.0, "INSERT OR REPLACE INTO recipes (name, json) VALUES (?1, ?2)", (name, json)).map(drop)
    }

    /// Names and recipes, by name.
    pub fn recipes(&self) -> anyhow::Result<Vec<(String, String)>> {
        rows(self.0, "SELECT name, json FROM recipes ORDER BY name", [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Forgets a recipe.
    pub fn recipe_remove(&self, name: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM recipes WHERE name = ?1", [name]).map(drop)
    }

    /// Keeps a draft; an older state of it is gone.
    pub fn draft_put(&self, row: &Draft) -> anyhow::Result<()> {
        let sql = "INSERT OR REPLACE INTO drafts (id, content, saved_at) VALUES (?1, ?2, ?3)";
        run(self.0, sql, (&row.id, &row.content, &row.saved_at)).map(drop)
    }

    /// All drafts, the newest first.
    pub fn drafts(&self) -> anyhow::Result<Vec<Draft>> {
        rows(self.0, "SELECT id, content, saved_at FROM drafts ORDER BY saved_at DESC, id", [], |row| {
            Ok(Draft { id: row.get(0)?, content: row.get(1)?, saved_at: row.get(2)? })
        })
    }

    /// Forgets a draft.
    pub fn draft_remove(&self, id: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM drafts WHERE id = ?1", [id]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_state_is_kept() {
        let (_dir, store) = super::super::empty();
        let draft = |content: &str, at: &str| Draft { id: "d".into(), content: content.into(), saved_at: at.into() };
        store.write(|tx| tx.draft_put(&draft("1", "2026-01-01T00:00:00Z"))).unwrap();
        store.write(|tx| tx.draft_put(&draft("2", "2026-01-02T00:00:00Z"))).unwrap();
        assert_eq!(store.read(|tx| tx.drafts()).unwrap(), [draft("2", "2026-01-02T00:00:00Z")]);
        store.write(|tx| tx.draft_remove("d")).unwrap();
        assert!(store.read(|tx| tx.drafts()).unwrap().is_empty());
        store.write(|tx| tx.recipe_put("r", "{}")).unwrap();
        assert_eq!(store.read(|tx| tx.recipes()).unwrap(), [("r".to_owned(), "{}".to_owned())]);
        store.write(|tx| tx.recipe_remove("r")).unwrap();
        assert!(store.read(|tx| tx.recipes()).unwrap().is_empty());
    }
}
