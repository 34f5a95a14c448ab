//! Table `trainer_speeds`: how fast this machine has trained a base model, for estimates of time.

use crate::database::{rows, run};

use super::Tx;

impl Tx<'_> {
    /// Keeps a measurement.
    pub fn speed_add(&self, base_model: &str, tokens_per_second: f64, measured_at: &str) -> anyhow::Result<()> {
        let sql = "INSERT INTO trainer_speeds (base_model, tokens_per_second, measured_at) VALUES (?1, ?2, ?3)";
        run(self.0, sql, (base_model, tokens_per_second, measured_at)).map(drop)
    }

    /// The last ten measurements of a base model in tokens per second, newest first.
    pub fn speeds(&self, base_model: &str) -> anyhow::Result<Vec<f64>> {
        let sql = "SELECT tokens_per_second FROM trainer_speeds WHERE base_model = ?1 ORDER BY number DESC LIMIT 10";
        rows(self.0, sql, [base_model], |row| row.get(0))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_newest_speeds_of_this_model_come_first() {
        let (_dir, store) = super::super::empty();
        for (model, speed) in [("m", 1.0), ("other", 9.0), ("m", 2.0)] {
            store.write(|tx| tx.speed_add(model, speed, "2026-11-24T00:00:00Z")).unwrap();
        }
        assert_eq!(store.read(|tx| tx.speeds("m")).unwrap(), [2.0, 1.0]);
    }
}
