//! What a stage costs: time, processor time and memory, where the system tells them (Linux). Deliberately absent: judging it.

use std::fs::File;
use std::io::Write as _;
use std::time::Instant;

use super::Stage;

/// A measurement that has begun.
pub(super) struct Measuring {
    from: Instant,
    spent: Option<f64>,
    peaks: bool,
}

impl Measuring {
    /// Begins; the peak of memory begins anew, so that it is the stage's own.
    pub fn begin() -> Self {
        let forgotten = File::options().write(true).open("/proc/self/clear_refs").and_then(|mut f| f.write_all(b"5"));
        Self { peaks: forgotten.is_ok(), spent: processor_seconds(), from: Instant::now() }
    }

    /// Ends: a stage over so many bytes.
    pub fn end(self, name: &str, bytes: u64) -> Stage {
        let seconds = self.from.elapsed().as_secs_f64().max(1e-9);
        Stage {
            name: name.into(),
            bytes,
            seconds,
            processor_seconds: processor_seconds().zip(self.spent).map(|(after, before)| after - before),
            megabytes_per_second: bytes as f64 / 1e6 / seconds,
            peak_memory: peak_memory().filter(|_| self.peaks),
        }
    }
}

/// User and system time of the process; the kernel counts them in hundredths of a second for every program.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?) as f64 / 100.0)
}

/// `VmHWM` of the process, in bytes.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
