//! Table `settings`: the user's choices by name, such as `language`, `selected_cloud` or `licence/gemma-3-270m`.

use crate::database::{first, run};

use super::Tx;

impl Tx<'_> {
    /// A choice, where one was made.
    pub fn setting(&self, name: &str) -> anyhow::Result<Option<String>> {
        first(self.0, "SELECT value FROM settings WHERE name = ?1", [name], |row| row.get(0))
    }

    /// Makes a choice.
    pub fn setting_put(&self, name: &str, value: &str) -> anyhow::Result<()> {
        run(self.0, "INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)", (name, value)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_last_choice_holds() {
        let (_dir, store) = super::super::empty();
        assert_eq!(store.read(|tx| tx.setting("theme")).unwrap(), None);
        store.write(|tx| tx.setting_put("theme", "dark")).unwrap();
        store.write(|tx| tx.setting_put("theme", "light")).unwrap();
        assert_eq!(store.read(|tx| tx.setting("theme")).unwrap().as_deref(), Some("light"));
    }
}
