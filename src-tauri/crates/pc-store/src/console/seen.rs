//! Table `seen`: what was last seen of a cloud, as JSON by name, such as `tunes`. Deliberately absent: what it means.

use crate::database::{first, run};

use super::Tx;

impl Tx<'_> {
    /// Keeps what was just seen.
    pub fn seen_put(&self, cloud_id: &str, what: &str, json: &str, seen_at: &str) -> anyhow::Result<()> {
        let sql = "INSERT OR REPLACE INTO seen (cloud_id, what, json, seen_at) VALUES (?1, ?2, ?3, ?4)";
        run(self.0, sql, (cloud_id, what, json, seen_at)).map(drop)
    }

    /// What was last seen, if anything was.
    pub fn seen(&self, cloud_id: &str, what: &str) -> anyhow::Result<Option<String>> {
        first(self.0, "SELECT json FROM seen WHERE cloud_id = ?1 AND what = ?2", (cloud_id, what), |row| row.get(0))
    }

    /// Forgets it.
    pub fn seen_remove(&self, cloud_id: &str, what: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM seen WHERE cloud_id = ?1 AND what = ?2", (cloud_id, what)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_newest_is_kept_for_each_cloud() {
        let (_dir, store) = super::super::empty();
        for (cloud, json) in [("a", "1"), ("b", "2"), ("a", "3")] {
            store.write(|tx| tx.seen_put(cloud, "tunes", json, "2026-11-24T00:00:00Z")).unwrap();
        }
        assert_eq!(store.read(|tx| tx.seen("a", "tunes")).unwrap().as_deref(), Some("3"));
        store.write(|tx| tx.seen_remove("a", "tunes")).unwrap();
        assert_eq!(store.read(|tx| tx.seen("a", "tunes")).unwrap(), None);
        assert_eq!(store.read(|tx| tx.seen("b", "tunes")).unwrap().as_deref(), Some("2"));
    }
}
