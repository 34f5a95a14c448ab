//! Syncs a large file while it is still being written, so that its commit finds little left to wait for: a network that is
//! as fast as the disk would else stand still for as long again. Deliberately absent: the last sync, which is the writer's.

use std::fs::File;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use anyhow::Context as _;

/// Bytes between two syncs; shorter files have none.
const STRIDE: u64 = 8 << 20;

/// The syncing of one file. Its thread begins with the first stride.
pub(crate) struct Syncing {
    written: u64,
    state: State,
}

enum State {
    Waiting(File),
    /// The channel is full while a sync waits: that one covers what has come meanwhile.
    Running(SyncSender<()>, JoinHandle<std::io::Result<()>>),
}

impl Syncing {
    pub fn new(file: File) -> Self {
        Self { written: 0, state: State::Waiting(file) }
    }

    /// Notes that so many more bytes were written.
    pub fn wrote(&mut self, bytes: usize) {
        let strides = self.written / STRIDE;
        self.written += bytes as u64;
        if self.written / STRIDE > strides {
            self.sync();
        }
    }

    fn sync(&mut self) {
        if let State::Waiting(file) = &self.state {
            // Without a second handle there is only the last sync.
            let Ok(file) = file.try_clone() else { return };
            let (wanted, wishes) = sync_channel(1);
            let thread = std::thread::spawn(move || wishes.iter().try_for_each(|()| file.sync_data()));
            self.state = State::Running(wanted, thread);
        }
        if let State::Running(wanted, _) = &self.state {
            // A thread that has ended has an error, which `finish` tells.
            let _full_or_ended = wanted.try_send(());
        }
    }

    /// Ends. An error that a sync met is told here, because the system tells it only once.
    pub fn finish(self) -> anyhow::Result<()> {
        let State::Running(wanted, thread) = self.state else { return Ok(()) };
        drop(wanted);
        thread.join().map_err(|_| anyhow::anyhow!("syncing stopped unexpectedly"))?.context("syncing a stored file")
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_long_file_is_synced_on_the_way_and_an_error_of_that_is_told_at_the_end() {
        let mut file = tempfile::tempfile().unwrap();
        let mut syncing = Syncing::new(file.try_clone().unwrap());
        for _ in 0..40 {
            file.write_all(&[7; 1 << 20]).unwrap();
            syncing.wrote(1 << 20);
        }
        assert!(matches!(syncing.state, State::Running(..)));
        syncing.finish().unwrap();
        // A pipe cannot be synced.
        let (_reader, writer) = std::io::pipe().unwrap();
        let mut syncing = Syncing::new(File::from(std::os::fd::OwnedFd::from(writer)));
        syncing.wrote(STRIDE as usize);
        assert!(syncing.finish().is_err());
    }
}
