//! Table `uploads`: uploads that were begun and not ended. How much of each has arrived is the cloud's to say.

use crate::database::{first, rows, run};

use super::Tx;

/// An upload that can go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BegunUpload {
    pub cloud_id: String,
    /// The cloud's id for it.
    pub upload_id: String,
    /// The file's name in the cloud.
    pub name: String,
    /// Hex SHA-256 of the file: only the same bytes go on.
    pub sha256: String,
    pub bytes: u64,
    /// Where the file lay.
    pub path: String,
    /// `sft`, `dpo` or `cpt`.
    pub kind: String,
    pub description: String,
    /// RFC 3339.
    pub begun_at: String,
}

const COLUMNS: &str = "cloud_id, upload_id, name, sha256, bytes, path, kind, description, begun_at";

impl Tx<'_> {
    /// Notes one; one that is noted already keeps its begin.
    pub fn upload_put(&self, row: &BegunUpload) -> anyhow::Result<()> {
        let sql = format!("INSERT OR IGNORE INTO uploads ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
        let names = (&row.cloud_id, &row.upload_id, &row.name, &row.sha256);
        let rest = (row.bytes, &row.path, &row.kind, &row.description, &row.begun_at);
        let ((a, b, c, d), (e, f, g, h, i)) = (names, rest);
        run(self.0, &sql, (a, b, c, d, e, f, g, h, i)).map(drop)
    }

    /// The newest upload of the same bytes under the same name.
    pub fn upload_of(&self, cloud_id: &str, sha256: &str, name: &str) -> anyhow::Result<Option<BegunUpload>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM uploads WHERE cloud_id = ?1 AND sha256 = ?2 AND name = ?3 ORDER BY begun_at DESC"
        );
        first(self.0, &sql, (cloud_id, sha256, name), read)
    }

    /// All of a cloud, the newest first.
    pub fn uploads(&self, cloud_id: &str) -> anyhow::Result<Vec<BegunUpload>> {
        let sql = format!("SELECT {COLUMNS} FROM uploads WHERE cloud_id = ?1 ORDER BY begun_at DESC, upload_id");
        rows(self.0, &sql, [cloud_id], read)
    }

    /// Forgets one.
    pub fn upload_remove(&self, cloud_id: &str, upload_id: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM uploads WHERE cloud_id = ?1 AND upload_id = ?2", (cloud_id, upload_id)).map(drop)
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<BegunUpload> {
    Ok(BegunUpload {
        cloud_id: row.get(0)?,
        upload_id: row.get(1)?,
        name: row.get(2)?,
        sha256: row.get(3)?,
        bytes: row.get(4)?,
        path: row.get(5)?,
        kind: row.get(6)?,
        description: row.get(7)?,
        begun_at: row.get(8)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_bytes_of_the_same_cloud_and_name_go_on() {
        let (_dir, store) = super::super::empty();
        let row = |id: &str, at: &str| BegunUpload {
            cloud_id: "c".into(),
            upload_id: id.into(),
            name: "n".into(),
            sha256: "s".into(),
            bytes: 7,
            begun_at: at.into(),
            ..BegunUpload::default()
        };
        store.write(|tx| tx.upload_put(&row("old", "2026-01-01T00:00:00Z"))).unwrap();
        store.write(|tx| tx.upload_put(&row("new", "2026-01-02T00:00:00Z"))).unwrap();
        store.write(|tx| tx.upload_put(&row("new", "2026-01-03T00:00:00Z"))).unwrap();
        let found = |cloud: &str, sha: &str, name: &str| {
            store.read(|tx| tx.upload_of(cloud, sha, name)).unwrap().map(|row| (row.upload_id, row.begun_at))
        };
        assert_eq!(found("c", "s", "n"), Some(("new".into(), "2026-01-02T00:00:00Z".into())));
        assert_eq!((found("d", "s", "n"), found("c", "t", "n"), found("c", "s", "m")), (None, None, None));
        store.write(|tx| tx.upload_remove("c", "new")).unwrap();
        assert_eq!(store.read(|tx| tx.uploads("c")).unwrap(), [row("old", "2026-01-01T00:00:00Z")]);
    }
}
