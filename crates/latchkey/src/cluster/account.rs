//! As whom the server runs, and how a program is started as that account.

use std::{
    fs,
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::Path,
    process::{Command, Stdio},
};

use super::ClusterError;

/// The user that the distributions' packages make.
const PACKAGE_USER: &str = "postgres";
/// Nothing of our environment reaches the server: a foreign locale or `PG…` variable would change what it does.
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The operating system's account of the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    pub(super) user: u32,
    pub(super) group: u32,
    /// We are root and step down for the server.
    steps_down: bool,
    /// util-linux's `setpriv` is there.
    setpriv: bool,
}

impl Account {
    /// As root: the account asked for, else the owner of the data that is there, else the package's user. Otherwise: us.
    pub(super) fn choose(asked: Option<&str>, data: &Path) -> Result<Self, ClusterError> {
        let us = rustix::process::geteuid().as_raw();
        let setpriv = Command::new("setpriv")
            .args(["--pdeathsig", "INT", "true"])
            .env_clear()
            .env("PATH", SEARCH_PATH)
            .stdin(Stdio::null())
            .output()
            .is_ok_and(|output| output.status.success());
        let owner = fs::metadata(data).ok().map(|metadata| (metadata.uid(), metadata.gid()));
        let account = |(user, group), steps_down| Self {
            user,
            group,
            steps_down,
            setpriv,
        };
        let no_user = |name: &str| ClusterError::NoUser { name: name.to_owned() };
        let chosen = match (us, asked, owner) {
            (0, Some(name), _) => account(ids_of(name).ok_or_else(|| no_user(name))?, true),
            (0, None, Some(owner)) if owner.0 != 0 => account(owner, true),
            (0, None, _) => account(ids_of(PACKAGE_USER).ok_or_else(|| no_user(PACKAGE_USER))?, true),
            (us, Some(name), _) if ids_of(name).map(|ids| ids.0) != Some(us) => {
                return Err(ClusterError::NotRoot { name: name.to_owned() });
            }
            (us, ..) => account((us, rustix::process::getegid().as_raw()), false),
        };
        match owner {
            Some((owner, _)) if owner != chosen.user => Err(ClusterError::ForeignData {
                folder: data.to_owned(),
                owner,
                wanted: chosen.user,
            }),
            _ => Ok(chosen),
        }
    }

    /// Makes a folder of mode 0700 that belongs to the account. One that is there is taken only if it is just so.
    pub(super) fn make_private_folder(&self, folder: &Path) -> Result<bool, ClusterError> {
        use std::os::unix::fs::DirBuilderExt as _;
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Ok(()) => {
                if self.steps_down {
                    std::os::unix::fs::chown(folder, Some(self.user), Some(self.group)).map_err(
                        ClusterError::system(format!("give {} to the server's account", folder.display())),
                    )?;
                }
                Ok(true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let found = fs::symlink_metadata(folder)
                    .map_err(ClusterError::system(format!("look at {}", folder.display())))?;
                Ok(found.is_dir() && found.uid() == self.user && found.mode() & 0o777 == 0o700)
            }
            Err(error) => Err(ClusterError::system(format!("create {}", folder.display()))(error)),
        }
    }

    /// Whether the account may pass through every folder above and into `folder`. Access lists are not looked at: then
    /// the answer is a needless "no", which only means a detour.
    pub(super) fn reaches(&self, folder: &Path) -> bool {
        folder
            .ancestors()
            .filter(|ancestor| !ancestor.as_os_str().is_empty())
            .all(|ancestor| {
                fs::metadata(ancestor).is_ok_and(|metadata| {
                    let shift = match metadata {
                        ref metadata if metadata.uid() == self.user => 6,
                        ref metadata if metadata.gid() == self.group => 3,
                        _ => 0,
                    };
                    metadata.mode() >> shift & 1 == 1
                })
            })
    }

