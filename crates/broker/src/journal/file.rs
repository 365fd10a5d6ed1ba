//! The file of a journal: a head that names the replica, then slots of fixed size.

use std::fs::{File as Handle, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use uuid::Uuid;
use vault::JournalKey;

use super::JournalError;
use super::record::{Read, Record};

/// Bytes of a slot: an answer with the longest tokens that services give, sealed.
pub(super) const SLOT: usize = 32 * 1024;
/// Bytes before the first slot. The second half is written by probes.
const HEAD: u64 = 4096;
const PROBE: u64 = 2048;
const REPLICA: std::ops::Range<usize> = 8..24;
const MAGIC: [u8; 8] = *b"LKJRNL01";
const NAME: &str = "journal";

pub(super) struct File {
    handle: Handle,
    path: PathBuf,
    replica: Uuid,
    slots: usize,
}

impl File {
    /// Opens or makes the file; nobody else may have it open. Returns what is still in it.
    pub(super) fn open(folder: &Path, key: &JournalKey, slots: usize) -> Result<(Self, Vec<Record>), JournalError> {
        let named = folder.display().to_string();
        let disk = |source| JournalError::Disk {
            folder: named.clone(),
            source,
        };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(disk)?;
        let path = folder.join(NAME);
        let handle = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(disk)?;
        flock(&handle, FlockOperation::NonBlockingLockExclusive).map_err(|_| JournalError::InUse(named.clone()))?;
        let size = handle.metadata().map_err(disk)?.len();
        let replica = match read_head(&handle, size).map_err(disk)? {
            Head::Known(replica) => replica,
            Head::Empty => Uuid::new_v4(),
            Head::Foreign => return Err(JournalError::Foreign(path.display().to_string())),
        };
        let known = usize::try_from(size.saturating_sub(HEAD)).unwrap_or(0) / SLOT;
        let slots = slots.max(known);
        let file = Self {
            handle,
            path,
            replica,
            slots,
        };
        let left = file.left(key, size).map_err(disk)?;
        let left = left.ok_or(JournalError::WrongMasterKey(named.clone()))?;
        file.lay_out(size, slots).map_err(disk)?;
        // The name in its folder must outlive a crash as well.
        Handle::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(disk)?;
        Ok((file, left))
    }

    pub(super) fn replica(&self) -> Uuid {
        self.replica
    }

    /// How many slots there are: as asked for, or as an earlier life had.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// The records of an earlier life; `None` when they were sealed under another key.
    fn left(&self, key: &JournalKey, size: u64) -> io::Result<Option<Vec<Record>>> {
        let mut left = Vec::new();
        let mut bytes = vec![0; SLOT];
        let slots = size.saturating_sub(HEAD) / SLOT as u64;
        for slot in 0..slots {
            self.handle.read_exact_at(&mut bytes, HEAD + slot * SLOT as u64)?;
            match Record::read(&bytes, key) {
                Read::Nothing => {}
                Read::Record(record) => left.push(*record),
                Read::Sealed => return Ok(None),
            }
        }
        Ok(Some(left))
    }

    /// Writes the head, and zeros up to the last slot, so that the space is ours.
    fn lay_out(&self, size: u64, slots: usize) -> io::Result<()> {
        let wanted = HEAD + (slots * SLOT) as u64;
        let mut head = [0_u8; 24];
        head[..8].copy_from_slice(&MAGIC);
        head[REPLICA].copy_from_slice(self.replica.as_bytes());
        self.handle.write_all_at(&head, 0)?;
        let zeros = vec![0_u8; SLOT];
        let mut position = size.max(REPLICA.end as u64);
        while position < wanted {
            let bytes = zeros.len().min(usize::try_from(wanted - position).unwrap_or(SLOT));
            self.handle.write_all_at(&zeros[..bytes], position)?;
            position += bytes as u64;
        }
        self.handle.sync_all()
    }

    pub(super) fn write(&self, slot: usize, bytes: &[u8]) -> io::Result<()> {
        self.handle.write_all_at(bytes, offset(slot))
    }

    pub(super) fn clear(&self, slot: usize) -> io::Result<()> {
        self.handle.write_all_at(&[0; 8], offset(slot))
    }

    /// Whether the file is still the one under its name, and takes writes.
    pub(super) fn probe(&self) -> io::Result<()> {
        let named = std::fs::metadata(&self.path)?;
        let open = self.handle.metadata()?;
        if (named.dev(), named.ino()) != (open.dev(), open.ino()) {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the journal's file was replaced",
            ));
        }
        self.handle.write_all_at(&[1; 8], PROBE)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.handle.sync_data()
    }
}

fn offset(slot: usize) -> u64 {
    HEAD + (slot * SLOT) as u64
}

enum Head {
    Empty,
    Known(Uuid),
    Foreign,
}

fn read_head(handle: &Handle, size: u64) -> io::Result<Head> {
    if size == 0 {
        return Ok(Head::Empty);
    }
    let mut head = [0_u8; 24];
    if size < head.len() as u64 {
        return Ok(Head::Foreign);
    }
    handle.read_exact_at(&mut head, 0)?;
    // A crash while the file was made leaves zeros.
    if head == [0; 24] {
        return Ok(Head::Empty);
    }
    if head[..8] != MAGIC {
        return Ok(Head::Foreign);
    }
    Ok(Uuid::from_slice(&head[REPLICA]).map_or(Head::Foreign, Head::Known))
}
