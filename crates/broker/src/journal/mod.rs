//! The journal: answers of providers on a replica's own disk, until the database has them.
//!
//! A refresh token that rotates is spent by the request; its successor exists only in the answer. Here the answer is on
//! disk, sealed and synced, before anything else can go wrong. One file of slots of fixed size, written once at the start,
//! so that a disk that is full later has room for every answer that is on its way. Who claims a refresh takes a slot
//! first. A single thread writes, many answers with one sync.
//!
//! What never lives here: the decision what an answer is worth. A record of an older generation is dropped by the commit.

mod file;
mod record;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use tokio::sync::oneshot;
use uuid::Uuid;
use vault::JournalKey;

use self::file::File;
pub(crate) use self::record::Record;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process has it open.
    #[error("the journal in {0} is used by another process: give each replica a folder of its own")]
    InUse(String),
    /// A file that is no journal, or one of a later version.
    #[error("{0} is not a journal of this version: move it away, or start the version that wrote it")]
    Foreign(String),
    /// The disk.
    #[error("the journal in {folder} cannot be used: {source}")]
    Disk {
        /// The folder.
        folder: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It was sealed by another master key.
    #[error(
        "the journal in {0} was written under another master key: give the key of this database, or another folder"
    )]
    WrongMasterKey(String),
}

/// A replica's journal. Cloning shares it.
#[derive(Clone)]
pub struct Journal(Arc<Parts>);

struct Parts {
    replica: Uuid,
    key: JournalKey,
    free: Mutex<Vec<usize>>,
    left: Mutex<Vec<Record>>,
    writes: mpsc::Sender<Write>,
    healthy: Arc<AtomicBool>,
    size: usize,
}

enum Write {
    /// The bytes are on disk when it is answered.
    Keep(usize, Vec<u8>, oneshot::Sender<bool>),
    /// What is in the slot is done with. Not synced: an old record is harmless.
    Clear(usize),
    /// Whether writing works.
    Probe(oneshot::Sender<bool>),
}

impl Journal {
    /// Opens the journal in a folder, or makes one with this many slots. What an earlier life left in it waits in
    /// `Journal::left`.
    ///
    /// # Errors
    /// The folder cannot be written to, belongs to a running process, or was written under another master key.
    pub fn open(folder: &Path, key: JournalKey, slots: usize) -> Result<Self, JournalError> {
        let (file, left) = File::open(folder, &key, slots)?;
        // A smaller number than before must not hide what is in the slots beyond it.
        let slots = slots.max(file.slots());
        let (writes, requests) = mpsc::channel();
        let healthy = Arc::new(AtomicBool::new(true));
        let parts = Parts {
            replica: file.replica(),
            key,
            free: Mutex::new((0..slots).rev().collect()),
            left: Mutex::new(left),
            writes,
            healthy: Arc::clone(&healthy),
            size: slots,
        };
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || run(&file, &requests, &healthy))
            .map_err(|source| JournalError::Disk {
                folder: folder.display().to_string(),
                source,
            })?;
        Ok(Self(Arc::new(parts)))
    }

    /// The replica whose journal this is: the same over restarts.
    pub fn replica(&self) -> Uuid {
        self.0.replica
    }

    /// Records of an earlier life. They stay until [`Journal::forget_left`].
    pub(crate) fn left(&self) -> Vec<Record> {
        self.0.left.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The records of an earlier life are in the database.
    pub(crate) fn forget_left(&self) {
        self.0.left.lock().unwrap_or_else(PoisonError::into_inner).clear();
        for slot in 0..self.0.size {
            drop(self.0.writes.send(Write::Clear(slot)));
        }
    }

    /// Whether an answer could be kept now. One look at the disk.
    pub(crate) async fn is_writable(&self) -> bool {
        let (answer, answered) = oneshot::channel();
        self.0.writes.send(Write::Probe(answer)).is_ok() && answered.await.unwrap_or(false)
    }

    /// Whether the last write worked.
    pub(crate) fn is_healthy(&self) -> bool {
        self.0.healthy.load(Ordering::Acquire)
    }

    /// Room for one answer.
    pub(crate) fn reserve(&self) -> Option<Slot> {
        let index = self.0.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(Slot {
            journal: self.clone(),
            index,
            kept: false,
        })
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Journal")
            .field("replica", &self.0.replica)
            .finish_non_exhaustive()
    }
}

/// Room for one answer. Dropping it says that the answer is in the database, or that there never was one.
pub(crate) struct Slot {
    journal: Journal,
    index: usize,
    kept: bool,
}

impl Slot {
    /// Puts an answer on disk; it is there when this returns `true`. `false`: it is only in memory.
    pub(crate) async fn keep(&mut self, record: &Record) -> bool {
        let bytes = record.seal(&self.journal.0.key);
        if bytes.len() > file::SLOT {
            tracing::warn!(connection = %record.fence.connection, "an answer is too large for the journal");
            return false;
        }
        self.kept = true;
        let (answer, answered) = oneshot::channel();
        let sent = self
            .journal
            .0
            .writes
            .send(Write::Keep(self.index, bytes, answer))
            .is_ok();
        sent && answered.await.unwrap_or(false)
    }

    /// The answer could not be committed and nobody may overwrite it: the slot stays taken, and the record on disk, until
    /// the next start.
    pub(crate) fn leave(mut self) {
        self.kept = false;
        self.index = usize::MAX;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // A task that panics must not take its answer off the disk.
        if self.index == usize::MAX || std::thread::panicking() {
            return;
        }
        if self.kept {
            drop(self.journal.0.writes.send(Write::Clear(self.index)));
        }
        self.journal
            .0
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self.index);
    }
}

/// The writing thread: all that waits is written, then synced once.
fn run(file: &File, requests: &mpsc::Receiver<Write>, healthy: &AtomicBool) {
    while let Ok(first) = requests.recv() {
        let mut waiting = Vec::new();
        let mut works = true;
        for request in std::iter::once(first).chain(requests.try_iter().take(1024)) {
            let written = match request {
                Write::Keep(slot, bytes, answer) => {
                    let written = file.write(slot, &bytes);
                    waiting.push((answer, written.is_ok()));
                    written
                }
                Write::Clear(slot) => file.clear(slot),
                Write::Probe(answer) => {
                    let written = file.probe();
                    waiting.push((answer, written.is_ok()));
                    written
                }
            };
            if let Err(error) = written {
                tracing::error!(%error, "the journal cannot be written");
                works = false;
            }
        }
        let synced = waiting.is_empty()
            || file
                .sync()
                .inspect_err(|error| tracing::error!(%error, "the journal cannot be synced"))
                .is_ok();
        if !waiting.is_empty() {
            healthy.store(works && synced, Ordering::Release);
        }
        for (answer, written) in waiting {
            // Who asked may have gone; the bytes are there all the same.
            let _ = answer.send(written && synced);
        }
    }
}

#[cfg(test)]
mod tests;
