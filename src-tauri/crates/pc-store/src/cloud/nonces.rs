//! Table `nonces`: what signed requests have used up, so that none can be sent again.

use crate::database::run;

use super::Tx;

impl Tx<'_> {
    /// Uses a nonce up; answers whether it was new. Forgets those used before `forget_before`.
    pub fn nonce_use(&self, access_key: &str, nonce: &str, now: &str, forget_before: &str) -> anyhow::Result<bool> {
        run(self.0, "DELETE FROM nonces WHERE used_at < ?1", [forget_before])?;
        let sql = "INSERT INTO nonces (access_key_id, nonce, used_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        Ok(run(self.0, sql, (access_key, nonce, now))? == 1)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_nonce_serves_once_a_key() {
        let (_dir, store) = super::super::empty();
        let used =
            |key: &str, nonce: &str| store.write(|tx| tx.nonce_use(key, nonce, "2026-01-02", "2026-01-01")).unwrap();
        assert!(used("k", "n"));
        assert!(!used("k", "n"), "the same request must not count twice");
        assert!(used("other", "n"), "keys do not take each other's nonces");
    }
}
