//! Table `secrets`: named secrets (API keys, AccessKey secrets) sealed below the master key.

use pc_base::Secret;
use pc_secrets::{Keys, open, seal};

use crate::database::{first, run};

use super::Tx;

impl Tx<'_> {
    /// Seals and keeps a secret such as `cloud/ID/api_key`; the old one of this name is gone.
    pub fn secret_put(&self, key: &impl Keys, name: &str, secret: &Secret<String>) -> anyhow::Result<()> {
        let sealed = seal(key, &identity(name), secret.expose().as_bytes());
        run(self.0, "INSERT OR REPLACE INTO secrets (name, sealed) VALUES (?1, ?2)", (name, sealed)).map(drop)
    }

    /// A kept secret. `Code::SealedDamaged` when the key is not the one that sealed it.
    pub fn secret(&self, key: &impl Keys, name: &str) -> anyhow::Result<Option<Secret<String>>> {
        let sealed: Option<Vec<u8>> =
            first(self.0, "SELECT sealed FROM secrets WHERE name = ?1", [name], |row| row.get(0))?;
        let Some(sealed) = sealed else { return Ok(None) };
        let plain = String::from_utf8(open(key, &identity(name), &sealed)?)?;
        Ok(Some(Secret::new(plain)))
    }

    /// Whether a secret of this name is kept.
    pub fn secret_known(&self, name: &str) -> anyhow::Result<bool> {
        Ok(first(self.0, "SELECT 1 FROM secrets WHERE name = ?1", [name], |_| Ok(()))?.is_some())
    }

    /// Removes a secret.
    pub fn secret_remove(&self, name: &str) -> anyhow::Result<()> {
        run(self.0, "DELETE FROM secrets WHERE name = ?1", [name]).map(drop)
    }
}

fn identity(name: &str) -> String {
    format!("console/secret/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_secrets::DataKey;

    #[test]
    fn a_secret_comes_back_under_its_own_name_and_key_only() {
        let (_dir, store) = super::super::empty();
        let key = DataKey::generate();
        store.write(|tx| tx.secret_put(&key, "a", &Secret::new("sk-1".into()))).unwrap();
        let found = store.read(|tx| tx.secret(&key, "a")).unwrap().unwrap();
        assert_eq!(found.expose(), "sk-1");
        assert!(store.read(|tx| tx.secret(&DataKey::generate(), "a")).is_err(), "another key opens nothing");
        store.write(|tx| tx.secret_remove("a")).unwrap();
        assert!(!store.read(|tx| tx.secret_known("a")).unwrap());
    }
}
