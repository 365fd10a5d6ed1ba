//! The disks of the journals: a small file system for each replica, which can be full.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// A replica's journal folder.
#[derive(Clone, Debug)]
pub(crate) struct JournalDisk {
    folder: PathBuf,
    /// Whether it is a file system of its own.
    mounted: bool,
}

impl JournalDisk {
    /// Makes the folder and mounts a small tmpfs on it. Where mounting is not allowed, a full disk is played by a folder
    /// that cannot be written to.
    pub(crate) fn new(folder: PathBuf, may_mount: bool) -> anyhow::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mounted = may_mount
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs"])
                .arg(&folder)
                .status()
                .is_ok_and(|status| status.success());
        Ok(Self { folder, mounted })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether a full disk is real.
    pub(crate) const fn is_real(&self) -> bool {
        self.mounted
    }

    /// No byte more fits.
    pub(crate) fn fill(&self) -> anyhow::Result<()> {
        if !self.mounted {
            return writable(&self.folder, false);
        }
        let mut file = fs::File::create(self.filler()).context("the filler of a journal's disk")?;
        for size in [64 * 1024, 512, 1] {
            let piece = vec![0; size];
            while file.write_all(&piece).is_ok() {}
        }
        let probe = fs::write(self.folder.join(".probe"), [0; 4096]);
        drop(fs::remove_file(self.folder.join(".probe")));
        ensure!(probe.is_err(), "the journal's disk did not get full");
        Ok(())
    }

    /// There is room again.
    pub(crate) fn free(&self) -> anyhow::Result<()> {
        if !self.mounted {
            return writable(&self.folder, true);
        }
        match fs::remove_file(self.filler()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Takes the file system away. What it held stays in the folder, for whoever looks into a kept run.
    pub(crate) fn end(&self) {
        if !self.mounted {
            return;
        }
        let kept: Vec<_> = fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| Some((entry.file_name(), fs::read(entry.path()).ok()?)))
            .collect();
        let ended = Command::new("umount").arg(&self.folder).status();
        if ended.is_ok_and(|status| status.success()) {
            for (name, bytes) in kept {
                drop(fs::write(self.folder.join(name), bytes));
            }
        }
    }

    fn filler(&self) -> PathBuf {
        self.folder.join(".chaos-filler")
    }
}

fn writable(folder: &Path, writable: bool) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if writable { 0o700 } else { 0o500 };
    Ok(fs::set_permissions(folder, fs::Permissions::from_mode(mode))?)
}