    /// A command that runs one of the server's programs as the account, with an emptied environment but `PGDATA`, which
    /// names the data folder. With `tied`, the program gets SIGINT when the THREAD that starts it ends
    /// (`PR_SET_PDEATHSIG`), be it by `kill -9` of the process.
    pub(super) fn command(&self, program: &Path, data: &Path, tied: bool) -> Result<Command, ClusterError> {
        // A clone in root's home is closed to the server's account. A folder that is open already needs no path.
        let detour = self.steps_down && !self.reaches(data);
        if detour && !(self.setpriv && Path::new("/proc/self/fd").exists()) {
            return Err(ClusterError::Unreachable {
                folder: data.to_owned(),
                user: self.user,
            });
        }
        let mut command;
        if self.setpriv && (tied || self.steps_down) {
            if detour {
                command = Command::new("sh");
                // Descriptor 9 is handed down to every process of the server.
                command
                    .args(["-c", "exec 9<. && cd / && exec \"$@\"", "sh", "setpriv"])
                    .current_dir(data);
            } else {
                command = Command::new("setpriv");
                command.current_dir("/");
            }
            if self.steps_down {
                command.args(["--reuid", &self.user.to_string(), "--regid", &self.group.to_string()]);
                command.arg("--clear-groups");
            }
            if tied {
                // `setpriv` sets it after the change of user, which would take it back.
                command.args(["--pdeathsig", "INT"]);
            }
            command.arg("--").arg(program);
        } else {
            command = Command::new(program);
            command.current_dir("/");
            if self.steps_down {
                // As root, the standard library also drops the supplementary groups.
                command.uid(self.user).gid(self.group);
            }
        }
        command
            .env_clear()
            .env("PATH", SEARCH_PATH)
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command.env("PGDATA", if detour { Path::new("/proc/self/fd/9") } else { data });
        Ok(command)
    }
}

/// User and group id by name. `id` asks the name services too, which a look into `/etc/passwd` would not.
fn ids_of(name: &str) -> Option<(u32, u32)> {
    let ask = |option: &str| -> Option<u32> {
        let output = Command::new("id")
            .args([option, "--", name])
            .stdin(Stdio::null())
            .output()
            .ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    Some((ask("-u")?, ask("-g")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn account(user: u32) -> Account {
        Account {
            user,
            group: user,
            steps_down: true,
            setpriv: false,
        }
    }

    #[test]
    fn knows_which_folders_an_account_reaches() {
        let place = tempfile::tempdir().unwrap();
        let inner = place.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let owner = fs::metadata(&inner).unwrap().uid();
        assert!(account(owner).reaches(&inner));
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!account(owner + 12_345).reaches(&inner));
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o711)).unwrap();
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(account(owner + 12_345).reaches(&inner));
        assert!(!account(owner).reaches(&place.path().join("absent")));
    }

    #[test]
    fn a_private_folder_is_never_somebody_elses() {
        let place = tempfile::tempdir().unwrap();
        let us = Account {
            user: rustix::process::geteuid().as_raw(),
            group: rustix::process::getegid().as_raw(),
            steps_down: false,
            setpriv: false,
        };
        let folder = place.path().join("socket");
        assert!(us.make_private_folder(&folder).unwrap());
        assert!(us.make_private_folder(&folder).unwrap());
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(!us.make_private_folder(&folder).unwrap());
        let link = place.path().join("link");
        std::os::unix::fs::symlink(place.path(), &link).unwrap();
        assert!(!us.make_private_folder(&link).unwrap());
    }

    #[test]
    fn a_program_runs_as_the_account_and_knows_only_its_data() {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let us = rustix::process::geteuid().as_raw();
        let steps_down = us == 0;
        let user = if steps_down { 65_534 } else { us };
        for setpriv in [false, true] {
            let account = Account {
                user,
                group: rustix::process::getegid().as_raw(),
                steps_down,
                setpriv,
            };
            let run = |data: &Path| {
                let mut command = account.command(Path::new("/bin/sh"), data, true).unwrap();
                command.args(["-c", "id -u; env | sort | grep -v ^PWD; cd \"$PGDATA\" && pwd -P"]);
                String::from_utf8(command.output().unwrap().stdout).unwrap()
            };
            let data = fs::canonicalize(place.path()).unwrap();
            let shown = data.display();
            let expected = format!("{user}\nLC_ALL=C\nPATH={SEARCH_PATH}\nPGDATA={shown}\n{shown}\n");
            assert_eq!(run(&data).replace("_=/usr/bin/env\n", ""), expected);
        }
    }

    #[test]
    fn a_closed_folder_without_setpriv_is_explained() {
        let account = Account {
            user: 65_534,
            group: 65_534,
            steps_down: true,
            setpriv: false,
        };
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let message = account
            .command(Path::new("/bin/true"), place.path(), true)
            .unwrap_err()
            .to_string();
        assert!(message.contains("65534") && message.contains("chmod o+x"), "{message}");
    }

    #[test]
    fn names_become_ids() {
        assert_eq!(ids_of("root"), Some((0, 0)));
        assert_eq!(ids_of("no-such-user-here"), None);
    }
}
