//! What lies in the cluster's folder: the lock, and the data from its creation on.

use std::{
    fs::{self, File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{ClusterError, DATABASE, account::Account, binaries::Binaries};

/// `pg<major>`: another major version never meets files that it cannot read.
pub(super) fn data_folder(folder: &Path, major: u32) -> PathBuf {
    folder.join(format!("pg{major}"))
}

/// One process at a time: the lock goes with the process, however that ends.
pub(super) fn lock(folder: &Path) -> Result<File, ClusterError> {
    let path = folder.join("cluster.lock");
    let failed = || ClusterError::system(format!("lock {}", path.display()));
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(failed())?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0).and_then(|()| file.rewind()).map_err(failed())?;
            writeln!(file, "{}", std::process::id()).map_err(failed())?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Whoever holds it may not have written its number yet.
            drop(file.read_to_string(&mut text));
            Err(ClusterError::InUse {
                folder: folder.to_owned(),
                holder: describe_process(text.trim()),
            })
        }
        Err(TryLockError::Error(error)) => Err(failed()(error)),
    }
}

/// "process 1234 (latchkey dev)", as far as the system tells.
fn describe_process(number: &str) -> String {
    if number.is_empty() {
        return "another process".to_owned();
    }
    let words = fs::read_to_string(format!("/proc/{number}/cmdline")).unwrap_or_default();
    let words: Vec<_> = words.split('\0').filter(|word| !word.is_empty()).take(4).collect();
    if words.is_empty() {
        format!("process {number}")
    } else {
        format!("process {number} ({})", words.join(" "))
    }
}

/// The folder's name and what is in it must agree.
pub(super) fn check_version(data: &Path, binaries: &Binaries) -> Result<(), ClusterError> {
    let path = data.join("PG_VERSION");
    let text = fs::read_to_string(&path).map_err(ClusterError::system(format!("read {}", path.display())))?;
    match text.trim().parse() {
        Ok(major) if major == binaries.major => Ok(()),
        other => Err(ClusterError::OtherMajorVersion {
            folder: data.to_owned(),
            data: other.unwrap_or_default(),
            found: binaries.major.to_string(),
        }),
    }
}

/// Creates the data beside its place and moves it there when it is complete, so a `kill -9` leaves no half of it.
pub(super) fn create(data: &Path, binaries: &Binaries, account: Account, fsync_off: bool) -> Result<(), ClusterError> {
    let fresh = data.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(ClusterError::system(format!("remove {}", fresh.display())))?;
    }
    account.make_private_folder(&fresh)?;

    let mut initdb = account.command(&binaries.program("initdb"), &fresh, true)?;
    initdb.args([
        "-U",
        DATABASE,
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-instructions",
    ]);
    if fsync_off {
        initdb.arg("--no-sync");
    }
    run(initdb, "", &fresh)?;

    // Single-user mode needs neither a socket nor a client program.
    let mut single = account.command(&binaries.program("postgres"), &fresh, true)?;
    single.args(["--single", "-c", "exit_on_error=on", "postgres"]);
    run(single, &format!("CREATE DATABASE {DATABASE};\n"), &fresh)?;

    fs::rename(&fresh, data).map_err(ClusterError::system(format!("move {} to its place", fresh.display())))
}

/// Runs a program to its end with `input`, and gives the end of what it printed if it fails.
fn run(mut command: Command, input: &str, data: &Path) -> Result<(), ClusterError> {
    let failed = |output: String| ClusterError::Initialise {
        folder: data.to_owned(),
        output,
    };
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ended before it read says why in its output.
        drop(stdin.write_all(input.as_bytes()));
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(failed(format!(
        "{} ({})",
        super::end_of(&String::from_utf8_lossy(&text)),
        output.status
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_names_the_first_holder() {
        let place = tempfile::tempdir().unwrap();
        let first = lock(place.path()).unwrap();
        let message = lock(place.path()).unwrap_err().to_string();
        let number = std::process::id().to_string();
        assert!(
            message.contains(&number) && message.contains("in use by process"),
            "{message}"
        );
        drop(first);
        lock(place.path()).unwrap();
    }

    #[test]
    fn data_of_another_version_in_the_folder_is_refused() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("PG_VERSION"), "14\n").unwrap();
        let binaries = Binaries {
            folder: PathBuf::from("/usr/bin"),
            major: 15,
        };
        let message = check_version(place.path(), &binaries).unwrap_err().to_string();
        assert!(
            message.contains("PostgreSQL 14") && message.contains("PostgreSQL 15"),
            "{message}"
        );
    }
}
